import type { Arrival } from '@sluice/delivery';
import {
  type ConfigInForce,
  leaseMs,
  type RefusedObject,
  type RepairBacklog,
  type ValveInBuild,
} from '@sluice/protocol';
import type { FleetRecord } from './fleet-record.ts';
import { type Contact, type Instance, lastHeard, noConfigs, noValves, type Predecessor } from './instance.ts';
import { createTrack, delayOf, type Track } from './track.ts';

/**
 * What a server knows of its instances, written down for the other servers of its database. Times are told as ages,
 * because each server has a clock of its own. It has two parts, as who is there changes rarely, and what they run with
 * every change.
 */
export interface Snapshot {
  readonly roster: SnapshotRoster;
  readonly progress: SnapshotProgress;
}

/** By index of the instance; null where there is none. */
export type SnapshotRoster = readonly (SnapshotInstance | null)[];

export interface SnapshotInstance extends Omit<Arrival, 'running'> {
  readonly place: number;
  readonly joinedMsAgo: number;
}

export interface SnapshotProgress {
  /** What most of them run. */
  readonly epoch: string | null;
  readonly version: number;
  /** Whether most have told that they have nothing to repair; otherwise they have told nothing of it. */
  readonly isRepaired?: boolean;
  /** Every list of configs that instances have in force, that of most of them first; absent: written by an older server. */
  readonly configs?: readonly (readonly ConfigInForce[])[];
  /** The same of the valves that their code has. */
  readonly valves?: readonly (readonly ValveInBuild[])[];
  /**
   * Everything about an instance that is not as it is for most: connected, at that version, with nothing refused, and
   * the first list of configs, and of valves.
   */
  readonly others: readonly SnapshotOther[];
  readonly tracks: readonly SnapshotTrack[];
  readonly strays: readonly (readonly [session: string, version: number])[];
}

interface SnapshotOther {
  readonly index: number;
  readonly epoch?: string | null;
  readonly version?: number;
  readonly refused?: readonly RefusedObject[];
  readonly problem?: string;
  readonly oldestVersion?: number;
  /** Null: it has told nothing of them. */
  readonly repairs?: readonly RepairBacklog[] | null;
  /** Processes whose place it has taken, each with how long its lease has left. */
  readonly before?: readonly (Omit<Predecessor, 'leaseEndsAt'> & { readonly leaseLeftMs: number })[];
  /** Which list of configs. */
  readonly configs?: number;
  readonly valves?: number;
  readonly delivered?: number;
  readonly inferred?: number;
  /** Of one that is not connected: for how long it will be waited for, or is gone. */
  readonly leaseLeftMs?: number;
  readonly goneMsAgo?: number;
}

interface SnapshotTrack {
  readonly epoch: string;
  readonly version: number;
  readonly publishedMsAgo: number;
  readonly forgotten: number;
  /** By index, as long as the roster: -2 was not there and does not have it, -1 was there and does not have it. */
  readonly delays: readonly number[];
  /** Those that have it and were not there. */
  readonly late: readonly number[];
}

const notThere = -2;
const notYet = -1;

/** Writes down what is known at a time of the monotonic clock, of the tracks that others may ask about. */
export function takeSnapshot(fleet: FleetRecord, tracks: readonly Track[], now: number): Snapshot {
  const byIndex: (Instance | null)[] = [];
  for (const instance of fleet.instances) byIndex[instance.index] = instance;
  const instances = Array.from(byIndex, (instance) => instance ?? null);
  const most = findMost(fleet.instances);
  const configs = placeLists(fleet.instances.map((instance) => instance.configs));
  const valves = placeLists(fleet.instances.map((instance) => instance.valves));
  return {
    roster: instances.map((instance) => instance && describeInstance(instance, now)),
    progress: {
      ...most,
      configs: [...configs.keys()],
      valves: [...valves.keys()],
      others: instances.flatMap((instance) => {
        return instance === null ? [] : (describeOther(instance, { most, configs, valves, now }) ?? []);
      }),
      tracks: tracks.map((track) => describeTrack(track, instances.length, now)),
      strays: [...fleet.strays],
    },
  };
}

