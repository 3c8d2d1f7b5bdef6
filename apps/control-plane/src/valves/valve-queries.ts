import type { FlagConfiguration } from '@sluice/authoring';
import type { Reads } from '../database/schema.ts';
import { toTripView } from './trip-view.ts';

/** A valve that somebody may have to think of: it does not serve its normal mode to everyone, or a trip is overdue. */
export interface TrippedValve {
  readonly project: string;
  readonly environment: string;
  readonly valve: string;
  /** What it serves to some or all, but for the normal mode. */
  readonly modes: readonly string[];
  /** How many of its trips should have been restored by now. */
  readonly overdue: number;
}

/** Of all projects. Rules that keep contexts in the normal mode trip nothing, and archived valves serve nothing. */
export async function listTrippedValves(reads: Reads, now: number): Promise<readonly TrippedValve[]> {
  const rows = await reads
    .selectFrom('objects')
    .innerJoin('environments', 'environments.id', 'objects.environmentId')
    .innerJoin('definitions', (join) =>
      join.onRef('definitions.projectKey', '=', 'environments.projectKey').onRef('definitions.key', '=', 'objects.key'),
    )
    .select(['environments.projectKey', 'environments.key as environment', 'objects.key as valve', 'stateJson'])
    .where('objects.kind', '=', 'flag')
    .where('definitions.kind', '=', 'valve')
    .where('stateJson', 'is not', null)
    .where('compiledJson', 'is not', null)
    .orderBy('environments.projectKey')
    .orderBy('environments.key')
    .orderBy('objects.key')
    .execute();
  return rows.flatMap(({ projectKey: project, environment, valve, stateJson }) => {
    // Written by this program, and not null by the query.
    const { rules, offVariation: normal } = JSON.parse(stateJson ?? '') as FlagConfiguration;
    const served = new Set(rules.flatMap(({ variation }) => variation ?? []));
    const modes = [...served].filter((mode) => mode !== normal);
    const overdue = countOverdue(rules, now);
    return modes.length === 0 && overdue === 0 ? [] : [{ project, environment, valve, modes, overdue }];
  });
}

/** How many of a valve's trips should have been restored by now. */
export function countOverdue(rules: FlagConfiguration['rules'], now: number): number {
  return rules.filter(({ trip }) => trip !== undefined && toTripView(trip, now).overdue).length;
}
