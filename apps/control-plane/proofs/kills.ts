import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgresCluster } from '@sluice/testkit';
import { sql } from 'kysely';
import { verifyChain } from '../src/changes/chain.ts';
import { createPatientDatabase } from '../src/database/postgres-connection.ts';
import type { Database } from '../src/database/schema.ts';
import { createKysely, databaseFile } from '../src/database/sqlite.ts';
import { nodePlatform } from '../src/platform.ts';
import { startServerProcess } from './server-process.ts';

/** A change that the server acknowledged. */
interface Acknowledged {
  readonly id: string;
  readonly version: number;
}

export interface KillsReport {
  readonly kills: number;
  /** Changes acknowledged in all. */
  readonly acknowledged: number;
  /** What was wrong after a kill, in words; empty: nothing ever was. */
  readonly violations: readonly string[];
}

export interface KillsOptions {
  readonly kills: number;
  /** The embedded database unless told otherwise. */
  readonly store?: 'sqlite' | 'postgres';
  /** A module that the server loads first, to break something on purpose; the run ends at the first violation. */
  readonly sabotage?: string;
  readonly onProgress?: (line: string) => void;
}

const writers = 4;
const flags = ['one', 'two', 'three'];
/** The server is killed at some moment of the load's first so many milliseconds. */
const killWithinMs = 250;

/** Of `pragma synchronous`: a commit is on disk when it returns. */
const full = 2;
const watch = join(import.meta.dirname, 'tell-synchronous.ts');

/**
 * Kills the server at random moments under write load, again and again on the same data, and looks each time whether
 * every acknowledged change is there, versions have no gaps, the chain is intact, and each object is as the last change
 * that touched it left it.
 *
 * SIGKILL takes the process and leaves the kernel, with everything that was written and is not yet on disk. So this
 * shows that nothing is acknowledged before it is written, and nothing is written by halves; it cannot show that what
 * was written survives a power cut. That rests on SQLite's `synchronous=FULL`, which the proof asks of the connection
 * that writes changes, in each server that it kills.
 */
