import type { ChangeView, ConvergenceView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { useLiveConvergence } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { formatCount, formatSpeed } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Curve } from './curve.tsx';
import { Stragglers } from './stragglers.tsx';

/** On the page of a change: how far it got, how fast, and who does not have it. */
export function Reached({ change }: { readonly change: ChangeView }): ReactNode {
  const place = usePlace();
  const told = useLiveConvergence(change.id);
  const query = useQuery({
    queryKey: [place.project, place.environment, 'convergence', change.id, told?.has, told?.refused],
    queryFn: () => api.getConvergence(place, change.id),
    placeholderData: (before: ConvergenceView | undefined) => before,
  });
  return (
    <section aria-label="Convergence" className="min-w-0">
      <h2 className="mb-1">Who has it</h2>
      <Loaded query={query} what="How far it got" rows={3}>
        {(view) => <Shown view={view} />}
      </Loaded>
    </section>
  );
}

function Shown({ view }: { readonly view: ConvergenceView }): ReactNode {
  const { accepted, expected, reachedMs, foreign, late, refusals } = view;
  if (expected === 0 && foreign.expected === 0) {
    return <p className="text-ink-2">No instance was connected to take it.</p>;
  }
  const isDone = accepted === expected;
  return (
    <>
      {expected > 0 && (
        <p className="figures flex items-center gap-2">
          {isDone && <Check aria-hidden size={15} />}
          <b>
            {formatCount(accepted)} of {formatCount(expected)}
          </b>
          {isDone && reachedMs?.all !== undefined && `in ${formatSpeed(reachedMs.all)}`}
          {isDone && reachedMs?.all === undefined && 'instances run it or what came after'}
        </p>
      )}
      {reachedMs !== undefined && (reachedMs.half !== undefined || reachedMs.most !== undefined) && (
        <p className="figures text-ink-2">
          {reachedMs.half !== undefined && `half in ${formatSpeed(reachedMs.half)}`}
          {reachedMs.half !== undefined && reachedMs.most !== undefined && ', '}
          {reachedMs.most !== undefined && `99% in ${formatSpeed(reachedMs.most)}`}
        </p>
      )}
      {view.curve !== undefined && view.curve.length > 0 && <Curve view={view} share={view.share} isDone={isDone} />}
      {late.expected > 0 && (
        <p className="figures mt-2 text-ink-2">{formatCount(late.expected)} came later and started with it.</p>
      )}
      {foreign.expected > 0 && (
        <p className="figures mt-2 text-ink-2">
          {formatCount(foreign.delivered)} of {formatCount(foreign.expected)} instances with other SDKs were sent it;
          they cannot acknowledge.
        </p>
      )}
      {refusals.map(({ reason, instances }) => (
        <p key={reason} className="mt-2 text-red-text">
          {formatCount(instances)} refused: {reason}
        </p>
      ))}
      <Stragglers view={view} most={20} />
    </>
  );
}
