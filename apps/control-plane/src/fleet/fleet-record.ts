import type { Reads } from '../database/schema.ts';
import type { Instance } from './instance.ts';
import type { Track } from './track.ts';

/** What there is to know of the instances of an environment: of one server, or of all together. */
export interface FleetRecord {
  /** All that are there, or were within the last day; each has its own index. */
  readonly instances: readonly Instance[];
  /** What events of foreign instances named, of those that are none of these. */
  readonly strays: ReadonlyMap<string, number>;
  /** Undefined: the change is too old, or was made before this process started. */
  findTrack(version: number): Track | undefined;
}

/** The instances of all servers; `reads`: the transaction, where one is open. */
export type ReadFleet = (environmentId: string, reads?: Reads) => Promise<FleetRecord>;

/** Of an environment that nobody can have connected to. */
export const emptyFleet: FleetRecord = { instances: [], strays: new Map(), findTrack: () => undefined };
