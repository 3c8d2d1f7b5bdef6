import type { Place } from '@sluice/api-client';
import {
  createContext,
  type ReactNode,
  useContext,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { queryClient } from '../api.ts';
import * as platform from '../platform.ts';
import { sessionKey } from '../session/session.ts';
import { type LiveConvergence, type LiveEvent, type LiveFleet, type LiveStatus, LiveStream } from './live-stream.ts';
import { createPaced } from './paced.ts';
import { createRefresh } from './refresh.ts';

interface LiveValue {
  readonly stream: LiveStream;
  /** Whether there is anything to show: what is asked for before would be asked for again. */
  readonly isBegun: boolean;
  /** How far changes are that are on their way, by the id of the change. */
  readonly convergence: ReadonlyMap<string, LiveConvergence>;
  readonly fleet: LiveFleet | undefined;
}

const LiveContext = createContext<LiveValue | undefined>(undefined);

/** The fleet is asked for no more often. */
const fleetPeriodMs = 1000;

/** What becomes old without a change too. */
const unversioned = ['now', 'fleet', 'barriers', 'in-force'] as const;

/** So long the stream is waited for: what is asked for once it has begun need not be asked for again. */
const patienceMs = 400;

/** How many changes on their way are kept. */
const kept = 50;

/** Opens the stream of an environment, and makes what it tells known to all queries of that environment. */
export function Live({ place, children }: { readonly place: Place; readonly children: ReactNode }): ReactNode {
  const [value, setValue] = useState<LiveValue>();
  const isBegun = useRef(false);
  const { project, environment } = place;
  // Before anything is drawn: keys are heard from the beginning.
  useLayoutEffect(() => {
    const here = [project, environment];
    const refresh = createRefresh(queryClient, platform.after);
    const again = createPaced(
      fleetPeriodMs,
      () => refresh(['fleet', 'barriers', 'in-force'].map((subject) => [...here, subject])),
      platform.after,
    );
    // While another environment was looked at nobody told what changed in this one.
    void queryClient.invalidateQueries({ queryKey: here, refetchType: 'none' });
    // Whoever wrote something sees it, also where the stream is held up.
    const stopWatching = queryClient.getMutationCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'success') refresh([here]);
    });
    let version: number | undefined;
    const hear = (event: LiveEvent): void => {
      if (event.kind === 'hello' && version === undefined) {
        // What came before may be older than the stream; what is on its way is not.
        if (isBegun.current) void queryClient.invalidateQueries({ queryKey: here });
        else begin();
      } else refresh(listOld(event, version).map((key) => [...here, ...key]));
      if (event.kind === 'hello' || event.kind === 'change') ({ version } = event);
      // Its answer says whether somebody is still signed in, and may see this place.
      if (event.kind === 'refused') void queryClient.refetchQueries({ queryKey: sessionKey }, { cancelRefetch: false });
    };
    const told = (event: LiveEvent): void => {
      hear(event);
      // Who runs what is counted by a look at all instances: not as often as they answer.
      if (event.kind === 'fleet' || event.kind === 'convergence' || event.kind === 'change') again();
      if (event.kind === 'convergence') {
        const { kind: _, ...told } = event;
        setValue((old) => old && { ...old, convergence: keepLast(old.convergence, told) });
      }
      if (event.kind === 'fleet') setValue((old) => old && { ...old, fleet: event });
    };
    const stream = new LiveStream({ project, environment }, told, platform);
    const begin = (): void => {
      isBegun.current = true;
      setValue((old) => old && { ...old, isBegun: true });
    };
    setValue({ stream, isBegun: isBegun.current, convergence: new Map(), fleet: undefined });
    const stopWaiting = platform.after(patienceMs, begin);
    return () => {
      stopWaiting();
      stopWatching();
      again.stop();
      refresh.stop();
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
 * Beginnings of keys that an event makes old, where `version` was known before. Keys of queries are `[project,
 * environment, subject, …]`: subject `flag` has the flag's key third, and all that shows several objects is asked again
 * with any change; `in-force` is what instances have.
 */
function listOld(event: LiveEvent, version: number | undefined): readonly (readonly string[])[] {
  switch (event.kind) {
    case 'hello':
      return event.version === version ? unversioned.map((subject) => [subject]) : [[]];
    case 'reset':
      return [[]];
    case 'matters':
      return [['now']];
    case 'change':
      return [
        ...['now', 'flags', 'valves', 'configs', 'migrations', 'segments', 'changes', 'barriers'].map((each) => [each]),
        ...event.flags.map((flag) => ['flag', flag]),
        ...event.segments.map((segment) => ['segment', segment]),
      ];
    case 'convergence':
    case 'fleet':
    case 'heartbeat':
    case 'refused':
      return [];
  }
}

function useLive(): LiveValue {
  const value = useContext(LiveContext);
  if (value === undefined) throw new Error('there is no environment around this part of the page');
  return value;
}

/** Whether the stream has begun, or was waited for in vain: no query of an environment asks before. */
export function useHasBegun(): boolean {
  return useLive().isBegun;
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