/** How long ago each part was written, and the server that wrote them was last there. */
export interface SnapshotAges {
  readonly rosterMs: number;
  readonly progressMs: number;
  readonly silentMs: number;
}

/** The other way, on a server with another clock. */
export function readSnapshot({ roster, progress }: Snapshot, ages: SnapshotAges, now: number): FleetRecord {
  const others = new Map(progress.others.map((other) => [other.index, other]));
  const instances = roster.flatMap((entry, index): Instance[] => {
    if (entry === null) return [];
    return [readInstance(entry, { index, progress, other: others.get(index), ages, now })];
  });
  const tracks = new Map(progress.tracks.map((track) => [track.version, readTrack(track, now - ages.progressMs)]));
  return { instances, strays: new Map(progress.strays), findTrack: (version) => tracks.get(version) };
}

type Most = Pick<SnapshotProgress, 'epoch' | 'version'> & { readonly isRepaired: boolean };

function findMost(instances: readonly Instance[]): Most {
  const counts = new Map<string, Most & { count: number }>();
  for (const { epoch, version, repairs } of instances) {
    const isRepaired = repairs?.length === 0;
    const name = `${epoch}:${version}:${isRepaired}`;
    const known = counts.get(name) ?? { epoch: epoch ?? null, version, isRepaired, count: 0 };
    counts.set(name, known);
    known.count++;
  }
  const [most = { epoch: null, version: 0, isRepaired: false }] = [...counts.values()].sort(
    (a, b) => b.count - a.count,
  );
  return { epoch: most.epoch, version: most.version, isRepaired: most.isRepaired };
}

function describeInstance({ arrival, place, joinedAt }: Instance, now: number): SnapshotInstance {
  const { running: _, ...shown } = arrival;
  return { ...shown, place, joinedMsAgo: Math.round(now - joinedAt) };
}

/**
 * Where each list is written, that of most instances first. Those who have the same share a list, so that it is told
 * from others by being the same.
 */
function placeLists<T>(lists: readonly (readonly T[])[]): ReadonlyMap<readonly T[], number> {
  const counts = new Map<readonly T[], number>();
  for (const list of lists) counts.set(list, (counts.get(list) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a).map(([list], at) => [list, at]));
}

interface Describing {
  readonly most: Most;
  readonly configs: ReadonlyMap<readonly ConfigInForce[], number>;
  readonly valves: ReadonlyMap<readonly ValveInBuild[], number>;
  readonly now: number;
}

function describeOther(instance: Instance, { most, configs, valves, now }: Describing): SnapshotOther | undefined {
  const {
    index,
    epoch = null,
    version,
    refused,
    problem,
    oldestVersion,
    repairs,
    before,
    delivered,
    inferred,
    contact,
  } = instance;
  const configsAt = configs.get(instance.configs) ?? 0;
  const valvesAt = valves.get(instance.valves) ?? 0;
  const other = {
    ...((epoch !== most.epoch || version !== most.version) && { epoch, version }),
    ...(refused.length > 0 && { refused }),
    ...(problem !== undefined && { problem }),
    ...(oldestVersion !== undefined && { oldestVersion }),
    ...(!isAsMost(repairs, most) && { repairs: repairs ?? null }),
    ...(before.length > 0 && {
      before: before.map(({ leaseEndsAt, ...process }) => ({ ...process, leaseLeftMs: Math.round(leaseEndsAt - now) })),
    }),
    ...(configsAt > 0 && { configs: configsAt }),
    ...(valvesAt > 0 && { valves: valvesAt }),
    ...(delivered > 0 && { delivered }),
    ...(inferred > 0 && { inferred }),
    ...(contact.kind === 'lost' && { leaseLeftMs: Math.round(contact.leaseEndsAt - now) }),
    ...(contact.kind === 'gone' && { goneMsAgo: Math.round(now - contact.at) }),
  };
  return Object.keys(other).length === 0 ? undefined : { index, ...other };
}

