import type { EncodedMismatch } from '@sluice/protocol';
import { chunk } from '../database/chunks.ts';
import type { Writes } from '../database/schema.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';

/** Of each migration in each environment. */
export const mismatchesKept = 1000;
/** Of each migration in one go: a large fleet finds the same mistake everywhere, and the counts have all of them. */
const mostAtOnce = 100;
const keptMs = 90 * 24 * 3_600_000;

/** A mismatch, and where it was found. */
export interface FoundMismatch {
  readonly environmentId: string;
  readonly flagKey: string;
  readonly at: number;
  readonly mismatch: EncodedMismatch;
}

/** Stores mismatches, and forgets the oldest of each migration that has too many. */
export async function writeMismatches(
  writes: Writes,
  found: readonly FoundMismatch[],
  platform: Pick<Platform, 'randomBytes'>,
): Promise<void> {
  const byMigration = Map.groupBy(found, ({ environmentId, flagKey }) => JSON.stringify([environmentId, flagKey]));
  // In one order, as two that wait for each other's rows would both fail.
  const groups = [...byMigration].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group);
  const rows = groups
    .flatMap((group) => group.slice(0, mostAtOnce))
    .map(({ mismatch, ...where }) => ({ ...where, id: createId(platform), mismatchJson: JSON.stringify(mismatch) }));
  for (const each of chunk(rows, 5)) await writes.insertInto('mismatches').values(each).execute();
  for (const [first] of groups) if (first !== undefined) await trim(writes, first);
}

async function trim(writes: Writes, { environmentId, flagKey }: FoundMismatch): Promise<void> {
  const newestTooMany = await writes
    .selectFrom('mismatches')
    .select(['at', 'id'])
    .where('environmentId', '=', environmentId)
    .where('flagKey', '=', flagKey)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .offset(mismatchesKept)
    .executeTakeFirst();
  if (newestTooMany === undefined) return;
  const { at, id } = newestTooMany;
  await writes
    .deleteFrom('mismatches')
    .where('environmentId', '=', environmentId)
    .where('flagKey', '=', flagKey)
    .where((row) => row.or([row('at', '<', at), row.and([row('at', '=', at), row('id', '<=', id)])]))
    .execute();
}

/** Deletes what is too old to be of use. */
export async function forgetOldMismatches(writes: Writes, now: number): Promise<void> {
  await writes
    .deleteFrom('mismatches')
    .where('at', '<', now - keptMs)
    .execute();
}
