import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import { migrateToLatest } from './migrations.ts';
import { createPatientDatabase, createServerDatabase } from './postgres-connection.ts';
import { toSentence } from './postgres-errors.ts';
import { announceStatement, PostgresSession } from './postgres-session.ts';
import type { Database } from './schema.ts';
import type { Store, StoreSurroundings } from './store.ts';

/**
 * Opens a PostgreSQL database that several servers may share. Throws `unavailable` when it cannot be reached, and may
 * be later; `invalid-settings` when it cannot be used as it is.
 */
export async function openPostgres(url: string, { platform, log }: StoreSurroundings): Promise<Store> {
  const session = new PostgresSession(url, platform, log);
  try {
    await prepare(url);
    await session.connect();
  } catch (error) {
    throw toSentence(error, url);
  }
  const db = createServerDatabase(url, (reason) => log.warn(`a connection to PostgreSQL was lost: ${reason}`));
  return {
    db,
    isShared: true,
    announce: async (writes) => {
      await sql.raw(announceStatement).execute(writes);
    },
    onAnnouncement: (hear) => session.onAnnouncement(hear),
    beat: () => session.beat(),
    close: async () => {
      await session.close();
      await db.destroy();
    },
  };
}

/** Looks whether the database is one that can be used, and brings it up to date. */
async function prepare(url: string): Promise<void> {
  const db = createPatientDatabase(url);
  try {
    await checkServer(db);
    await migrateToLatest(db);
  } finally {
    await db.destroy();
  }
}

const oldestVersion = 14;

async function checkServer(db: Database): Promise<void> {
  const { rows } = await sql<{ version: number; encoding: string; isStandby: boolean }>`
    select current_setting('server_version_num')::int as version,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as is_standby`.execute(db);
  const { version = 0, encoding, isStandby } = rows[0] ?? {};
  const major = Math.floor(version / 10_000);
  if (major < oldestVersion) throw new Error(`it must be version ${oldestVersion} or newer, got ${major}`);
  if (encoding !== 'UTF8') throw new Error(`the encoding of the database must be UTF8, got ${encoding}`);
  if (isStandby === true) throw new ServerError('unavailable', 'the database is a standby, which takes no writes');
}
