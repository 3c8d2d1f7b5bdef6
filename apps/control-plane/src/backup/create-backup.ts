import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { secretFile } from '../credentials/secret-box.ts';
import { databaseFile } from '../database/sqlite.ts';
import { describeError, ServerError } from '../errors.ts';

export interface CreatedBackup {
  readonly file: string;
  readonly sizeBytes: number;
}

/** Where a backup keeps the server's secret, in table `meta`. */
export const backupSecretName = 'backup-secret';
export const backupTimeName = 'backup-created-at';

/**
 * Writes everything in a data folder to one file, while the server runs or not. The file holds the secret that the
 * server made for itself too, and is readable by its owner only; a secret from SLUICE_SECRET is not in it.
 */
export function createSqliteBackup(folder: string, file: string, now: number): Promise<CreatedBackup> {
  return writeBackup(file, async (unfinished) => {
    const source = join(folder, databaseFile);
    if (!existsSync(source)) throw new ServerError('not-found', `there is no database in ${folder}`);
    copyDatabase(source, unfinished);
    addFacts(unfinished, { now, secret: findOwnSecret(folder) });
  });
}

/** Writes a backup beside its place and puts it there when it is whole; leaves nothing behind when that fails. */
export async function writeBackup(file: string, write: (unfinished: string) => Promise<void>): Promise<CreatedBackup> {
  if (existsSync(file)) throw new ServerError('already-exists', `${file} exists already; nothing was written`);
  const unfinished = `${file}.unfinished`;
  try {
    // Empty it is as good as absent for SQLite, and nobody else reads it while it grows.
    writeFileSync(unfinished, '', { mode: 0o600 });
  } catch (cause) {
    const message = `the backup cannot be written to ${file}: ${describeError(cause)}`;
    throw new ServerError('invalid-settings', message, { cause });
  }
  try {
    await write(unfinished);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  return { file, sizeBytes: statSync(file).size };
}

/** The secret that a server made for itself in its data folder. */
export function findOwnSecret(folder: string): string | undefined {
  const path = join(folder, secretFile);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** A snapshot of one moment, also under writes. */
function copyDatabase(source: string, target: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(source, { readOnly: true });
    database.exec('pragma busy_timeout = 10000');
    database.prepare('vacuum into ?').run(target);
    chmodSync(target, 0o600);
  } catch (cause) {
    const message = `the database ${source} cannot be copied: ${describeError(cause)}`;
    throw new ServerError('data-damaged', message, { cause });
  } finally {
    database?.close();
  }
}

/** Notes when a backup was made, and the secret that its keys are encrypted with where it may be known. */
export function addFacts(file: string, { now, secret }: { now: number; secret: string | undefined }): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('pragma synchronous = full');
    const insert = database.prepare('insert or replace into meta (name, value) values (?, ?)');
    insert.run(backupTimeName, String(now));
    if (secret !== undefined) insert.run(backupSecretName, secret);
  } finally {
    database.close();
  }
}
