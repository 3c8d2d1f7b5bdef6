import type { ReactNode } from 'react';
import { Name } from './name.tsx';

/** One thing that changes. */
export interface Difference {
  /** Where: `rule 2`, `everyone else`. */
  readonly label: string;
  /** What was, absent where it is new. */
  readonly before?: string | undefined;
  /** What comes, absent where it goes. */
  readonly after?: string | undefined;
}

/** What changes in words: what was is struck through, what comes is in the accent. */
export function DiffLine({ label, before, after }: Difference): ReactNode {
  return (
    <span>
      <span className="text-ink-2">{label}</span>{' '}
      {before !== undefined && (
        <del className="text-ink-3">
          <span className="sr-only">was </span>
          {before}
        </del>
      )}{' '}
      {after !== undefined && (
        <ins className="font-semibold text-accent no-underline">
          {before !== undefined && <span className="sr-only">now </span>}
          {after}
        </ins>
      )}
    </span>
  );
}

/** What changes of one object. */
export function DiffOf({
  object,
  differences,
}: {
  readonly object?: string;
  readonly differences: readonly Difference[];
}): ReactNode {
  return (
    <ul className="flex flex-col gap-1">
      {differences.map((difference) => (
        <li key={`${difference.label} ${difference.before} ${difference.after}`}>
          {object !== undefined && (
            <>
              <Name>{object}</Name>{' '}
            </>
          )}
          <DiffLine {...difference} />
        </li>
      ))}
    </ul>
  );
}
