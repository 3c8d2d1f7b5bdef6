import { type FlagState, listStagesInForce } from '@sluice/authoring';
import type { BackfillStanding } from '@sluice/protocol';
import type { BackfillRangeRow, EnvironmentRow, Reads } from '../database/schema.ts';

/** A migration in one environment. */
export interface Subject {
  readonly environment: EnvironmentRow;
  readonly key: string;
}

/** By ascending keys, one more than `limit`: those that somebody works on or that differ, or all. */
export function listRanges(
  reads: Reads,
  { environment, key }: Subject,
  { after, limit, isNoted, now }: RangesQuery,
): Promise<readonly BackfillRangeRow[]> {
  return reads
    .selectFrom('backfillRanges')
    .selectAll()
    .where('environmentId', '=', environment.id)
    .where('flagKey', '=', key)
    .where('position', '>', after)
    .$if(isNoted, (query) =>
      query.where((range) => range.or([range('state', '=', 'dirty'), range('leasedUntil', '>=', now)])),
    )
    .orderBy('position')
    .limit(limit + 1)
    .execute();
}

export interface RangesQuery {
  /** A position. */
  readonly after: number;
  readonly limit: number;
  readonly isNoted: boolean;
  readonly now: number;
}

/** Whether there are any, and what they say is true still. */
export async function hasRanges(reads: Reads, subject: Subject): Promise<boolean> {
  const first = await reads
    .selectFrom('backfillRanges')
    .select('proposedVersion')
    .where('environmentId', '=', subject.environment.id)
    .where('flagKey', '=', subject.key)
    .limit(1)
    .executeTakeFirst();
  return first !== undefined && !(await wasOffSince(reads, subject, first.proposedVersion));
}

/** Asked for with every page, so that the ranges themselves are not read. */
export async function readStanding(
  reads: Reads,
  { environment, key }: Subject,
  now: number,
): Promise<BackfillStanding> {
  const counts = await reads
    .selectFrom('backfillRanges')
    .select(({ fn }) => [
      'state',
      fn.countAll<number>().as('ranges'),
      fn.countAll<number>().filterWhere('leasedUntil', '>=', now).as('workers'),
    ])
    .where('environmentId', '=', environment.id)
    .where('flagKey', '=', key)
    .groupBy('state')
    .execute();
  const add = (pick: (row: (typeof counts)[number]) => number) => counts.reduce((sum, row) => sum + pick(row), 0);
  return {
    workers: add(({ workers }) => workers),
    ranges: add(({ ranges }) => ranges),
    copied: add(({ state, ranges }) => (state === 'todo' || state === 'running' ? 0 : ranges)),
    verified: add(({ state, ranges }) => (state === 'verified' ? ranges : 0)),
  };
}

/** Whether records were in `off` after a version, so that writes went by the new store, and it lacks them. */
async function wasOffSince(reads: Reads, { environment, key }: Subject, version: number): Promise<boolean> {
  const rows = await reads
    .selectFrom('changeObjects')
    .select('afterJson')
    .where('environmentId', '=', environment.id)
    .where('kind', '=', 'flag')
    .where('key', '=', key)
    .where('version', '>', version)
    .execute();
  return rows.some(({ afterJson }) => {
    // Code gets its default value of a flag that is deleted, which is `off`.
    if (afterJson === null) return true;
    // Written by this program.
    return listStagesInForce((JSON.parse(afterJson) as FlagState).configuration).includes('off');
  });
}
