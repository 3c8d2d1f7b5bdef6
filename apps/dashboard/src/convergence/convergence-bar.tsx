import type { ReactNode } from 'react';
import { useLiveConvergence } from '../live/live.tsx';
import { formatCount, formatSpeed } from '../ui/duration.ts';

/** How far a change is, small: nothing where nothing was told of it since the page is open. */
export function ConvergenceBar({ change }: { readonly change: string }): ReactNode {
  const told = useLiveConvergence(change);
  if (told === undefined || told.of === 0) return null;
  const isDone = told.has === told.of;
  const isLate = !isDone && told.atMs > 2000;
  return (
    <span className="figures flex items-center gap-2 whitespace-nowrap">
      <svg aria-hidden width="56" height="6">
        <rect width="56" height="6" rx="2" className="fill-series-3" />
        <rect
          width={(56 * told.has) / told.of}
          height="6"
          rx="2"
          className={isDone ? 'fill-series-2' : isLate ? 'fill-amber' : 'fill-accent'}
        />
      </svg>
      <span className={isLate ? 'font-semibold text-amber-text' : 'text-ink-2'}>
        {isDone ? formatCount(told.has) : `${formatCount(told.has)} of ${formatCount(told.of)}`}
      </span>
      <span className="text-ink-3">{formatSpeed(told.atMs)}</span>
    </span>
  );
}
