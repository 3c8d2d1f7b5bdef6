import type { FleetRecord } from './fleet-record.ts';
import type { Instance } from './instance.ts';
import { createTrack, delayOf, noteDelay, type Track, wasThere } from './track.ts';

/** Where an instance stands in the record of one server. */
interface Place {
  readonly record: FleetRecord;
  readonly instance: Instance;
}

/**
 * The fleets of several servers as one. An instance that went from one server to another is in the records of both; it
 * is counted once: where it is now, and as one that was there when a change was made if either knows so.
 */
export function mergeFleets(records: readonly FleetRecord[]): FleetRecord {
  if (records.length === 1 && records[0] !== undefined) return records[0];
  const places = new Map<string, Place[]>();
  for (const record of records) {
    for (const instance of record.instances) {
      const { session } = instance.arrival;
      places.set(session, [...(places.get(session) ?? []), { record, instance }]);
    }
  }
  const merged = [...places.values()].map((all, index) => {
    const [current] = all.toSorted((a, b) => compare(b.instance, a.instance));
    if (current === undefined) throw new RangeError('a place has at least one record');
    return { instance: { ...current.instance, index }, places: all };
  });
  return {
    instances: merged.map(({ instance }) => instance),
    findTrack: (version) => mergeTracks(merged, records, version),
  };
}

/** Whichever says more of where an instance is now comes later. */
function compare(a: Instance, b: Instance): number {
  if (a.arrival.connection !== b.arrival.connection) return a.arrival.connection - b.arrival.connection;
  return rankOf(a) - rankOf(b) || a.heardAt - b.heardAt;
}

function rankOf({ contact }: Instance): number {
  return contact.kind === 'connected' ? 2 : contact.kind === 'lost' ? 1 : 0;
}

interface Merged {
  readonly instance: Instance;
  readonly places: readonly Place[];
}

function mergeTracks(merged: readonly Merged[], records: readonly FleetRecord[], version: number): Track | undefined {
  const tracks = new Map(records.map((record) => [record, record.findTrack(version)]));
  const known = [...tracks.values()].filter((track) => track !== undefined);
  const [first] = known.toSorted((a, b) => a.publishedAt - b.publishedAt);
  if (first === undefined) return undefined;
  const track = createTrack(first, new Uint8Array(merged.length));
  for (const { instance, places } of merged) {
    const own = places.flatMap((place) => {
      const found = tracks.get(place.record);
      return found === undefined || found.epoch !== first.epoch ? [] : [{ found, index: place.instance.index }];
    });
    if (own.some(({ found, index }) => wasThere(found, index))) track.cohort[instance.index] = 1;
    const delays = own.flatMap(({ found, index }) => delayOf(found, index) ?? []);
    if (delays.length > 0) noteDelay(track, instance.index, first.publishedAt + Math.min(...delays));
  }
  return { ...track, forgotten: known.reduce((sum, { forgotten }) => sum + forgotten, 0) };
}
