import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeServerPlatform, createTestLog, dropTestDatabase, findTestDatabase, until } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrateToLatest } from './migrations.ts';
import { createPatientDatabase } from './postgres-connection.ts';
import { PostgresSession } from './postgres-session.ts';
import type { Database } from './schema.ts';

let folder: string;
let db: Database;
let session: PostgresSession;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-session-'));
  const url = (await findTestDatabase(folder)) ?? '';
  db = createPatientDatabase(url);
  await migrateToLatest(db);
  session = new PostgresSession(url, createFakeServerPlatform(), createTestLog().log);
});

afterEach(async () => {
  await session.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
  await dropTestDatabase(folder);
});

/** Connections to the database besides the test's own. */
async function countConnections(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`.execute(db);
  return rows.length;
}

describe('the connection that a server keeps for itself', () => {
  test('gives the lead free when it is closed', async () => {
    await session.connect();
    expect(await session.beat()).toBe(1);
    await session.close();
    await until(async () => (await countConnections()) === 0);
    const { rows } = await sql`select from pg_locks join pg_database on pg_database.oid = database
      where datname = current_database() and locktype = 'advisory'`.execute(db);
    expect(rows).toEqual([]);
  });

  test('is not left behind when it is closed while it is being made', async () => {
    const connecting = session.connect();
    await session.close();
    await expect(connecting).rejects.toThrow('stopping');
    expect(await countConnections()).toBe(0);
  });

  test('that ends while it is being made is told, and made at one of the next beats', async () => {
    await session.connect();
    const ended = sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
    await ended.execute(db);
    await until(async () => (await countConnections()) === 0);
    const breaking = session.beat().catch((error: unknown) => error);
    await until(async () => (await countConnections()) > 0);
    await ended.execute(db);
    await breaking;
    await until(async () => (await session.beat().catch(() => undefined)) !== undefined);
    expect(await session.beat()).toBeGreaterThan(0);
  });
});