function isAsMost(repairs: Instance['repairs'], { isRepaired }: Most): boolean {
  return isRepaired ? repairs?.length === 0 : repairs === undefined;
}

function describeTrack(track: Track, length: number, now: number): SnapshotTrack {
  const late: number[] = [];
  const delays = Array.from({ length }, (_, index) => {
    const delay = delayOf(track, index);
    const wasThere = track.cohort[index] === 1;
    if (delay === undefined) return wasThere ? notYet : notThere;
    if (!wasThere) late.push(index);
    return Math.round(delay);
  });
  const { epoch, version, forgotten, publishedAt } = track;
  return { epoch, version, publishedMsAgo: Math.round(now - publishedAt), forgotten, delays, late };
}

interface Reading {
  readonly index: number;
  readonly progress: SnapshotProgress;
  readonly other: SnapshotOther | undefined;
  readonly ages: SnapshotAges;
  readonly now: number;
}

function readInstance(entry: SnapshotInstance, { index, progress, other, ages, now }: Reading): Instance {
  const { place, joinedMsAgo, ...arrival } = entry;
  const contact = readContact(other, ages, now);
  const { epoch = progress.epoch, version = progress.version, repairs = progress.isRepaired ? [] : null } = other ?? {};
  return {
    index,
    key: arrival.key,
    place,
    isForeign: arrival.isForeign,
    arrival: { ...arrival, running: {} },
    member: 0,
    contact,
    epoch: epoch ?? undefined,
    version,
    refused: other?.refused ?? [],
    problem: other?.problem,
    configs: progress.configs?.[other?.configs ?? 0] ?? noConfigs,
    valves: progress.valves?.[other?.valves ?? 0] ?? noValves,
    oldestVersion: other?.oldestVersion,
    repairs: repairs ?? undefined,
    before: readBefore(other, now - ages.progressMs, now),
    delivered: other?.delivered ?? 0,
    inferred: other?.inferred ?? 0,
    joinedAt: now - ages.rosterMs - joinedMsAgo,
    heardAt: lastHeard(contact) ?? now - ages.silentMs,
  };
}

function readBefore(other: SnapshotOther | undefined, writtenAt: number, now: number): readonly Predecessor[] {
  return (other?.before ?? [])
    .map(({ leaseLeftMs, ...process }) => ({ ...process, leaseEndsAt: writtenAt + leaseLeftMs }))
    .filter(({ leaseEndsAt }) => now < leaseEndsAt);
}

/** A server that was silent for so long is gone, and its instances with it unless they turn up elsewhere. */
const goneAfterMs = 5000;

function readContact(other: SnapshotOther | undefined, ages: SnapshotAges, now: number): Contact {
  const writtenAt = now - ages.progressMs;
  if (other?.goneMsAgo !== undefined) return { kind: 'gone', at: writtenAt - other.goneMsAgo };
  if (other?.leaseLeftMs === undefined && ages.silentMs < goneAfterMs) return { kind: 'connected' };
  const leaseEndsAt = other?.leaseLeftMs === undefined ? now - ages.silentMs + leaseMs : writtenAt + other.leaseLeftMs;
  return leaseEndsAt > now ? { kind: 'lost', leaseEndsAt } : { kind: 'gone', at: leaseEndsAt };
}

function readTrack(
  { epoch, version, publishedMsAgo, forgotten, delays, late }: SnapshotTrack,
  writtenAt: number,
): Track {
  const cohort = Uint8Array.from(delays, (delay) => (delay === notThere ? 0 : 1));
  for (const index of late) cohort[index] = 0;
  return {
    ...createTrack({ epoch, version, publishedAt: writtenAt - publishedMsAgo }, cohort),
    delays: Float64Array.from(delays, (delay) => (delay < 0 ? Number.NaN : delay)),
    forgotten,
  };
}
