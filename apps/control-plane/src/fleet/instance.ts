import type { Arrival, Member } from '@sluice/delivery';
import {
  type ConfigInForce,
  leaseMs,
  type RefusedObject,
  type RepairBacklog,
  type ValveInBuild,
} from '@sluice/protocol';

/**
 * A running process in one environment. It keeps its index when it restarts; a second process that uses the same key
 * while the first is connected is another instance.
 */
export interface Instance {
  /** Its place in what is counted about changes. */
  readonly index: number;
  readonly key: string;
  /** 1, and 2, 3, … for processes that run under the same key at the same time. */
  readonly place: number;
  readonly isForeign: boolean;
  arrival: Arrival;
  /** Who may speak for it: the number that its newest connection got. */
  member: Member;
  contact: Contact;
  /** What it runs; undefined: nothing that it told of. */
  epoch: string | undefined;
  version: number;
  /** Forms of objects that it could not use, the newest of each object first. */
  refused: readonly RefusedObject[];
  problem: string | undefined;
  /** Values of configs that it has in force. */
  configs: readonly ConfigInForce[];
  /** Valves that its code has. */
  valves: readonly ValveInBuild[];
  /** Under which the oldest operation of a migration began that still runs; undefined: none runs. */
  oldestVersion: number | undefined;
  /**
   * Migrations in which it has records to repair; of one that is gone, whoever starts in its place has them to repair.
   * Undefined: it has not told yet, nor has who was in its place before.
   */
  repairs: readonly RepairBacklog[] | undefined;
  /** Processes whose place this one has taken before their leases ended. */
  before: readonly Predecessor[];
  /** Of a foreign instance: the versions that were sent, and that its events name. */
  delivered: number;
  inferred: number;
  /** By the monotonic clock: since it is there, without a break of contact long enough to be gone. */
  joinedAt: number;
  heardAt: number;
}

/** A process that may be running for all we know, although another one has taken its place. */
export interface Predecessor extends Pick<Instance, 'epoch' | 'version' | 'refused' | 'oldestVersion'> {
  readonly session: string;
  readonly leaseEndsAt: number;
}

/** As whoever takes its place remembers it; undefined: nobody needs to, as it is gone, or tells nothing anyway. */
export function toPredecessor(instance: Instance): Predecessor | undefined {
  const { contact, isForeign, arrival, epoch, version, refused, oldestVersion } = instance;
  if (contact.kind !== 'lost' || isForeign) return undefined;
  return { session: arrival.session, leaseEndsAt: contact.leaseEndsAt, epoch, version, refused, oldestVersion };
}

/** Of whoever has told of none. */
export const noConfigs: readonly ConfigInForce[] = [];
export const noValves: readonly ValveInBuild[] = [];

export type Contact =
  | { readonly kind: 'connected' }
  /** Contact is lost; until the lease ends the instance may well be running. */
  | { readonly kind: 'lost'; readonly leaseEndsAt: number }
  | { readonly kind: 'gone'; readonly at: number };

/** When it was heard of last, of one that is not connected any more; a clean goodbye counts. */
export function lastHeard(contact: Contact): number | undefined {
  if (contact.kind === 'connected') return undefined;
  return contact.kind === 'lost' ? contact.leaseEndsAt - leaseMs : contact.at;
}

/** Whether records wait for it, or for whoever starts in its place, to be repaired. */
export function hasRepairs({ repairs = [] }: Pick<Instance, 'repairs'>): boolean {
  return repairs.length > 0;
}

/** How people call it: `web-1`, and `web-1 (2)` for another process under that key. */
export function nameOf({ key, place }: Pick<Instance, 'key' | 'place'>): string {
  return place === 1 ? key : `${key} (${place})`;
}

/** The newest form of each object that it could not use. */
export function listRefused({ refused }: Pick<Instance, 'refused'>): readonly RefusedObject[] {
  return refused.filter(({ kind, key }, at) => refused.findIndex((one) => one.kind === kind && one.key === key) === at);
}

/** Why it does not run all of what it was sent; empty: it does. */
export function describeRefusal(instance: Pick<Instance, 'problem' | 'refused'>): string {
  if (instance.problem !== undefined) return instance.problem;
  return listRefused(instance)
    .map(({ kind, key, reason }) => `${kind} ${key}: ${reason}`)
    .join('; ');
}
