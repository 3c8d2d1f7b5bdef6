import type { FleetView } from '@sluice/api-client';

export type Group = FleetView['groups'][number];

export interface ServiceRow {
  /** Undefined: they told of none. */
  readonly service: string | undefined;
  readonly instances: number;
  readonly byZone: ReadonlyMap<string | undefined, Group>;
  /** The most frequent first. */
  readonly builds: readonly { readonly build: string; readonly instances: number }[];
}

export interface Pivot {
  readonly zones: readonly (string | undefined)[];
  readonly services: readonly ServiceRow[];
}

/** Services as rows, the largest first, and zones as columns; those without a name are last. */
export function pivotGroups(groups: readonly Group[]): Pivot {
  const zones = [...new Set(groups.map(({ zone }) => zone))].sort(compareNames);
  const services = [...Map.groupBy(groups, ({ service }) => service)].map(([service, own]) => ({
    service,
    instances: own.reduce((sum, { instances }) => sum + instances, 0),
    byZone: new Map(own.map((group) => [group.zone, group])),
    builds: sumBuilds(own),
  }));
  return {
    zones,
    services: services.sort((a, b) => b.instances - a.instances || compareNames(a.service, b.service)),
  };
}

function compareNames(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a.localeCompare(b, 'en', { numeric: true });
}

function sumBuilds(groups: readonly Group[]): ServiceRow['builds'] {
  const counts = new Map<string, number>();
  for (const { build, instances } of groups.flatMap(({ builds }) => builds)) {
    counts.set(build, (counts.get(build) ?? 0) + instances);
  }
  return [...counts].map(([build, instances]) => ({ build, instances })).sort((a, b) => b.instances - a.instances);
}

/** `1.4.2, 38 on 1.4.1`: what most run, and who does not. */
export function describeBuilds(builds: ServiceRow['builds']): string {
  const [first, ...rest] = builds;
  if (first === undefined) return '';
  const others = rest.slice(0, 2).map(({ build, instances }) => `${instances.toLocaleString('en-US')} on ${build}`);
  const more = rest.length > 2 ? [`${rest.length - 2} more`] : [];
  return [first.build, ...others, ...more].join(', ');
}
