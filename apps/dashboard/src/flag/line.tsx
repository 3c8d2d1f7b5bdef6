import type { ReactNode } from 'react';
import { formatShare } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { type DecidedShare, formatPoints } from './decided.ts';

interface LineProps {
  readonly isEdited: boolean;
  /** In front of the sentence: a rule's handle and number. */
  readonly mark?: ReactNode;
  readonly decided?: DecidedShare | undefined;
  /** It decided what was asked about. */
  readonly isLit?: boolean;
  readonly children: ReactNode;
}

/** One of the lines that decide; edited, it has an edge. At its right: the share of sampled contexts that end here. */
export function Line({ isEdited, mark, decided, isLit = false, children }: LineProps): ReactNode {
  return (
    <div
      aria-current={isLit ? 'true' : undefined}
      className={join(
        'group/line flex items-start gap-x-3 border-line border-b border-l-2 py-2 pr-6 pl-3 focus-within:bg-sunk max-tablet:flex-wrap max-tablet:px-4',
        isLit ? 'border-l-accent bg-accent-wash' : isEdited ? 'border-l-accent' : 'border-l-transparent',
      )}
    >
      <span className="flex w-12 shrink-0 items-center gap-1 pt-0.5 empty:max-tablet:hidden">{mark}</span>
      <div className="min-w-0 flex-1 leading-7">{children}</div>
      {decided !== undefined && <DecidedHere {...decided} />}
    </div>
  );
}

function DecidedHere({ share, difference = 0 }: DecidedShare): ReactNode {
  const points = formatPoints(difference);
  const kept = Math.min(share, share - difference);
  return (
    <span className="flex h-7 shrink-0 items-center gap-2 max-tablet:w-full max-tablet:pl-15">
      <svg aria-hidden width="92" height="6">
        <rect width="92" height="6" rx="2" className="fill-series-3" />
        {points !== undefined && difference > 0 && (
          <rect width={92 * share} height="6" rx="2" className="fill-accent" />
        )}
        <rect width={92 * kept} height="6" rx="2" className="fill-series-2" />
      </svg>
      <b className="figures w-12 text-right">{formatShare(share)}</b>
      <span className="figures w-11 text-accent">
        {points}
        {points !== undefined && <span className="sr-only"> percentage points by your edits</span>}
      </span>
    </span>
  );
}
