import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { findSecretProblem } from '../credentials/check-secret.ts';
import { createSecretBox } from '../credentials/secret-box.ts';
import { describeDatabase } from '../database/database-url.ts';
import { migrateLike, migrateToLatest } from '../database/migrations.ts';
import { createPatientDatabase } from '../database/postgres-connection.ts';
import { toSentence } from '../database/postgres-errors.ts';
import { runningLock } from '../database/postgres-session.ts';
import type { Database, Reads, Writes } from '../database/schema.ts';
import { createKysely } from '../database/sqlite.ts';
import { describeError, ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { listProjects } from '../projects/environment-queries.ts';
import { copiedTables, copyTables } from './copy-tables.ts';
import { addFacts, type CreatedBackup, findOwnSecret, writeBackup } from './create-backup.ts';
import { prepareBackup, type RestoredBackup, replaceSecret, verifyChains } from './restore-backup.ts';

/** A PostgreSQL database, and the data folder of a server on it. */
export interface PostgresPlace {
  readonly url: string;
  readonly folder: string;
}

interface BackupSurroundings {
  readonly platform: Platform;
  /** As set by SLUICE_SECRET. */
  readonly secret: string | undefined;
}

/**
 * Writes everything in a PostgreSQL database to one file, as of one moment, while servers run on it or not. The file is
 * like one of an embedded database. The secret of the data folder is in it when the keys are encrypted with that.
 */
export function createPostgresBackup(
  { url, folder }: PostgresPlace,
  file: string,
  platform: Platform,
): Promise<CreatedBackup> {
  return writeBackup(file, (unfinished) =>
    use(url, async (db) => {
      const moment = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
      await moment.execute(async (reads) => {
        await requireOurs(reads, url);
        await writeCopy(reads, unfinished);
        const secret = findOwnSecret(folder);
        const isTheirs = secret !== undefined && (await opens(reads, secret, platform));
        addFacts(unfinished, { now: platform.now(), secret: isTheirs ? secret : undefined });
      });
    }),
  );
}

/**
 * Puts a backup into a PostgreSQL database that is empty, or with `replace` in place of all that is there: everything
 * or nothing. Every environment starts a new epoch, as in an embedded database. No server may run on it; a damaged
 * backup is refused.
 */
export async function restorePostgresBackup(
  file: string,
  { url, folder, replace }: PostgresPlace & { readonly replace: boolean },
  { platform, secret }: BackupSurroundings,
): Promise<RestoredBackup> {
  if (!existsSync(file)) throw new ServerError('not-found', `there is no file ${file}`);
  const temporary = mkdtempSync(join(tmpdir(), 'sluice-restore-'));
  try {
    const copy = join(temporary, 'backup.db');
    copyFileSync(file, copy);
    const { environments, backupSecret } = await prepareBackup(copy, file, { platform, secret });
    const source = createKysely(new DatabaseSync(copy, { readOnly: true }));
    try {
      if (secret !== undefined && !(await opens(source, secret, platform))) throw otherSecret(folder);
      await use(url, (db) =>
        db.transaction().execute((writes) => replaceAll(source, writes, { file, url, replace, platform })),
      );
    } finally {
      await source.destroy();
    }
    // The servers are going to read the keys with the one of the folder only where none is set.
    if (secret !== undefined || backupSecret === undefined)
      return { replaced: undefined, environments, secretFile: undefined };
    const secretFile = replaceSecret(folder, backupSecret, platform.now());
    return { replaced: undefined, environments, secretFile };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Opens a database for some work; what is wrong with it is told in a sentence. */
async function use(url: string, work: (db: Database) => Promise<void>): Promise<void> {
  const db = createPatientDatabase(url);
  try {
    await work(db);
  } catch (error) {
    throw toSentence(error, url);
  } finally {
    await db.destroy();
  }
}

async function requireOurs(reads: Reads, url: string): Promise<void> {
  const { rows } = await sql<{ isOurs: boolean }>`select to_regclass('environments') is not null as is_ours`.execute(
    reads,
  );
  if (rows[0]?.isOurs !== true)
    throw new ServerError('not-found', `there is no data of Sluice in ${describeDatabase(url)}`);
}

async function writeCopy(reads: Reads, file: string): Promise<void> {
  const sqlite = new DatabaseSync(file);
  const copy = createKysely(sqlite);
  try {
    chmodSync(file, 0o600);
    sqlite.exec('pragma synchronous = full');
    await migrateLike(copy, reads);
    await copy.transaction().execute((writes) => copyTables(reads, writes));
  } finally {
    await copy.destroy();
  }
}

async function opens(reads: Reads, secret: string, platform: Platform): Promise<boolean> {
  return (await findSecretProblem(reads, createSecretBox(secret, platform))) === undefined;
}

interface Replacement {
  readonly file: string;
  readonly url: string;
  readonly replace: boolean;
  readonly platform: Platform;
}

async function replaceAll(
  source: Database,
  writes: Writes,
  { file, url, replace, platform }: Replacement,
): Promise<void> {
  const database = describeDatabase(url);
  const lock = sql<{ isFree: boolean }>`select pg_try_advisory_xact_lock(${sql.join([...runningLock])}) as is_free`;
  if ((await lock.execute(writes)).rows[0]?.isFree !== true) {
    throw new ServerError('data-in-use', `Sluice servers run on ${database}; stop all of them first`);
  }
  await migrateToLatest(writes);
  const projects = (await listProjects(writes)).map(({ key }) => key);
  if (projects.length > 0 && !replace) {
    const message = `${database} is not empty: it has ${projects.map((key) => `\`${key}\``).join(', ')}. Nothing was restored; with --replace the backup takes the place of all that is there`;
    throw new ServerError('conflict', message);
  }
  // Whoever is logged in, or may come back by a link, may not be among the people of the backup.
  const emptied = [...copiedTables, 'sessions', 'recoveries'];
  await sql`truncate ${sql.join(emptied.map((table) => sql.table(table)))}`.execute(writes);
  await copyTables(source, writes).catch((error: unknown) => {
    throw toUnfit(error, file);
  });
  await verifyChains(writes, file, platform);
}

/** Rows of a backup that PostgreSQL does not take (SQLSTATE 22 and 23): what is wrong with the backup. */
function toUnfit(error: unknown, file: string): unknown {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string' || !/^2[23]/.test(code)) return error;
  const found =
    code === '22021' ? 'it has text with the character NUL, which PostgreSQL does not take' : describeError(error);
  return new ServerError('conflict', `${file} cannot be restored: ${found}`, { cause: error });
}

function otherSecret(folder: string): ServerError {
  const message = `the keys in the backup are encrypted with a secret that it brings along and that is not SLUICE_SECRET; restore it without SLUICE_SECRET, and then set that to what stands in ${join(folder, 'secret')}`;
  return new ServerError('conflict', message);
}
