import { type InstanceMatter, instanceMatters } from '@sluice/api-client';
import type { Due } from './fleet-counts.ts';
import type { FleetFilter } from './fleet-schema.ts';
import { type Current, stateOf, versionShown } from './fleet-view.ts';
import { type Instance, nameOf } from './instance.ts';
import { findMatter } from './instance-matter.ts';

interface Asked {
  readonly filter: FleetFilter;
  readonly order: 'name' | 'worst';
  readonly current: Current;
  readonly due: Due;
}

export interface Found {
  readonly instance: Instance;
  /** Where it stands in the list. */
  readonly place: string;
}

/** Instances that have all that is asked for, in the order of their places. */
export function findInstances(
  instances: readonly Instance[],
  { filter, order, current, due }: Asked,
): readonly Found[] {
  const { state, matter, service, zone, sdk, version, search } = filter;
  const words = search?.toLowerCase();
  const found: Found[] = [];
  for (const instance of instances) {
    const { arrival } = instance;
    if (service !== undefined && String(arrival.about.service ?? '') !== service) continue;
    if (zone !== undefined && String(arrival.about.zone ?? '') !== zone) continue;
    if (sdk !== undefined && arrival.sdk !== sdk) continue;
    if (state !== undefined && stateOf(instance, current) !== state) continue;
    if (version !== undefined && versionShown(instance, current) !== version) continue;
    if (words !== undefined && !hasWords(instance, words)) continue;
    const own = matter === undefined && order === 'name' ? undefined : findMatter(instance, due);
    if (matter !== undefined && (matter === 'any' ? own === undefined : own !== matter)) continue;
    // By name, and the same from page to page, wherever an instance is connected.
    const name = `${nameOf(instance)} ${arrival.session}`;
    found.push({ instance, place: order === 'name' ? name : `${rankOf(instance, own)} ${name}` });
  }
  return found.sort((a, b) => (a.place < b.place ? -1 : 1));
}

function hasWords(instance: Instance, words: string): boolean {
  if (nameOf(instance).toLowerCase().includes(words)) return true;
  return Object.values(instance.arrival.about).some((value) => String(value).toLowerCase().includes(words));
}

/** Those with a matter, of those that are behind the furthest first, then ours, then others, then those that are gone. */
function rankOf({ isForeign, contact, version }: Instance, matter: InstanceMatter | undefined): string | number {
  if (matter === 'behind') return `${instanceMatters.indexOf(matter)} ${String(version).padStart(16, '0')}`;
  if (matter !== undefined) return instanceMatters.indexOf(matter);
  const after = instanceMatters.length;
  if (contact.kind === 'gone') return after + 2;
  return isForeign ? after + 1 : after;
}
