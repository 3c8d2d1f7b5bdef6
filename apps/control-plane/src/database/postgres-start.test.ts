import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createFakeServerPlatform,
  createTestLog,
  findTestDatabase,
  type PostgresCluster,
  startPostgresCluster,
  type TestLog,
  testPostgresUrl,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseSettings, type RunningServer, startServer } from '../index.ts';
import { createPatientDatabase } from './postgres-connection.ts';

let cluster: PostgresCluster;
let folder: string;
let log: TestLog;
let platform: ReturnType<typeof createFakeServerPlatform>;
let port: number;
let started: RunningServer[];

beforeAll(async () => {
  cluster = await startPostgresCluster();
  port = Number(new URL((await startAndStop(cluster.url)).url).port);
});

afterAll(() => cluster.close());

beforeEach(() => {
  started = [];
  log = createTestLog();
  platform = createFakeServerPlatform();
  folder = mkdtempSync(join(tmpdir(), 'sluice-start-'));
});

afterEach(async () => {
  for (const server of started) await server.close();
  rmSync(folder, { recursive: true });
});

/** A server that ran once; its port is free afterwards. */
async function startAndStop(databaseUrl: string): Promise<RunningServer> {
  const data = mkdtempSync(join(tmpdir(), 'sluice-start-'));
  const settings = parseSettings({ data, 'database-url': databaseUrl, port: '0' }, {});
  const server = await startServer(settings, { platform: createFakeServerPlatform(), log: createTestLog().log });
  await server.close();
  rmSync(data, { recursive: true });
  return server;
}

async function start(databaseUrl: string): Promise<RunningServer> {
  const settings = parseSettings(
    { data: folder, 'database-url': databaseUrl, port: String(port) },
    { SLUICE_SECRET: 'the-secret-of-all' },
  );
  const server = await startServer(settings, { platform, log: log.log });
  started.push(server);
  return server;
}

function changeUrl(parts: Partial<Record<'password' | 'pathname' | 'username', string>>): string {
  return Object.assign(new URL(testPostgresUrl()), parts).href;
}

describe('a server that starts before its database', () => {
  let url: string;

  beforeEach(async () => {
    url = Object.assign(new URL(cluster.url), { pathname: '/late' }).href;
    const admin = createPatientDatabase(cluster.url);
    await sql`drop database if exists late`.execute(admin);
    await sql`create database late`.execute(admin);
    await admin.destroy();
    await cluster.stop('fast');
  });

  afterEach(() => cluster.start());

  test('answers 503, says every few seconds what it waits for, and is ready once the database is', async () => {
    const starting = start(url);
    await until(() => log.lines.length === 1);
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, 'starting\n']);
    await platform.clock.advance(3000);
    await until(() => log.lines.length === 2);
    for (const line of log.lines) {
      expect(JSON.parse(line).msg).toMatch(
        /^the database postgres:\/\/sluice@127\.0\.0\.1:\d+\/late cannot be reached: connect ECONNREFUSED .*; trying again$/,
      );
    }
    await cluster.start();
    await platform.clock.advance(3000);
    await starting;
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  test('gives up after a minute, with a sentence, and without the password anywhere', async () => {
    const starting = start(url).then(
      () => undefined,
      (error: unknown) => error,
    );
    for (let tries = 1; tries <= 20; tries++) {
      await until(() => log.lines.length === tries);
      await platform.clock.advance(3000);
    }
    const error = await starting;
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /cannot be reached: connect ECONNREFUSED .*; check that it runs, and --database-url \(SLUICE_DATABASE_URL\); tried for 60 s$/,
      ),
    });
    expect(JSON.stringify(error) + log.lines.join('')).not.toContain(cluster.password);
  });
});

describe('a server does not wait for a database that', () => {
  test.each<[string, () => string | Promise<string>, string]>([
    [
      'refuses the password',
      () => changeUrl({ password: 'wrong' }),
      'refuses the login: password authentication failed for user "sluice"; check user, password and database in --database-url',
    ],
    [
      'is not there',
      () => changeUrl({ pathname: '/nowhere' }),
      'refuses the login: database "nowhere" does not exist; check',
    ],
    [
      'has an encoding that cannot hold every text',
      async () => {
        const admin = createPatientDatabase(testPostgresUrl());
        await sql`drop database if exists latin`.execute(admin);
        await sql`create database latin encoding 'LATIN1' locale_provider libc locale 'C' template template0`.execute(
          admin,
        );
        await admin.destroy();
        return changeUrl({ pathname: '/latin' });
      },
      'cannot be used: the encoding of the database must be UTF8, got LATIN1',
    ],
    [
      'lets its user create no tables',
      async () => {
        const url = (await findTestDatabase(folder)) ?? '';
        const admin = createPatientDatabase(url);
        await sql`revoke create on schema public from public`.execute(admin);
        await sql`drop role if exists reader`.execute(admin);
        await sql`create role reader login password 'reader'`.execute(admin);
        await admin.destroy();
        return Object.assign(new URL(url), { username: 'reader', password: 'reader' }).href;
      },
      'cannot be used: permission denied for schema public',
    ],
  ])('%s', async (_, prepare, message) => {
    await expect(start(await prepare())).rejects.toMatchObject({
      name: 'ServerError',
      message: expect.stringContaining(message),
    });
    expect(log.lines).toEqual([]);
  });
});

describe('several servers that start on an empty database at once', () => {
  const count = 5;
  let folders: string[];

  beforeEach(() => {
    folders = Array.from({ length: count }, () => mkdtempSync(join(tmpdir(), 'sluice-start-')));
  });

  afterEach(() => {
    for (const each of folders) rmSync(each, { recursive: true });
  });

  async function startAll(
    variables: Readonly<Record<string, string>>,
  ): Promise<readonly PromiseSettledResult<RunningServer>[]> {
    const databaseUrl = await findTestDatabase(folder);
    const starting = folders.map(async (data) => {
      const settings = parseSettings({ data, 'database-url': databaseUrl, port: '0' }, variables);
      const server = await startServer(settings, { platform: createFakeServerPlatform(), log: log.log });
      started.push(server);
      return server;
    });
    return Promise.allSettled(starting);
  }

  test('bring it up to date and fill it once, and the one that did so has the keys', async () => {
    const outcomes = await startAll({ SLUICE_SECRET: 'the-secret-of-all' });
    expect(outcomes.map(({ status }) => status)).toEqual(Array(count).fill('fulfilled'));
    expect(started.filter(({ firstStart }) => firstStart !== undefined)).toHaveLength(1);
    const [{ context } = expect.fail()] = started;
    const projects = await context.db.selectFrom('projects').select('key').execute();
    const environments = await context.db.selectFrom('environments').select('key').orderBy('key').execute();
    expect([projects, environments]).toEqual([[{ key: 'default' }], [{ key: 'production' }, { key: 'staging' }]]);
  });

  test('are refused, all but the first, when each has a secret of its own', async () => {
    const outcomes = await startAll({});
    expect(started).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({
          code: 'invalid-settings',
          message: expect.stringContaining('all servers of a database need the same; set SLUICE_SECRET'),
        });
    }
  });
});
