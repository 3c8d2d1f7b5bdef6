import type { TestServer } from './test-server.ts';

/** A backfill of a migration in `production` that is over, as if it had been run and verified now. */
export async function tellBackfill({ running }: Pick<TestServer, 'running'>, migration: string): Promise<void> {
  const { db } = running.context;
  const environments = db.selectFrom('environments').select(['id', 'version']).where('key', '=', 'production');
  const { id, version } = await environments.executeTakeFirstOrThrow();
  const place = { environmentId: id, flagKey: migration, position: 0 };
  await db.deleteFrom('backfillRanges').where('environmentId', '=', id).where('flagKey', '=', migration).execute();
  const ends = { after: null, upTo: null, cursor: null };
  const tallyJson = JSON.stringify({ rows: 0, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 });
  const work = { tallyJson, verificationJson: null, worker: null, fence: 1, leasedUntil: null, paceJson: null };
  await db
    .insertInto('backfillRanges')
    .values({ ...place, ...ends, ...work, state: 'verified', proposedVersion: version })
    .execute();
}
