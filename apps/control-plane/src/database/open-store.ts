import { describeError, ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { Settings } from '../settings.ts';
import { findDatabaseTrouble } from './database-gone.ts';
import { migrateToLatest } from './migrations.ts';
import { openSqlite } from './sqlite.ts';
import type { Store, StoreSurroundings } from './store.ts';

/** Opens the database that the settings name. PostgreSQL may come up after the server: it is given a minute. */
export async function openStore({ databaseUrl, data }: Settings, surroundings: StoreSurroundings): Promise<Store> {
  if (databaseUrl === undefined) return openEmbedded(data);
  // The driver is loaded by those who use it: it takes 11 MB.
  const { openPostgres } = await import('./postgres.ts');
  return untilReachable(() => openPostgres(databaseUrl, surroundings), surroundings);
}

/** Opens the database in a folder and brings it up to date; says why where it cannot. */
export async function openEmbedded(folder: string): Promise<Store> {
  const store = openSqlite(folder);
  try {
    await migrateToLatest(store.db);
    return store;
  } catch (error) {
    await store.close();
    if (error instanceof ServerError) throw error;
    const reason = findDatabaseTrouble(error) ?? describeError(error);
    throw new ServerError('unavailable', `the database in ${folder} could not be brought up to date: ${reason}`, {
      cause: error,
    });
  }
}

const patienceMs = 60_000;
const retryPeriodMs = 3000;

async function untilReachable(open: () => Promise<Store>, { platform, log }: StoreSurroundings): Promise<Store> {
  const startedAt = platform.now();
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'unavailable') throw error;
      const waitedMs = platform.now() - startedAt;
      if (waitedMs >= patienceMs) throw giveUp(error, waitedMs);
      log.warn(`${error.message}; trying again`);
    }
    await pause(platform);
  }
}

function giveUp(error: ServerError, waitedMs: number): ServerError {
  const message = `${error.message}; tried for ${Math.round(waitedMs / 1000)} s`;
  return new ServerError(error.code, message, { cause: error.cause });
}

function pause({ every }: Pick<Platform, 'every'>): Promise<void> {
  return new Promise((resolve) => {
    const stop = every(retryPeriodMs, () => {
      stop();
      resolve();
    });
  });
}
