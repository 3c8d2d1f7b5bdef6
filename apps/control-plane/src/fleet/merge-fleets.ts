import type { FleetRecord } from './fleet-record.ts';
import { type Instance, lastHeard, toPredecessor } from './instance.ts';
import { createTrack, delayOf, noteDelay, type Track, wasThere } from './track.ts';

/** Where an instance stands in the record of one server. */
interface Place {
  readonly record: FleetRecord;
  readonly instance: Instance;
}

interface Merged {
  /** As it is now, with an index of its own. */
  readonly instance: Instance;
  /** Of the same process. */
  readonly places: readonly Place[];
  /** Of the process that it replaced, which ran under the same key at another server. */
  readonly before: readonly Place[];
}

/**
 * The fleets of several servers as one. An instance that went from one server to another, or was started again and came
 * to another, is in the records of both; it is counted once: where it is now, and as one that was there when a change
 * was made if either knows so.
 */
export function mergeFleets(records: readonly FleetRecord[]): FleetRecord {
  const merged = [...Map.groupBy(listPlaces(records), ({ instance }) => instance.key).values()]
    .flatMap(mergeKey)
    .map((one, index) => ({ ...one, instance: { ...one.instance, index } }));
  return {
    instances: merged.map(({ instance, places }) => ({ ...instance, ...mergeForeign(instance, places, records) })),
    strays: new Map(),
    findTrack: (version) => mergeTracks(merged, records, version),
  };
}

/** The stream of a foreign instance may be at one server, and its events go to another. */
function mergeForeign(
  { arrival }: Instance,
  places: readonly Place[],
  records: readonly FleetRecord[],
): Pick<Instance, 'delivered' | 'inferred'> {
  const strays = records.map((record) => record.strays.get(arrival.session) ?? 0);
  return {
    delivered: Math.max(...places.map(({ instance }) => instance.delivered)),
    inferred: Math.max(...places.map(({ instance }) => instance.inferred), ...strays),
  };
}

function listPlaces(records: readonly FleetRecord[]): readonly Place[] {
  return records.flatMap((record) => record.instances.map((instance) => ({ record, instance })));
}

/** All processes that ran under one key, each once. */
function mergeKey(places: readonly Place[]): readonly Merged[] {
  const processes = [...Map.groupBy(places, ({ instance }) => instance.arrival.session).values()]
    .map((all) => all.toSorted((a, b) => compare(b.instance, a.instance)))
    .sort(([a], [b]) => (a?.instance.joinedAt ?? 0) - (b?.instance.joinedAt ?? 0));
  const there = processes.filter(([current]) => current?.instance.contact.kind === 'connected');
  const replacedBy = new Map<readonly Place[], readonly Place[]>();
  for (const away of processes) {
    const follower = there.find((process) => replaces(process, away) && !replacedBy.has(process));
    if (follower !== undefined) replacedBy.set(follower, away);
  }
  const replaced = new Set(replacedBy.values());
  return processes
    .filter((process) => !replaced.has(process))
    .flatMap((process, at) => {
      const [current] = process;
      const before = replacedBy.get(process) ?? [];
      return current === undefined
        ? []
        : [
            {
              instance: {
                ...current.instance,
                place: at + 1,
                repairs: mergeRepairs(process, before, processes),
                before: mergeBefore(current.instance, before, there),
              },
              places: process,
              before,
            },
          ];
    });
}

/** Without those that have turned up elsewhere. */
function mergeBefore(
  { before }: Instance,
  replaced: readonly Place[],
  there: readonly (readonly Place[])[],
): Instance['before'] {
  const turnedUp = new Set(there.map(([current]) => current?.instance.arrival.session));
  return [...before, ...replaced.map(({ instance }) => toPredecessor(instance))]
    .filter((process) => process !== undefined)
    .filter(({ session }) => !turnedUp.has(session));
}

/** What a process left behind is as it says itself, until one that came later under its key, at any server, tells. */
function mergeRepairs(
  process: readonly Place[],
  before: readonly Place[],
  processes: readonly (readonly Place[])[],
): Instance['repairs'] {
  const isTaken = processes.some((later) => later[0]?.instance.repairs !== undefined && replaces(later, process));
  if (isTaken) return [];
  return [...process, ...before].find(({ instance }) => instance.repairs !== undefined)?.instance.repairs;
}

/** Clocks of servers are compared by way of the database, to some milliseconds. */
const clockNoiseMs = 100;

/** Whether a process that is there came after another one under its key had gone, at another server. */
function replaces([current]: readonly Place[], [away]: readonly Place[]): boolean {
  if (current === undefined || away === undefined || current.record === away.record) return false;
  const endedAt = lastHeard(away.instance.contact);
  return (
    endedAt !== undefined &&
    current.instance.isForeign === away.instance.isForeign &&
    current.instance.joinedAt >= endedAt - clockNoiseMs
  );
}

/** Whichever says more of where an instance is now comes later. */
function compare(a: Instance, b: Instance): number {
  if (a.arrival.connection !== b.arrival.connection) return a.arrival.connection - b.arrival.connection;
  const byRank = rankOf(a) - rankOf(b);
  if (byRank !== 0) return byRank;
  return a.epoch === b.epoch && a.version !== b.version ? a.version - b.version : a.heardAt - b.heardAt;
}

function rankOf({ contact }: Instance): number {
  return contact.kind === 'connected' ? 2 : contact.kind === 'lost' ? 1 : 0;
}

function mergeTracks(merged: readonly Merged[], records: readonly FleetRecord[], version: number): Track | undefined {
  const tracks = new Map(records.map((record) => [record, record.findTrack(version)]));
  const known = [...tracks.values()].filter((track) => track !== undefined);
  const [first] = known.toSorted((a, b) => a.publishedAt - b.publishedAt);
  if (first === undefined) return undefined;
  const track = createTrack(first, new Uint8Array(merged.length));
  const find = ({ record }: Place): Track | undefined => {
    const found = tracks.get(record);
    return found?.epoch === first.epoch ? found : undefined;
  };
  for (const { instance, places, before } of merged) {
    const isThere = (place: Place): boolean => {
      const found = find(place);
      return found === undefined
        ? stoodThere(place.instance, first.publishedAt)
        : wasThere(found, place.instance.index);
    };
    if (places.some(isThere) || before.some(isThere)) track.cohort[instance.index] = 1;
    const times = places.flatMap((place) => {
      const found = find(place);
      const delay = found && delayOf(found, place.instance.index);
      return found === undefined || delay === undefined ? [] : [found.publishedAt + delay];
    });
    if (times.length > 0) noteDelay(track, instance.index, Math.min(...times));
  }
  return { ...track, forgotten: known.reduce((sum, { forgotten }) => sum + forgotten, 0) };
}

/** Of a server that was not told of the change, because it came later or lost track: as far as its times tell. */
function stoodThere({ joinedAt, contact }: Instance, at: number): boolean {
  return joinedAt <= at && (contact.kind !== 'gone' || contact.at > at);
}
