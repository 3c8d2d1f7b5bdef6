import { ChevronDown, ChevronUp, Undo2 } from 'lucide-react';
import type { PointerEvent, ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatMoment } from '../ui/duration.ts';

interface SinceBarProps {
  readonly since: number;
  /** How many changes are above it; undefined where the list does not show all. */
  readonly count: number | undefined;
  readonly move: (by: 'back' | 'forward') => void;
  readonly grasp: (event: PointerEvent) => void;
  /** Opens what going back would do; absent where that is open already. */
  readonly revert?: (() => void) | undefined;
}

/** The blue line: what is above it was changed since. It is dragged, or moved by its buttons or keys. */
export function SinceBar({ since, count, move, grasp, revert }: SinceBarProps): ReactNode {
  const time = useNow();
  const moment = formatMoment(since, time);
  const changes = count === undefined ? '' : count === 1 ? ' 1 change' : ` ${count} changes`;
  return (
    <li
      aria-label={`Since ${moment}`}
      className="relative flex min-h-9 items-center gap-2 border-line border-b px-6 max-tablet:flex-wrap max-tablet:px-4 max-tablet:py-2"
    >
      <span aria-hidden className="absolute inset-x-0 top-1/2 h-0.5 -translate-y-1/2 bg-accent" />
      <span
        onPointerDown={grasp}
        className="figures relative inline-flex h-6 cursor-ns-resize touch-none select-none items-center rounded-control bg-accent px-2 font-semibold text-on-accent"
      >
        since {moment}
      </span>
      <span className="relative flex rounded-control border border-accent bg-page text-accent">
        {(['back', 'forward'] as const).map((by) => (
          <button
            key={by}
            type="button"
            data-move={by}
            aria-label={by === 'back' ? 'One change further back' : 'One change less'}
            title={by === 'back' ? 'One change further back: [' : 'One change less: ]'}
            onClick={() => move(by)}
            className="inline-flex size-6 items-center justify-center rounded-control hover:bg-accent-wash max-tablet:size-11"
          >
            {by === 'back' ? <ChevronDown aria-hidden size={14} /> : <ChevronUp aria-hidden size={14} />}
          </button>
        ))}
      </span>
      {revert !== undefined && (
        <Button data-move="revert" look="accent" className="relative ml-auto" onClick={revert}>
          <Undo2 aria-hidden size={14} /> Revert{changes} since {moment}…
        </Button>
      )}
    </li>
  );
}
