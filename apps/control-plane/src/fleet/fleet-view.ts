import type { FleetView, InstanceView } from '@sluice/api-client';
import { takeCensus } from './census.ts';
import type { Due } from './fleet-counts.ts';
import type { FleetRecord } from './fleet-record.ts';
import { describeRefusal, hasRepairs, type Instance, nameOf } from './instance.ts';
import { findMatter } from './instance-matter.ts';

export interface Current {
  readonly epoch: string;
  readonly version: number;
  /** By the monotonic clock. */
  readonly now: number;
}

/** Counts the instances of an environment. */
export function summariseFleet(
  fleet: FleetRecord,
  current: Current,
  due: Due = current,
): Omit<FleetView, 'total' | 'items' | 'nextCursor'> {
  const own = fleet.instances.filter(({ isForeign }) => !isForeign);
  const foreign = fleet.instances.filter(({ isForeign, contact }) => isForeign && contact.kind !== 'gone');
  const live = own.filter(({ contact }) => contact.kind !== 'gone');
  const connected = live.filter(({ contact }) => contact.kind === 'connected');
  return {
    version: current.version,
    live: live.length,
    connected: connected.length,
    offline: live.length - connected.length,
    gone: own.length - live.length,
    versions: countBy(live, (instance) => versionOf(instance, current))
      .sort(([a = -1], [b = -1]) => b - a)
      .map(([version, instances]) => ({ ...(version !== undefined && { version }), instances })),
    foreign: {
      live: foreign.length,
      sdks: [...Map.groupBy(foreign, ({ arrival }) => arrival.sdk)]
        .map(([sdk, group]) => ({
          sdk,
          instances: group.length,
          delivered: group.filter(({ delivered }) => delivered >= current.version).length,
          inferred: group.filter(({ inferred }) => inferred >= current.version).length,
        }))
        .sort((a, b) => b.instances - a.instances),
    },
    sdks: countBy(live, ({ arrival }) => arrival.sdk)
      .sort(([, a], [, b]) => b - a)
      .map(([sdk, instances]) => ({ sdk, instances })),
    ...takeCensus(fleet.instances, due),
  };
}

/** `due`: what everybody should have by now; `since`: when what it lacks was made. */
export function toInstanceView(instance: Instance, current: Current, due: Due = current, since?: number): InstanceView {
  const { arrival, joinedAt, heardAt } = instance;
  const version = versionShown(instance, current);
  const matter = findMatter(instance, due);
  const reason = describeRefusal(instance);
  return {
    instance: nameOf(instance),
    session: arrival.session,
    state: stateOf(instance, current),
    ...(version !== undefined && { version }),
    sdk: arrival.sdk,
    via: arrival.via,
    about: arrival.about,
    ...(arrival.through !== undefined && { through: arrival.through }),
    joinedMsAgo: Math.round(current.now - joinedAt),
    heardMsAgo: Math.round(current.now - heardAt),
    ...(reason !== '' && { reason }),
    ...(instance.oldestVersion !== undefined && { oldestVersion: instance.oldestVersion }),
    ...(instance.repairs !== undefined && hasRepairs(instance) && { repairs: instance.repairs }),
    ...(instance.configs.length > 0 && { configs: instance.configs }),
    ...(matter !== undefined && { matter }),
    ...(since !== undefined && { since }),
  };
}

/** What it runs as far as it is known; of other SDKs, what they have at least. */
export function versionShown(instance: Instance, current: Current): number | undefined {
  return instance.isForeign ? versionOfForeign(instance) : versionOf(instance, current);
}

export function stateOf(instance: Instance, { epoch, version }: Current): InstanceView['state'] {
  const { contact, isForeign, refused, problem } = instance;
  if (contact.kind === 'gone') return 'gone';
  if (contact.kind === 'lost') return 'offline';
  if (isForeign) return 'foreign';
  if (problem !== undefined) return 'refused';
  if (refused.length > 0) return 'partial';
  return instance.epoch === epoch && instance.version >= version ? 'current' : 'behind';
}

/** Versions of another epoch say nothing here. */
function versionOf(instance: Instance, { epoch }: Current): number | undefined {
  return instance.epoch === epoch ? instance.version : undefined;
}

/** What it has at least. */
function versionOfForeign({ delivered, inferred }: Instance): number | undefined {
  return Math.max(delivered, inferred) || undefined;
}

function countBy<T, K>(items: readonly T[], keyOf: (item: T) => K): [K, number][] {
  const counts = new Map<K, number>();
  for (const item of items) {
    const key = keyOf(item);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts];
}
