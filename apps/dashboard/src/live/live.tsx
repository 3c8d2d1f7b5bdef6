import type { Place } from '@sluice/api-client';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { queryClient } from '../api.ts';
import { after } from '../platform.ts';
import { type LiveConvergence, type LiveEvent, type LiveFleet, type LiveStatus, LiveStream } from './live-stream.ts';
import { createPaced } from './paced.ts';

interface LiveValue {
  readonly stream: LiveStream;
  /** How far changes are that are on their way, by the id of the change. */
  readonly convergence: ReadonlyMap<string, LiveConvergence>;
  readonly fleet: LiveFleet | undefined;
}

const LiveContext = createContext<LiveValue | undefined>(undefined);

/** The fleet is asked for no more often. */
const fleetPeriodMs = 1000;

/** How many changes on their way are kept. */
const kept = 50;

/** Opens the stream of an environment, and makes what it tells known to all queries of that environment. */
export function Live({ place, children }: { readonly place: Place; readonly children: ReactNode }): ReactNode {
  const [value, setValue] = useState<LiveValue>();
  const { project, environment } = place;
  useEffect(() => {
    const again = createPaced(
      fleetPeriodMs,
      () => {
        for (const subject of ['fleet', 'barriers', 'in-force']) {
          void queryClient.invalidateQueries({ queryKey: [project, environment, subject] });
        }
      },
      after,
    );
    const stream = new LiveStream({ project, environment }, (event) => {
      refresh({ project, environment }, event);
      // Who runs what is counted by a look at all instances: not as often as they answer.
      if (event.kind === 'fleet' || event.kind === 'convergence' || event.kind === 'change') again();
      if (event.kind === 'convergence') {
        const { kind: _, ...told } = event;
        setValue((old) => old && { ...old, convergence: keepLast(old.convergence, told) });
      }
      if (event.kind === 'fleet') setValue((old) => old && { ...old, fleet: event });
    });
    setValue({ stream, convergence: new Map(), fleet: undefined });
    return () => {
      again.stop();
      stream.close();
    };
  }, [project, environment]);
  return value && <LiveContext value={value}>{children}</LiveContext>;
}

function keepLast(
  known: ReadonlyMap<string, LiveConvergence>,
  told: LiveConvergence,
): ReadonlyMap<string, LiveConvergence> {
  const next = new Map(known);
  next.delete(told.changeId);
  next.set(told.changeId, told);
  const [oldest] = next.keys();
  if (next.size > kept && oldest !== undefined) next.delete(oldest);
  return next;
}

/**
 * Keys of queries are `[project, environment, subject, …]`: subject `flag` has the flag's key third, and all that shows
 * several objects is asked again with any change; `in-force` is what instances have.
 */
function refresh({ project, environment }: Place, event: LiveEvent): void {
  const again = (...rest: readonly unknown[]) =>
    void queryClient.invalidateQueries({ queryKey: [project, environment, ...rest] });
  switch (event.kind) {
    case 'hello':
    case 'convergence':
    case 'fleet':
      return;
    case 'reset':
      again();
      return;
    case 'matters':
      again('now');
      return;
    case 'change':
      for (const subject of ['now', 'flags', 'valves', 'configs', 'migrations', 'segments', 'changes', 'barriers'])
        again(subject);
      for (const flag of event.flags) again('flag', flag);
      for (const segment of event.segments) again('segment', segment);
  }
}

function useLive(): LiveValue {
  const value = useContext(LiveContext);
  if (value === undefined) throw new Error('there is no environment around this part of the page');
  return value;
}

export function useLiveStatus(): LiveStatus & { readonly retry: () => void } {
  const { stream } = useLive();
  const status = useSyncExternalStore(stream.subscribe, stream.status);
  return { ...status, retry: stream.open };
}

export function useLiveFleet(): LiveFleet | undefined {
  return useLive().fleet;
}

/** How far a change is, as the fleet tells it; undefined: nothing was told since this page is open. */
export function useLiveConvergence(changeId: string): LiveConvergence | undefined {
  return useLive().convergence.get(changeId);
}
