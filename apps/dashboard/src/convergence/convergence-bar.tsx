import type { ChangeView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { useLiveConvergence } from '../live/live.tsx';
import { useNow } from '../ui/clock.tsx';
import { countOf, formatCount, formatSpeed } from '../ui/duration.ts';

interface ConvergenceBarProps {
  readonly change: Pick<ChangeView, 'id' | 'createdAt' | 'convergence'>;
}

/** How far a change is, small: as it is told now, else as it was when the change was read. Nothing: nobody was there. */
export function ConvergenceBar({ change }: ConvergenceBarProps): ReactNode {
  const live = useLiveConvergence(change.id);
  const told = live ?? change.convergence;
  const time = useNow();
  if (told === undefined || told.of === 0) return null;
  const isDone = told.has === told.of;
  // What is told to a page that opens is how long ago the change was made, not how long it took.
  const tookMs = change.convergence?.tookMs ?? live?.atMs;
  const isLate = !isDone && (live?.atMs ?? time - change.createdAt) > 2000;
  const took = tookMs === undefined ? '' : `, after ${formatSpeed(tookMs)}`;
  const words = `${formatCount(told.has)} of ${countOf(told.of, 'instance')} ${told.has === 1 ? 'has' : 'have'} it${took}`;
  return (
    <span role="img" aria-label={words} title={words} className="figures flex items-center gap-2 whitespace-nowrap">
      <svg aria-hidden width="56" height="6" className="@max-4xl:hidden">
        <rect width="56" height="6" rx="2" className="fill-series-3" />
        <rect
          width={(56 * told.has) / told.of}
          height="6"
          rx="2"
          className={isDone ? 'fill-series-2' : isLate ? 'fill-amber' : 'fill-accent'}
        />
      </svg>
      <span className={isLate ? 'font-semibold text-amber-text' : 'text-ink-2'}>
        on {isDone ? formatCount(told.has) : `${formatCount(told.has)} of ${formatCount(told.of)}`}
      </span>
      {tookMs !== undefined && <span className="text-ink-3">in {formatSpeed(tookMs)}</span>}
    </span>
  );
}
