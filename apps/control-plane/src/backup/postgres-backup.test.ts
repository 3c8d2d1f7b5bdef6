import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  createFakeServerPlatform,
  createTestLog,
  dropTestDatabase,
  findTestDatabase,
  openTestStream,
  startTestServer,
  TestBrowser,
  type TestServer,
  type TestServerOptions,
  testPostgresUrl,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPatientDatabase } from '../database/postgres-connection.ts';
import type { Database } from '../database/schema.ts';
import { createKysely } from '../database/sqlite.ts';
import { createBackup, type DataPlace, nodePlatform, type RestoredBackup, restoreBackup } from '../index.ts';
import { createInvitation } from '../people/invitation-commands.ts';
import { copiedTables } from './copy-tables.ts';

const changes = '/projects/default/environments/production/changes';

let base: string;
let file: string;
/** Where the backup comes from, and where it goes to. */
let [origin, goal]: [DataPlace, DataPlace] = [
  { folder: '', databaseUrl: undefined },
  { folder: '', databaseUrl: undefined },
];
let running: TestServer[];

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'sluice-backup-'));
  file = join(base, 'backup.db');
  running = [];
  [origin, goal] = [await makePlace('origin'), await makePlace('goal')];
});

afterEach(async () => {
  for (const server of running) await server.close();
  rmSync(base, { recursive: true, force: true });
  for (const { folder } of [origin, goal]) await dropTestDatabase(folder);
});

async function makePlace(name: string): Promise<DataPlace> {
  const folder = join(base, name);
  return { folder, databaseUrl: await findTestDatabase(folder) };
}

function embedded({ folder }: DataPlace): DataPlace {
  return { folder, databaseUrl: undefined };
}

async function start({ folder, databaseUrl }: DataPlace, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer({ folder, databaseUrl, embedded: databaseUrl === undefined, ...options });
  running.push(server);
  return server;
}

async function stop(server: TestServer): Promise<void> {
  running = running.filter((other) => other !== server);
  await server.close();
}

/** A server that has one flag, turned on. */
async function startWithFlag(place: DataPlace, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await start(place, options);
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'é 漢 \u{1F600}' });
  return server;
}

function backUp(place = origin): Promise<unknown> {
  return createBackup(place, file, nodePlatform);
}

function restore(place = goal, options: { secret?: string; replace?: boolean } = {}): Promise<RestoredBackup> {
  return restoreBackup(file, place, { platform: nodePlatform, secret: undefined, ...options });
}

async function readTables(db: Database): Promise<ReadonlyMap<string, unknown>> {
  const tables = new Map<string, unknown>();
  for (const table of copiedTables) {
    const { rows } = await sql`select * from ${sql.table(table)}`.execute(db);
    tables.set(table, rows.map((row) => JSON.stringify(row)).sort());
  }
  return tables;
}

async function readAll({ databaseUrl = '' }: DataPlace): Promise<ReadonlyMap<string, unknown>> {
  const db = createPatientDatabase(databaseUrl);
  const tables = await readTables(db);
  await db.destroy();
  return tables;
}

async function findStatus({ url }: TestServer, sdkKey: string): Promise<number> {
  return (await fetch(`${url}/sdk/latest-all`, { headers: { authorization: sdkKey } })).status;
}

