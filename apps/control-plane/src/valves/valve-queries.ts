import type { FlagConfiguration } from '@sluice/authoring';
import type { Reads } from '../database/schema.ts';

/** A valve that does not serve its normal mode to everyone. */
export interface TrippedValve {
  readonly project: string;
  readonly environment: string;
  readonly valve: string;
  /** What it serves to some or all. */
  readonly modes: readonly string[];
  /** How many of its trips should have been restored by now. */
  readonly overdue: number;
}

/** Of all projects. Rules that keep contexts in the normal mode trip nothing. */
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
    .orderBy('environments.projectKey')
    .orderBy('environments.key')
    .orderBy('objects.key')
    .execute();
  return rows.flatMap(({ projectKey: project, environment, valve, stateJson }) => {
    // Written by this program, and not null by the query.
    const { rules, offVariation: normal } = JSON.parse(stateJson ?? '') as FlagConfiguration;
    const served = new Set(rules.flatMap(({ variation }) => variation ?? []));
    const modes = [...served].filter((mode) => mode !== normal);
    if (modes.length === 0) return [];
    return [{ project, environment, valve, modes, overdue: rules.filter((rule) => isOverdue(rule, now)).length }];
  });
}

function isOverdue({ trip }: FlagConfiguration['rules'][number], now: number): boolean {
  return trip !== undefined && trip.expiresAt <= now;
}
