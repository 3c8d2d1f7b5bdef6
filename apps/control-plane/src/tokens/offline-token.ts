import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataPlace } from '../backup/backups.ts';
import { openEmbedded } from '../database/open-store.ts';
import { databaseFile } from '../database/sqlite.ts';
import type { Store, StoreSurroundings } from '../database/store.ts';
import { ServerError } from '../errors.ts';
import { refuseTakenName } from '../people/names.ts';
import { type CreatedToken, createApiToken } from './token-commands.ts';

/**
 * Adds an API token without asking a server, for whoever has lost all of them. Servers of a PostgreSQL database may run
 * and take it at once; the embedded database must not be open.
 */
export async function createOfflineToken(
  place: DataPlace,
  name: string,
  surroundings: StoreSurroundings,
): Promise<CreatedToken> {
  const store = await open(place, surroundings);
  try {
    return await store.db.transaction().execute(async (writes) => {
      await refuseTakenName(writes, name, 'token');
      return createApiToken(writes, { name }, surroundings.platform);
    });
  } finally {
    await store.close();
  }
}

async function open({ folder, databaseUrl }: DataPlace, surroundings: StoreSurroundings): Promise<Store> {
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('../database/postgres.ts');
    return openPostgres(databaseUrl, surroundings);
  }
  if (!existsSync(join(folder, databaseFile))) throw new ServerError('not-found', `there is no database in ${folder}`);
  return openEmbedded(folder);
}
