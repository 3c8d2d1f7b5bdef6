import type { FlagView } from '@sluice/api-client';
import { GripVertical } from 'lucide-react';
import type { ReactNode } from 'react';
import { join } from '../ui/join.ts';
import { ClauseSentence } from './clause-sentence.tsx';
import { isSame, type Rule, type Serve, withEntry } from './draft.ts';
import { findOperator } from './operators.ts';
import { ServeSentence } from './serve-sentence.tsx';

interface RuleLineProps {
  readonly rule: Rule;
  /** As it is applied; absent: the rule is new. */
  readonly was: Rule | undefined;
  readonly index: number;
  readonly count: number;
  readonly isMoved: boolean;
  readonly variations: FlagView['variations'];
  readonly change: (rule: Rule | undefined) => void;
  /** Puts the rule that is at `from` at `to`. */
  readonly move: (from: number, to: number) => void;
  readonly share?: ReactNode;
}

/** A rule is one sentence. Alt with an arrow moves it, and so does dragging it by its handle. */
export function RuleLine({
  rule,
  was,
  index,
  count,
  isMoved,
  variations,
  change,
  move,
  share,
}: RuleLineProps): ReactNode {
  const isEdited = was === undefined || isMoved || !isSame(was, rule);
  const isOwn = rule.clauses.some(({ op }) => findOperator(op).isOwn);
  return (
    <li
      data-rule={index}
      onKeyDown={(event) => {
        const by = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
        if (by === undefined) return;
        event.preventDefault();
        move(index, index + by);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const from = Number(event.dataTransfer.getData('text/rule'));
        event.preventDefault();
        if (Number.isInteger(from) && from !== index) move(from, index);
      }}
      className={join(
        'group flex items-start gap-2 border-line border-b py-2 pr-6 pl-3 max-tablet:pr-4 max-tablet:pl-2',
        isEdited ? 'border-l-2 border-l-accent' : 'border-l-2 border-l-transparent',
      )}
    >
      <button
        type="button"
        draggable
        aria-label={`Move rule ${index + 1} of ${count}`}
        title="Drag, or Alt with an arrow"
        className="flex h-7 w-6 cursor-grab items-center justify-center text-ink-3"
        onDragStart={(event) => event.dataTransfer.setData('text/rule', String(index))}
      >
        <GripVertical aria-hidden size={14} />
      </button>
      <span className="figures w-5 pt-1 text-ink-3">{index + 1}</span>
      <fieldset className="min-w-0 flex-1 leading-8">
        <legend className="sr-only">
          Rule {index + 1}
          {rule.name !== undefined && `, ${rule.name}`}
        </legend>
        {rule.name !== undefined && <span className="text-ink-3">{rule.name}: </span>}
        {rule.clauses.length === 0 ? 'Always' : 'If '}
        {rule.clauses.map((clause, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: clauses have no other name.
          <span key={at}>
            {at > 0 && ' and '}
            <ClauseSentence
              clause={clause}
              was={was?.clauses[at]}
              change={(next) => change({ ...rule, clauses: withEntry(rule.clauses, at, next) })}
            />
          </span>
        ))}{' '}
        <button
          type="button"
          className="link min-h-6"
          onClick={() =>
            change({
              ...rule,
              clauses: [...rule.clauses, { contextKind: 'user', attribute: 'key', op: 'in', values: [] }],
            })
          }
        >
          + and
        </button>{' '}
        then serve{' '}
        <ServeSentence
          serve={rule}
          was={was}
          variations={variations}
          change={(serve) => change(withServe(rule, serve))}
        />
        {isOwn && <p className="text-ink-3 text-small leading-5">LaunchDarkly SDKs skip this rule.</p>}
      </fieldset>
      {share}
      <button
        type="button"
        className="min-h-7 shrink-0 rounded-control px-2 text-ink-3 hover:bg-hover hover:text-ink"
        aria-label={`Remove rule ${index + 1}`}
        onClick={() => change(undefined)}
      >
        Remove
      </button>
    </li>
  );
}

function withServe({ id, name, clauses }: Rule, serve: Serve): Rule {
  const served = 'rollout' in serve ? { rollout: serve.rollout } : { variation: serve.variation };
  return { id, ...(name !== undefined && { name }), clauses, ...served };
}
