import type { Platform } from '../platform.ts';
import { type CreatedBackup, createSqliteBackup } from './create-backup.ts';
import { type RestoredBackup, restoreSqliteBackup } from './restore-backup.ts';

/** Where a server has its data. */
export interface DataPlace {
  readonly folder: string;
  /** Of PostgreSQL; undefined: the embedded database in the folder. */
  readonly databaseUrl: string | undefined;
}

/** Writes everything that servers have to one file, while they run or not. */
export async function createBackup(
  { folder, databaseUrl }: DataPlace,
  file: string,
  platform: Platform,
): Promise<CreatedBackup> {
  if (databaseUrl === undefined) return createSqliteBackup(folder, file, platform.now());
  const { createPostgresBackup } = await import('./postgres-backup.ts');
  return createPostgresBackup({ folder, url: databaseUrl }, file, platform);
}

/** How a backup is put in place. */
export interface RestoreOptions {
  readonly platform: Platform;
  /** As set by SLUICE_SECRET. */
  readonly secret: string | undefined;
  /** Also where PostgreSQL has other data, which is lost then; the embedded database is kept under another name. */
  readonly replace?: boolean;
}

/** Puts a backup, whichever database it was made of, in place of what servers have. None may run meanwhile. */
export async function restoreBackup(
  file: string,
  { folder, databaseUrl }: DataPlace,
  { platform, secret, replace = false }: RestoreOptions,
): Promise<RestoredBackup> {
  if (databaseUrl === undefined) return restoreSqliteBackup(file, folder, { platform, secret });
  const { restorePostgresBackup } = await import('./postgres-backup.ts');
  return restorePostgresBackup(file, { folder, url: databaseUrl, replace }, { platform, secret });
}
