import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ChainView } from '@sluice/api-client';
import { hashChange, verifyChain } from '../changes/chain.ts';
import { findSecretProblem } from '../credentials/check-secret.ts';
import { createSecretBox, secretFile } from '../credentials/secret-box.ts';
import { migrateToLatest } from '../database/migrations.ts';
import type { ChangeRow, Database, EnvironmentRow, Reads, Writes } from '../database/schema.ts';
import { createKysely, databaseFile, lockDataFolder } from '../database/sqlite.ts';
import { ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';
import { listEnvironments, listProjects } from '../projects/environment-queries.ts';
import { backupSecretName, backupTimeName } from './create-backup.ts';

/** SDKs drop objects whose version is not higher than theirs, so a restored environment starts far above. */
const versionJump = 1_000_000;

export interface RestoredBackup {
  /** Where the database that was there before is now; undefined: there was none. */
  readonly replaced: string | undefined;
  /** Where the secret is now that the backup brought for its keys; undefined: it brought none. */
  readonly secretFile: string | undefined;
  readonly environments: readonly {
    readonly project: string;
    readonly environment: string;
    readonly version: number;
  }[];
}

/**
 * Puts a backup in place of a data folder's database, which is kept under another name. Every environment starts a new
 * epoch, far above the versions that SDKs may have seen. The server must not run; a damaged backup is refused.
 */
export async function restoreSqliteBackup(
  file: string,
  folder: string,
  { platform, secret }: { readonly platform: Platform; readonly secret: string | undefined },
): Promise<RestoredBackup> {
  if (!existsSync(file)) throw new ServerError('not-found', `there is no file ${file}`);
  const unlock = lockDataFolder(folder);
  const unfinished = join(folder, `${databaseFile}.unfinished`);
  try {
    rmSync(unfinished, { force: true });
    copyFileSync(file, unfinished);
    const { environments, backupSecret } = await prepareBackup(unfinished, file, { platform, secret });
    const replaced = setAside(folder, platform.now());
    const ownSecret = backupSecret === undefined ? undefined : replaceSecret(folder, backupSecret, platform.now());
    renameSync(unfinished, join(folder, databaseFile));
    return { replaced, environments, secretFile: ownSecret };
  } finally {
    rmSync(unfinished, { force: true });
    unlock();
  }
}

export interface PreparedBackup {
  readonly environments: RestoredBackup['environments'];
  readonly backupSecret: string | undefined;
}

/**
 * Makes of a copy of a backup what is going to be used: brings it up to date, follows its chains, starts new epochs.
 * Throws `conflict` when it is damaged, or when its keys cannot be read.
 */
export async function prepareBackup(
  copy: string,
  file: string,
  { platform, secret }: { readonly platform: Platform; readonly secret: string | undefined },
): Promise<PreparedBackup> {
  const sqlite = openChecked(copy, file);
  const db = createKysely(sqlite);
  try {
    await migrateToLatest(db);
    // A link that was used or taken back since would be good again.
    await db.deleteFrom('recoveries').execute();
    const backupSecret = await takeFact(db, backupSecretName);
    const createdAt = Number((await takeFact(db, backupTimeName)) ?? 0);
    await checkSecret(db, backupSecret ?? secret, platform);
    const rows = await verifyChains(db, file, platform);
    const environments = await db.transaction().execute(async (writes) => {
      const restored: EnvironmentRow[] = [];
      for (const row of rows) restored.push(await startEpoch(writes, row, createdAt, platform));
      return restored;
    });
    sqlite.exec('pragma wal_checkpoint(truncate); pragma journal_mode = delete');
    return {
      backupSecret,
      environments: environments.map(({ projectKey, key, version }) => ({
        project: projectKey,
        environment: key,
        version,
      })),
    };
  } finally {
    await db.destroy();
  }
}

/** Opens a copy of what should be a backup. */
function openChecked(copy: string, file: string): DatabaseSync {
  const sqlite = new DatabaseSync(copy);
  try {
    sqlite.exec('pragma synchronous = full; pragma foreign_keys = on');
    const check = sqlite.prepare('pragma integrity_check').get();
    const isOurs = sqlite.prepare("select count(*) as n from sqlite_master where name = 'environments'").get();
    if (check?.integrity_check !== 'ok' || isOurs?.n !== 1) throw new Error('it is not a whole Sluice database');
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw new ServerError(
      'conflict',
      `${file} cannot be restored: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Follows the chain of every environment; throws `conflict` where one is broken. */
export async function verifyChains(reads: Reads, file: string, platform: Platform): Promise<readonly EnvironmentRow[]> {
  const environments = await listAllEnvironments(reads);
  for (const { id, projectKey, key, version } of environments) {
    const { broken } = await verifyChain(reads, id, platform);
    const problem = broken ?? (await findSurplus(reads, id, version));
    if (problem === undefined) continue;
    throw new ServerError(
      'conflict',
      `${file} is damaged: version ${problem.version} of ${projectKey}/${key}: ${problem.reason}`,
    );
  }
  return environments;
}

/** In a server's database changes may be added while a chain is followed; in a backup none can come after its head. */
async function findSurplus(reads: Reads, environmentId: string, head: number): Promise<ChainView['broken']> {
  const row = await reads
    .selectFrom('changes')
    .select('version')
    .where('environmentId', '=', environmentId)
    .where('version', '>', head)
    .orderBy('version')
    .executeTakeFirst();
  return row && { ...row, reason: 'the environment had not come so far' };
}

async function listAllEnvironments(reads: Reads): Promise<readonly EnvironmentRow[]> {
  const environments: EnvironmentRow[] = [];
  for (const { key } of await listProjects(reads)) environments.push(...(await listEnvironments(reads, key)));
  return environments;
}

async function takeFact(db: Database, name: string): Promise<string | undefined> {
  const row = await db.deleteFrom('meta').where('name', '=', name).returning('value').executeTakeFirst();
  return row?.value;
}

/** The stored keys must be readable with the secret that the server will have. */
async function checkSecret(db: Database, secret: string | undefined, platform: Platform): Promise<void> {
  const problem = await findSecretProblem(db, createSecretBox(secret ?? '', platform));
  if (problem === undefined) return;
  const message = 'the backup was made with SLUICE_SECRET; set the same SLUICE_SECRET to restore it';
  throw new ServerError('conflict', message, problem);
}

/** Everything counts as changed, in one recorded change. */
async function startEpoch(
  writes: Writes,
  row: EnvironmentRow,
  createdAt: number,
  platform: Platform,
): Promise<EnvironmentRow> {
  const version = row.version + versionJump;
  const change: Omit<ChangeRow, 'hash'> = {
    id: createId(platform),
    environmentId: row.id,
    version,
    groupId: null,
    instructionsJson: JSON.stringify([{ kind: 'restore-backup', createdAt }]),
    effectsJson: '[]',
    comment: `restored from the backup of ${new Date(createdAt).toISOString()}`,
    actor: 'sluice backup restore',
    createdAt: platform.now(),
    previousHash: row.chainHead,
  };
  const hash = hashChange({ ...change, objects: [] });
  await writes
    .insertInto('changes')
    .values({ ...change, hash })
    .execute();
  const objects = await writes
    .selectFrom('objects')
    .select(['kind', 'key', 'compiledJson'])
    .where('environmentId', '=', row.id)
    .execute();
  for (const { kind, key, compiledJson } of objects) {
    const stamped = compiledJson === null ? null : JSON.stringify({ ...JSON.parse(compiledJson), version });
    await writes
      .updateTable('objects')
      .set({ version, compiledJson: stamped })
      .where('environmentId', '=', row.id)
      .where('kind', '=', kind)
      .where('key', '=', key)
      .execute();
  }
  const next = { ...row, version, epoch: createId(platform, 8), chainHead: hash };
  await writes.updateTable('environments').set(next).where('id', '=', row.id).execute();
  return next;
}

/**
 * Gives the folder's database another name, unopened: it may be damaged. Its log goes with it and first, because beside
 * another database it would be taken for that one's.
 */
function setAside(folder: string, now: number): string | undefined {
  const path = join(folder, databaseFile);
  const aside = `${path}.replaced-${now}`;
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return existsSync(aside) ? aside : undefined;
}

/** Makes a secret the one of a data folder, and tells where it is; one that was there is kept under another name. */
export function replaceSecret(folder: string, secret: string, now: number): string {
  const path = join(folder, secretFile);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8').trim() === secret) return path;
    renameSync(path, `${path}.replaced-${now}`);
  }
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return path;
}
