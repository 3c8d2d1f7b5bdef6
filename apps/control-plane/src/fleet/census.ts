import type { FleetView, InstanceMatter } from '@sluice/api-client';
import type { Due } from './fleet-counts.ts';
import type { Instance } from './instance.ts';
import { findMatter } from './instance-matter.ts';

/** Whoever makes up services and zones is not to fill an answer. */
const groupsKept = 500;
const buildsTold = 20;
const buildsKept = 100;
const recentMs = 10 * 60_000;

type Counts = { instances: number } & Record<InstanceMatter, number>;

interface Group extends Counts {
  readonly service: string | undefined;
  readonly zone: string | undefined;
  readonly builds: Map<string, number>;
}

/** Who is there by service and zone, and how many somebody should look at: one look at each instance. */
export function takeCensus(instances: readonly Instance[], due: Due): Pick<FleetView, 'groups' | 'matters' | 'recent'> {
  const groups = new Groups();
  const matters = noMatters();
  let [joined, left] = [0, 0];
  for (const instance of instances) {
    if (instance.isForeign) continue;
    const { contact } = instance;
    const matter = findMatter(instance, due);
    if (matter !== undefined) matters[matter]++;
    if (contact.kind === 'gone') {
      if (due.now - contact.at < recentMs) left++;
      continue;
    }
    if (due.now - instance.joinedAt < recentMs) joined++;
    const group = groups.find(instance);
    group.instances++;
    if (matter !== undefined) group[matter]++;
    const { version: build } = instance.arrival.about;
    if (build !== undefined) noteBuild(group, String(build));
  }
  return {
    groups: groups.list.map(describe).sort((a, b) => (nameGroup(a) < nameGroup(b) ? -1 : 1)),
    matters,
    recent: { joined, left },
  };
}

function noMatters(): Record<InstanceMatter, number> {
  return { refused: 0, behind: 0, offline: 0, repairs: 0 };
}

function nameGroup({ service = '', zone = '' }: { readonly service?: string; readonly zone?: string }): string {
  return JSON.stringify([service, zone]);
}

class Groups {
  readonly list: Group[] = [];
  readonly #byService = new Map<string | undefined, Map<string | undefined, Group>>();

  /** The group of that service and zone, or where there are too many that of none. */
  find({ arrival: { about } }: Instance): Group {
    const [service, zone] = [textOf(about.service), textOf(about.zone)];
    const known = this.#byService.get(service)?.get(zone);
    if (known !== undefined) return known;
    return this.list.length < groupsKept - 1 ? this.#add(service, zone) : this.#findNameless();
  }

  #findNameless(): Group {
    return this.#byService.get(undefined)?.get(undefined) ?? this.#add(undefined, undefined);
  }

  #add(service: string | undefined, zone: string | undefined): Group {
    const group: Group = { service, zone, instances: 0, ...noMatters(), builds: new Map() };
    const zones = this.#byService.get(service) ?? new Map<string | undefined, Group>();
    this.#byService.set(service, zones.set(zone, group));
    this.list.push(group);
    return group;
  }
}

function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function noteBuild({ builds }: Group, build: string): void {
  if (builds.has(build) || builds.size < buildsKept) builds.set(build, (builds.get(build) ?? 0) + 1);
}

function describe({ service, zone, builds, ...counts }: Group): FleetView['groups'][number] {
  return {
    ...(service !== undefined && { service }),
    ...(zone !== undefined && { zone }),
    ...counts,
    builds: [...builds]
      .sort(([, a], [, b]) => b - a)
      .slice(0, buildsTold)
      .map(([build, instances]) => ({ build, instances })),
  };
}
