import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createFakeServerPlatform,
  createTestLog,
  dropTestDatabase,
  findTestDatabase,
  startTestServer,
  type TestServer,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../database/open-store.ts';
import type { Database } from '../database/schema.ts';
import type { Store } from '../database/store.ts';
import { parseSettings } from '../index.ts';
import { Leadership } from './leadership.ts';

let folder: string;
let stores: Store[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-leadership-'));
  stores = [];
});

afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(folder, { recursive: true });
  await dropTestDatabase(folder);
});

interface Candidate {
  readonly store: Store;
  readonly leadership: Leadership;
}

/** A server as far as leading is concerned; it looks around when a test tells it to. */
async function createCandidate(): Promise<Candidate> {
  const settings = parseSettings({ data: folder, 'database-url': await findTestDatabase(folder) }, {});
  const { log } = createTestLog();
  const store = await openStore(settings, { platform: createFakeServerPlatform(), log });
  stores.push(store);
  return { store, leadership: new Leadership(store, log) };
}

/** Ends the connection that holds the lock, from PostgreSQL's side. */
async function breakLeader(db: Database): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
    where datname = current_database() and locktype = 'advisory' and objid = 2 and granted`.execute(db);
}

function untilLeading({ leadership }: Candidate): Promise<void> {
  return until(async () => {
    await leadership.beat();
    return leadership.isLeading;
  });
}

/** Writes a name as the leader. */
function write({ leadership }: Candidate, name: string): Promise<void> {
  return leadership.write(async (writes) => {
    await writes.insertInto('meta').values({ name, value: '' }).execute();
  });
}

async function readNames(db: Database): Promise<readonly string[]> {
  return (await db.selectFrom('meta').select('name').orderBy('name').execute()).map(({ name }) => name);
}

describe('of the servers of one database', () => {
  test('one leads, however often all try', async () => {
    const candidates = await Promise.all([1, 2, 3].map(createCandidate));
    for (let round = 0; round < 3; round++) await Promise.all(candidates.map(({ leadership }) => leadership.beat()));
    expect(candidates.filter(({ leadership }) => leadership.isLeading)).toHaveLength(1);
    for (const candidate of candidates) await write(candidate, 'written once');
    expect(await readNames(candidates[0]?.store.db ?? expect.fail())).toEqual(['written once']);
  });

  test('another leads once the leader has stopped', async () => {
    const [first, second] = [await createCandidate(), await createCandidate()];
    await first.leadership.beat();
    await second.leadership.beat();
    expect([first, second].map(({ leadership }) => leadership.isLeading)).toEqual([true, false]);
    await first.store.close();
    stores.shift();
    await untilLeading(second);
    await write(second, 'by the second');
    expect(await readNames(second.store.db)).toEqual(['by the second']);
  });

  test('the leader hears that its lock is gone, and may lead again later', async () => {
    const [first, second] = [await createCandidate(), await createCandidate()];
    await first.leadership.beat();
    await breakLeader(second.store.db);
    await untilLeading(second);
    await until(async () => {
      await first.leadership.beat();
      return !first.leadership.isLeading;
    });
    await breakLeader(second.store.db);
    await untilLeading(first);
    await write(first, 'again');
    expect(await readNames(first.store.db)).toEqual(['again']);
  });
});

describe('a leader that was paused and does not know that it lost the lead', () => {
  test('writes nothing', async () => {
    const [paused, next] = [await createCandidate(), await createCandidate()];
    await paused.leadership.beat();
    await breakLeader(next.store.db);
    await untilLeading(next);
    // It has not looked around since.
    expect(paused.leadership.isLeading).toBe(true);
    await write(paused, 'by the paused one');
    expect(paused.leadership.isLeading).toBe(false);
    await write(next, 'by the next one');
    expect(await readNames(next.store.db)).toEqual(['by the next one']);
  });

  test('in the middle of a write finishes it before another leads', async () => {
    const [paused, next] = [await createCandidate(), await createCandidate()];
    await paused.leadership.beat();
    const [began, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const writing = paused.leadership.write(async (writes) => {
      began.resolve();
      await mayEnd.promise;
      await writes.insertInto('meta').values({ name: 'by the paused one', value: '' }).execute();
    });
    await began.promise;
    await breakLeader(next.store.db);
    const taking = untilLeading(next);
    // The next one has the lock, and waits for the token.
    await until(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(paused.store.db);
      return rows.length > 0;
    });
    expect(next.leadership.isLeading).toBe(false);
    mayEnd.resolve();
    await writing;
    await taking;
    await write(paused, 'too late');
    expect(await readNames(next.store.db)).toEqual(['by the paused one']);
  });
});

test('never two servers write as leaders, whatever happens to their connections', async () => {
  const candidates = await Promise.all([1, 2, 3].map(createCandidate));
  const { db } = candidates[0]?.store ?? expect.fail();
  await sql`create table led (at bigserial, token bigint, by int)`.execute(db);
  let rounds = 0;
  async function run({ leadership }: Candidate, by: number): Promise<void> {
    while (rounds < 150) {
      rounds++;
      await leadership.beat().catch(() => undefined);
      // Others have time to take the lead before this one writes.
      if (rounds % 3 === by) await breakLeader(db);
      await leadership.write(async (writes) => {
        await sql`insert into led (token, by) select token, ${by} from leadership`.execute(writes);
      });
    }
  }
  await Promise.all(candidates.map(run));
  const { rows } = await sql<{ token: number; by: number }>`select token, by from led order by at`.execute(db);
  const tokens = rows.map(({ token }) => token);
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  const holders = Map.groupBy(rows, ({ token }) => token);
  for (const [token, writes] of holders) {
    expect([token, new Set(writes.map(({ by }) => by)).size]).toEqual([token, 1]);
  }
  expect(holders.size).toBeGreaterThan(3);
});

describe('what is done once for all servers', () => {
  const hour = 3_600_000;
  let servers: TestServer[];
  let logs: ReturnType<typeof createTestLog>[];
  let platforms: ReturnType<typeof createFakeServerPlatform>[];

  beforeEach(async () => {
    logs = [createTestLog(), createTestLog()];
    platforms = [createFakeServerPlatform(), createFakeServerPlatform()];
    servers = [];
    const shared = {
      databaseUrl: await findTestDatabase(folder),
      variables: { SLUICE_SECRET: 'the-secret-of-all' },
    };
    for (const [at, { log }] of logs.entries()) {
      servers.push(await startTestServer({ platform: platforms[at] ?? {}, log, ...shared }));
    }
  });

  afterEach(async () => {
    for (const server of servers) await server.close();
  });

  async function readGauges(): Promise<readonly (string | undefined)[]> {
    const pages = servers.map(async ({ url }) => (await fetch(`${url}/metrics`)).text());
    return (await Promise.all(pages)).map((text) => /^sluice_leader (\d)$/m.exec(text)?.[1]);
  }

  function countHeads(at: number): number {
    return logs[at]?.lines.filter((line) => line.includes('"chainHead"')).length ?? 0;
  }

  test('is done by the leader alone, which the metrics show', async () => {
    expect(await readGauges()).toEqual(['1', '0']);
    for (const { clock } of platforms) {
      clock.setTimeOfDay(clock.now() + 24 * hour);
      await clock.advance(hour);
    }
    await until(() => countHeads(0) >= 2);
    expect([countHeads(0), countHeads(1)]).toEqual([2, 0]);
  });

  test('is done by another when the leader is gone', async () => {
    await servers.shift()?.close();
    await until(async () => {
      await platforms[1]?.clock.advance(1000);
      return (await readGauges())[0] === '1';
    });
    await platforms[1]?.clock.advance(hour);
    await until(() => countHeads(1) >= 2);
    expect(await readGauges()).toEqual(['1']);
  });
});
