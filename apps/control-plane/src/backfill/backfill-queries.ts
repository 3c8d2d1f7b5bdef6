import { type FlagState, listStagesInForce } from '@sluice/authoring';
import type { BackfillStanding } from '@sluice/protocol';
import type { BackfillRangeRow, EnvironmentRow, Reads } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { getFlag, type StoredFlag } from '../flags/flag-queries.ts';

/** A migration in one environment. */
export interface Subject {
  readonly environment: EnvironmentRow;
  readonly key: string;
}

/** Throws `not-found` when the flag is none, or of another kind. */
export async function getMigration(reads: Reads, { environment, key }: Subject): Promise<StoredFlag> {
  const flag = await getFlag(reads, environment, key);
  if (flag.definition.kind === 'migration') return flag;
  const message = `\`${key}\` is a ${flag.definition.kind}; only a migration has a backfill`;
  throw new ServerError('not-found', message, { faults: [{ path: 'flag', message }] });
}

/** By ascending keys; empty where there are none, or what they say is not true any more. */
export async function listRanges(reads: Reads, subject: Subject): Promise<readonly BackfillRangeRow[]> {
  const rows = await reads
    .selectFrom('backfillRanges')
    .selectAll()
    .where('environmentId', '=', subject.environment.id)
    .where('flagKey', '=', subject.key)
    .orderBy('position')
    .execute();
  const [first] = rows;
  return first === undefined || (await wasOffSince(reads, subject, first.proposedVersion)) ? [] : rows;
}

/** Whether `listRanges` has any. */
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
