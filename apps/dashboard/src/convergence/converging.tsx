import type { ChangeView, ConvergenceView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { RevertDialog } from '../changes/revert-dialog.tsx';
import { useLiveConvergence } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { Button } from '../ui/button.tsx';
import { formatCount, formatSpeed } from '../ui/duration.ts';
import { useFocusBack } from '../ui/focus-back.ts';
import { join } from '../ui/join.ts';
import { Curve } from './curve.tsx';
import { Stragglers } from './stragglers.tsx';

interface ConvergingProps {
  readonly change: ChangeView;
  readonly close: () => void;
}

/** In the place of the review bar: who has the change that was just applied. It closes itself when all have it, but not under somebody's hands. */
export function Converging({ change, close }: ConvergingProps): ReactNode {
  const place = usePlace();
  const told = useLiveConvergence(change.id);
  const [isReverting, setReverting] = useState(false);
  const [isHeld, setHeld] = useState(false);
  useFocusBack();
  // Names and reasons of those who lag; asked once the fleet had time, and again with what the stream tells.
  const details = useQuery({
    queryKey: [place.project, place.environment, 'convergence', change.id, told?.has, told?.refused],
    queryFn: () => api.getConvergence(place, change.id),
    placeholderData: (before: ConvergenceView | undefined) => before,
  });
  const view = details.data;
  const has = told?.has ?? view?.accepted ?? 0;
  const of = told?.of ?? view?.expected ?? 0;
  const refused = told?.refused ?? view?.refused ?? 0;
  const tookMs = told?.atMs ?? view?.reachedMs?.all ?? view?.elapsedMs ?? 0;
  const isDone = view !== undefined && has === of;
  useEffect(() => {
    if (!isDone || isReverting || isHeld) return;
    return after(4000, close);
  }, [isDone, isReverting, isHeld, close]);
  return (
    <section
      aria-label="Convergence"
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className={join(
        'sticky bottom-0 z-20 mt-auto flex max-h-[40dvh] shrink-0 flex-wrap items-start gap-x-8 gap-y-3 overflow-y-auto border-t-2 bg-raised px-6 py-3 max-tablet:px-4',
        isDone ? 'border-ink' : refused > 0 ? 'border-red' : tookMs > 2000 ? 'border-amber' : 'border-accent',
      )}
    >
      <div className="min-w-0 flex-1">
        <h2 className="figures">
          <span role="status" className="flex items-center gap-2">
            {isDone && <Check aria-hidden size={15} />}
            {of === 0 ? (
              <>Applied as v{formatCount(change.version)}. No instance is connected to take it.</>
            ) : (
              <>
                {formatCount(has)} of {formatCount(of)} in {formatSpeed(tookMs)}
              </>
            )}
          </span>
        </h2>
        {of > 0 && <Curve view={view} share={has / of} isDone={isDone} />}
        {!isDone && view !== undefined && <Stragglers view={view} most={8} />}
      </div>
      <div className="flex gap-2">
        <Button onClick={() => setReverting(true)}>Revert…</Button>
        <Button look="ghost" onClick={close}>
          Close
        </Button>
      </div>
      {isReverting && <RevertDialog change={change} close={() => setReverting(false)} />}
    </section>
  );
}