describe('a backup of PostgreSQL', () => {
  test('has every row of every table, in a file for its owner only, while servers run', async () => {
    const server = await startWithFlag(origin);
    const instructions = Array.from({ length: 250 }, (_, at) => ({
      kind: 'create-flag',
      flag: `flag-${at}`,
      definition: {},
    }));
    await server.change({ instructions });
    await server.change({ segment: 'beta', instructions: [{ kind: 'create-segment' }] });
    const rule = { clauses: [{ op: 'segmentMatch', values: ['beta'] }], variation: 'on' };
    await server.change({ flag: 'checkout', instructions: [{ kind: 'add-rule', rule }] });
    await server.api('POST', '/projects', { key: 'shop' }, { 'idempotency-key': 'once' });
    const body = JSON.stringify([
      { kind: 'summary', features: { checkout: { counters: [{ count: 1e12, version: 2 }] } } },
      { kind: 'index', context: { kind: 'user', key: 'ann' } },
    ]);
    const headers = { authorization: server.sdkKey, 'x-launchdarkly-payload-id': 'p' };
    await fetch(`${server.url}/bulk`, { method: 'POST', headers, body });
    const { db, evaluations, contexts } = server.running.context;
    await evaluations.flush();
    await contexts.flush();
    const environments = [{ project: 'default', environment: 'production' }];
    await server.api('POST', '/edges', { name: 'fra', environments });
    const { id: environmentId } = await db.selectFrom('environments').select('id').executeTakeFirstOrThrow();
    const ann = { email: 'ann@example.com', name: 'Ann', password: 'a long enough password' };
    const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
    const browser = new TestBrowser(server.url);
    expect((await browser.api('POST', '/setup', { token, ...ann })).status).toBe(201);
    const { id: personId } = await db.selectFrom('people').select('id').executeTakeFirstOrThrow();
    await db
      .insertInto('twoFactors')
      .values({
        id: 'a',
        personId,
        secret: 's',
        backupCodes: 'b',
        verified: 1,
        failedVerificationCount: 0,
        lockedUntil: null,
      })
      .execute();
    await db.transaction().execute((writes) => createInvitation(writes, { grants: [] }, nodePlatform));
    await db.insertInto('convergences').values({ environmentId, version: 1, summaryJson: '{}' }).execute();
    const ofFlag = { environmentId, flagKey: 'checkout' };
    await db
      .insertInto('mismatches')
      .values({ ...ofFlag, at: 1, id: 'a', mismatchJson: '{}' })
      .execute();
    const nothing = { after: null, upTo: null, cursor: null, verificationJson: null, worker: null, leasedUntil: null };
    const range = {
      position: 0,
      state: 'todo' as const,
      tallyJson: '{}',
      fence: 0,
      paceJson: null,
      proposedVersion: 1,
    };
    await db
      .insertInto('backfillRanges')
      .values({ ...ofFlag, ...range, ...nothing })
      .execute();
    const cells = [['GET', 'ok', '', [100, 1]]];
    const window = { subjects: [{ kind: 'route', key: '/', cells }] };
    const { telemetry } = server.running.context;
    await Promise.all([
      telemetry.record(environmentId, { session: 's-1', sequence: 1, agoMs: 0, window }),
      telemetry.flush(),
    ]);
    await backUp();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const copy = createKysely(new DatabaseSync(file));
    await copy.deleteFrom('meta').where('name', 'like', 'backup-%').execute();
    const [theirs, copied] = [await readTables(server.running.context.db), await readTables(copy)];
    await copy.destroy();
    expect(copied).toEqual(theirs);
    for (const table of copiedTables.filter((name) => name !== 'meta')) {
      expect([table, theirs.get(table)]).not.toEqual([table, []]);
    }
    // Who leads is no part of it, nor is who is connected, who is logged in, or who may come back by a link.
    const tables = await server.running.context.db.introspection.getTables();
    expect(tables).toHaveLength(copiedTables.length + 5);
  });

  test('can be made of the database of an earlier release, before that is brought up to date', async () => {
    const server = await startWithFlag(origin);
    const { db } = server.running.context;
    const later = [
      ...[
        'telemetry',
        'telemetry_senders',
        'backfill_ranges',
        'mismatches',
        'seen_contexts',
        'listings',
        'evaluation_hours',
        'invitations',
        'verifications',
      ],
      ...['recoveries', 'two_factors', 'accounts', 'sessions', 'people'],
    ];
    for (const column of ['grants_json', 'expires_at']) {
      await db.schema.alterTable('api_tokens').dropColumn(column).execute();
    }
    for (const table of later) await db.schema.dropTable(table).execute();
    await db.schema.alterTable('environments').dropColumn('is_production').execute();
    await db.schema.alterTable('environments').dropColumn('listed_version').execute();
    const { numAffectedRows } = await sql`delete from kysely_migration where name >= '008'`.execute(db);
    expect(numAffectedRows).toBe(9n);
    await backUp();
    expect((await restore(embedded(goal))).environments).toMatchObject([{ version: 1_000_002 }, {}]);
  });

  test('is whole whenever it is made while changes go on', async () => {
    const server = await startWithFlag(origin);
    let isOver = false;
    const changing = (async () => {
      for (let at = 0; !isOver; at++) {
        await server.change({ flag: 'checkout', instructions: [{ kind: at % 2 === 0 ? 'turn-off' : 'turn-on' }] });
      }
    })();
    const versions: number[] = [];
    for (let at = 0; at < 8; at++) {
      file = join(base, `backup-${at}.db`);
      await backUp();
      // Restoring follows the chain of changes of every environment to its head.
      const { environments } = await restore(embedded({ ...goal, folder: join(base, `restored-${at}`) }));
      versions.push(environments[0]?.version ?? 0);
    }
    isOver = true;
    await changing;
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBeGreaterThan(1);
  });

  test('of an earlier release is in the form that the database has', async () => {
    await stop(await startWithFlag(origin));
    const db = createPatientDatabase(origin.databaseUrl ?? '');
    await sql`drop table leadership`.execute(db);
    await sql`delete from kysely_migration where name = '004-leadership'`.execute(db);
    await db.destroy();
    await backUp();
    await restore();
    expect(await (await start(goal)).findServed('checkout')).toMatchObject({ on: true });
  });

  test.each<[string, () => Promise<unknown> | unknown, string, string]>([
    ['over a file that is there', () => writeFileSync(file, 'precious'), 'already-exists', 'exists already'],
    [
      'of a database without data of Sluice',
      () => dropTestDatabase(origin.folder).then(() => findTestDatabase(origin.folder)),
      'not-found',
      'there is no data of Sluice in postgres://sluice@127.0.0.1',
    ],
    ['of a database that is not there', () => dropTestDatabase(origin.folder), 'invalid-settings', 'does not exist'],
    [
      'of a newer release',
      async () => {
        const db = createPatientDatabase(origin.databaseUrl ?? '');
        await sql`insert into kysely_migration values ('999-later', 'now')`.execute(db);
        await db.destroy();
      },
      'data-damaged',
      'is of a newer release: it knows `999-later`',
    ],
  ])('%s is refused, and leaves nothing behind', async (_, prepare, code, message) => {
    await stop(await startWithFlag(origin));
    await prepare();
    await expect(backUp()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(readdirSync(base)).not.toContain('backup.db.unfinished');
    if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('precious');
  });
});

describe('moving', () => {
  test.each<[string, () => [DataPlace, DataPlace]]>([
    ['from the embedded database to PostgreSQL', () => [embedded(origin), goal]],
    ['from PostgreSQL to the embedded database', () => [origin, embedded(goal)]],
    ['from one PostgreSQL database to another', () => [origin, goal]],
  ])('%s takes everything along, by a new epoch far above', async (_, choose) => {
    const [from, to] = choose();
    const server = await startWithFlag(from);
    const { body: made } = await server.api('POST', '/projects/default/environments', { key: 'dev' });
    const stream = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
    const { state } = JSON.parse((await stream.until('payload-transferred')).at(-1)?.data ?? '');
    stream.close();
    await backUp(from);
    await stop(server);
    const { environments, secretFile } = await restore(to);
    expect(environments).toEqual([
      { project: 'default', environment: 'production', version: 1_000_002 },
      { project: 'default', environment: 'staging', version: 1_000_001 },
      { project: 'default', environment: 'dev', version: 1_000_001 },
    ]);
    expect(secretFile).toBe(join(to.folder, 'secret'));

    const again = await start(to);
    expect(again.running.firstStart).toBeUndefined();
    expect(await again.findServed('checkout')).toMatchObject({ on: true, version: 1_000_002 });
    expect(await findStatus(again, made.sdkKey)).toBe(200);
    expect(
      (await again.api('GET', '/projects/default/environments/dev/credentials')).body.items[0].ending,
    ).toHaveLength(4);
    expect((await again.api('GET', `${changes}/chain`)).body).toEqual({ intact: true, changes: 3 });
    const { items } = (await again.api('GET', changes)).body;
    expect(items.map(({ comment }: { comment: string }) => comment)[1]).toBe('é 漢 \u{1F600}');
    const after = await openTestStream(`${again.url}/sdk/stream?basis=${state}`, again.sdkKey);
    expect((await after.next()).data).toContain('cant-catchup');
    after.close();
    expect((await again.change({ flag: 'checkout', instructions: [{ kind: 'turn-off' }] })).version).toBe(1_000_003);
  });
});

describe('restoring into PostgreSQL', () => {
  test('is refused while a server runs on it', async () => {
    const server = await startWithFlag(origin);
    await backUp();
    await expect(restore(origin, { replace: true })).rejects.toMatchObject({
      code: 'data-in-use',
      message: expect.stringMatching(
        /^Sluice servers run on postgres:\/\/sluice@127\.0\.0\.1:\d+\/\w+; stop all of them first$/,
      ),
    });
    expect(await server.findServed('checkout')).toMatchObject({ on: true, version: 2 });
  });

  test('replaces what is there only when that is wanted', async () => {
    await stop(await startWithFlag(origin));
    await backUp();
    const other = await start(goal);
    await other.api('POST', '/projects', { key: 'precious' });
    await stop(other);
    await expect(restore()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        'is not empty: it has `default`, `precious`. Nothing was restored; with --replace',
      ),
    });
    await restore(goal, { replace: true });
    const again = await start(goal);
    const { items } = (await again.api('GET', '/projects')).body;
    expect(items.map(({ key }: { key: string }) => key)).toEqual(['default']);
    expect(await again.findServed('checkout')).toMatchObject({ on: true });
  });

  test('never lets an earlier leader write again', async () => {
    await stop(await startWithFlag(origin));
    await backUp();
    for (let at = 0; at < 3; at++) await stop(await start(goal));
    await restore(goal, { replace: true });
    const { store } = (await start(goal)).running.context;
    expect(await store.beat()).toBe(4);
  });

  test('keeps servers waiting that start meanwhile', async () => {
    await stop(await start(goal));
    const db = createPatientDatabase(goal.databaseUrl ?? '');
    const [log, platform] = [createTestLog(), createFakeServerPlatform()];
    let starting: Promise<TestServer> | undefined;
    await db.transaction().execute(async (writes) => {
      await sql`select pg_advisory_xact_lock(${0x736c_7563}, 1)`.execute(writes);
      starting = start(goal, { log: log.log, platform });
      await until(() => log.lines.length > 0);
    });
    await db.destroy();
    expect(log.lines[0]).toContain('a backup is being restored into the database; trying again');
    await platform.clock.advance(3000);
    expect((await starting)?.url).toMatch(/^http:/);
  });

  test('needs the secret that the servers were given, and that is not in the backup', async () => {
    const secret = 'a-secret-of-operators';
    const variables = { SLUICE_SECRET: secret };
    await stop(await startWithFlag(origin, { variables }));
    // What happens to lie there is not theirs.
    writeFileSync(join(origin.folder, 'secret'), 'another-secret-of-them');
    await backUp();
    for (const name of [secret, 'another-secret-of-them']) expect(readFileSync(file, 'latin1')).not.toContain(name);
    for (const options of [{}, { secret: 'another-secret-of-them' }]) {
      await expect(restore(goal, options)).rejects.toMatchObject({
        message: expect.stringContaining('set the same SLUICE_SECRET'),
      });
    }
    expect((await restore(goal, { secret })).secretFile).toBeUndefined();
    expect(await (await start(goal, { variables })).findServed('checkout')).toMatchObject({ on: true });
  });

  test('tells where the secret is when the servers would have another', async () => {
    await stop(await startWithFlag(origin));
    await backUp();
    await expect(restore(goal, { secret: 'the-secret-of-all' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`set that to what stands in ${join(goal.folder, 'secret')}`),
    });
    const { secretFile } = await restore(goal);
    const variables = { SLUICE_SECRET: readFileSync(secretFile ?? '', 'utf8').trim() };
    await restore(goal, { secret: variables.SLUICE_SECRET, replace: true });
    expect(await (await start(goal, { variables })).findServed('checkout')).toMatchObject({ on: true });
  });

  test.each<[string, string, string]>([
    [
      'a change was altered',
      "update changes set comment = 'x' where version = 2",
      'is damaged: version 2 of default/production',
    ],
    ['a change is missing', 'delete from changes where version = 1', 'is damaged: version 2 of default/production'],
    ['it is somebody else’s', 'drop table environments', 'it is not a whole Sluice database'],
    ['text has a NUL', "update projects set name = 'a' || char(0)", 'text with the character NUL'],
    ['rows contradict each other', 'delete from projects', 'violates foreign key constraint'],
  ])('is refused, and changes nothing, when of the backup %s', async (_, statement, message) => {
    await stop(await startWithFlag(origin));
    await backUp();
    const other = await start(goal);
    await other.api('POST', '/projects', { key: 'precious' });
    await stop(other);
    const before = await readAll(goal);
    const database = new DatabaseSync(file);
    database.exec('pragma foreign_keys = off');
    database.exec(statement);
    database.close();
    await expect(restore(goal, { replace: true })).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(await readAll(goal)).toEqual(before);
  });

  test('into a database that cannot be reached is refused without its password', async () => {
    await stop(await startWithFlag(origin));
    await backUp();
    const databaseUrl = Object.assign(new URL(testPostgresUrl()), { port: '1' }).href;
    const error = await restore({ ...goal, databaseUrl }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('cannot be reached') });
    expect(String(error)).not.toContain(new URL(testPostgresUrl()).password);
  });
});
