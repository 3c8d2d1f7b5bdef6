import type { ReactNode } from 'react';
import { useCanEdit } from './can-edit.ts';
import { ClauseSentence } from './clause-sentence.tsx';
import { type Clause, withEntry } from './draft.ts';

interface ClausesSentenceProps {
  readonly clauses: readonly Clause[];
  /** As they are applied; absent: they are new. */
  readonly was?: readonly Clause[] | undefined;
  readonly change: (clauses: readonly Clause[]) => void;
  /** Whose conditions they are, for those who hear the page: `rule 2`. */
  readonly of: string;
  /** What another condition begins with. */
  readonly contextKind?: string;
}

/** Tests that all have to hold, in one sentence, and a way to add another. */
export function ClausesSentence({ clauses, was, change, of, contextKind = 'user' }: ClausesSentenceProps): ReactNode {
  const canEdit = useCanEdit();
  return (
    <>
      {clauses.length === 0 ? 'Always ' : 'If '}
      {clauses.map((clause, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: clauses have no other name.
        <span key={at}>
          {at > 0 && ' and '}
          <ClauseSentence clause={clause} was={was?.[at]} change={(next) => change(withEntry(clauses, at, next))} />
        </span>
      ))}{' '}
      {canEdit && (
        <button
          type="button"
          className="min-h-6 rounded-control px-1 text-ink-3 hover:bg-hover hover:text-ink"
          onClick={() => change([...clauses, createClause(contextKind)])}
        >
          and…<span className="sr-only"> another condition of {of}</span>
        </button>
      )}
    </>
  );
}

/** One whose values are still to be chosen. */
export function createClause(contextKind: string): Clause {
  return { contextKind, attribute: 'key', op: 'in', values: [] };
}
