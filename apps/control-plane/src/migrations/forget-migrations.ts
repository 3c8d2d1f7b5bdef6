import { chunk } from '../database/chunks.ts';
import type { Writes } from '../database/schema.ts';

/** What was found out about migrations goes with them: another one that gets a key later has nothing to do with it. */
export async function forgetMigrations(
  writes: Writes,
  environmentId: string,
  flagKeys: readonly string[],
): Promise<void> {
  for (const part of chunk(flagKeys)) {
    for (const table of ['backfillRanges', 'mismatches'] as const) {
      await writes.deleteFrom(table).where('environmentId', '=', environmentId).where('flagKey', 'in', part).execute();
    }
  }
}