export async function proveKills({
  kills,
  store = 'sqlite',
  sabotage,
  onProgress,
}: KillsOptions): Promise<KillsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kills-'));
  const { databaseUrl, openData, close } = store === 'postgres' ? await createPostgres() : createEmbedded(folder);
  const acknowledged: Acknowledged[] = [];
  const violations: string[] = [];
  try {
    for (let kill = 0; kill < kills; kill++) {
      const before = acknowledged.length;
      const preloads = [...(sabotage === undefined ? [] : [sabotage]), ...(store === 'postgres' ? [] : [watch])];
      const server = await startServerProcess({ folder, databaseUrl, preloads });
      if (kill === 0) for (const key of flags) await createFlag(server.url, server.apiToken, key);
      const writing = Array.from({ length: writers }, () => write(server.url, server.apiToken, acknowledged));
      // A busy machine takes long for the first changes; in every fourth server even these may be cut. One that was
      // broken on purpose may acknowledge nothing any more.
      const patience = AbortSignal.timeout(kill % 4 > 0 ? 5000 : 0);
      while (acknowledged.length < before + writers && !patience.aborted) await pause(1);
      await pause(Math.random() * killWithinMs);
      await server.kill();
      await Promise.all(writing);
      const db = await openData();
      const found = [
        ...(store === 'sqlite' && acknowledged.length > before ? inspectSynchronous(server.told) : []),
        ...(await inspect(db, acknowledged).finally(() => db.destroy())),
      ];
      violations.push(...found.map((violation) => `after kill ${kill + 1}: ${violation}`));
      if ((kill + 1) % 10 === 0) onProgress?.(`${kill + 1} kills, ${acknowledged.length} changes acknowledged`);
      if (sabotage !== undefined && violations.length > 0)
        return { kills: kill + 1, acknowledged: acknowledged.length, violations };
    }
    return { kills, acknowledged: acknowledged.length, violations };
  } finally {
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the server under proof has its data. */
interface DataUnderProof {
  readonly databaseUrl: string | undefined;
  /** Opens the data as a server that was killed left it. */
  openData(): Promise<Database>;
  close(): Promise<void>;
}

function createEmbedded(folder: string): DataUnderProof {
  return {
    databaseUrl: undefined,
    openData: async () => createKysely(new DatabaseSync(join(folder, databaseFile))),
    close: async () => undefined,
  };
}

async function createPostgres(): Promise<DataUnderProof> {
  // The server is killed, not PostgreSQL.
  const { url, close } = await startPostgresCluster();
  return {
    databaseUrl: url,
    openData: async () => {
      const db = createPatientDatabase(url);
      // PostgreSQL finishes what the server had sent before it was killed.
      await untilNobodyWrites(db);
      return db;
    },
    close,
  };
}

async function untilNobodyWrites(db: Database): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`.execute(db);
    if (rows.length === 0) return;
  }
}

async function createFlag(url: string, token: string, key: string): Promise<void> {
  const response = await post(`${url}/api/v1/projects/default/flags`, token, { key });
  if (response.status !== 201) throw new Error(`flag ${key} could not be created: ${await response.text()}`);
}

/** Makes changes one after the other until the server is gone. */
async function write(url: string, token: string, acknowledged: Acknowledged[]): Promise<void> {
  for (let count = 0; ; count++) {
    const flag = flags[count % flags.length];
    // Each change looks different from the one before, and grows the flag a little, unless the user is there already.
    const instructions = [
      { kind: count % 2 === 0 ? 'turn-on' : 'turn-off' },
      { kind: 'add-targets', variation: 'on', keys: [`user-${Math.floor(Math.random() * 1000)}`] },
    ];
    try {
      const response = await post(`${url}/api/v1/projects/default/environments/production/changes`, token, {
        flag,
        instructions,
      });
      const { id, version, status } = (await response.json()) as Acknowledged & { readonly status: string };
      if (response.status === 200 && status === 'applied') acknowledged.push({ id, version });
    } catch {
      // The connection broke: whether the last change was made is unknown, and both are right.
      return;
    }
  }
}

function post(url: string, token: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** A server that acknowledged a change has told this before. */
function inspectSynchronous(told: readonly unknown[]): readonly string[] {
  const expected = JSON.stringify({ synchronous: full });
  const found = told.map((each) => JSON.stringify(each));
  if (found.length > 0 && found.every((each) => each === expected)) return [];
  return [
    `changes were acknowledged that need not be on disk: expected ${expected}, got ${found.join(', ') || 'nothing'}`,
  ];
}

/** Looks at the data while no server has it. */
async function inspect(db: Database, acknowledged: readonly Acknowledged[]): Promise<readonly string[]> {
  const environments = await db.selectFrom('environments').selectAll().execute();
  const violations: string[] = [];
  const stored = new Map<string, number>();
  for (const { id, key } of environments) {
    const { intact, broken } = await verifyChain(db, id, nodePlatform);
    if (!intact) violations.push(`${key}: version ${broken?.version}: ${broken?.reason}`);
    const changes = await db
      .selectFrom('changes')
      .select(['id', 'version'])
      .where('environmentId', '=', id)
      .orderBy('version')
      .execute();
    for (const [index, change] of changes.entries()) {
      stored.set(change.id, change.version);
      if (change.version !== index + 1) violations.push(`${key}: expected version ${index + 1}, got ${change.version}`);
    }
    violations.push(...(await inspectObjects(db, id)).map((violation) => `${key}: ${violation}`));
  }
  for (const { id, version } of acknowledged) {
    if (stored.get(id) !== version)
      violations.push(`change ${id} was acknowledged as version ${version} and is not there`);
  }
  return violations;
}

/** Every object must be as the last change that touched it left it. */
async function inspectObjects(db: Database, environmentId: string): Promise<readonly string[]> {
  const objects = await db.selectFrom('objects').selectAll().where('environmentId', '=', environmentId).execute();
  const violations: string[] = [];
  for (const { kind, key, stateJson, touchedVersion } of objects) {
    const last = await db
      .selectFrom('changeObjects')
      .select(['version', 'afterJson'])
      .where('environmentId', '=', environmentId)
      .where('kind', '=', kind)
      .where('key', '=', key)
      .orderBy('version', 'desc')
      .executeTakeFirst();
    const after = last?.afterJson === null || last?.afterJson === undefined ? undefined : JSON.parse(last.afterJson);
    const expected = after === undefined ? null : JSON.stringify(after.configuration);
    if (last?.version !== touchedVersion || stateJson !== expected)
      violations.push(`${kind} ${key} is not as version ${last?.version} left it`);
  }
  return violations;
}
