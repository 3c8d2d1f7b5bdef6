import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import type { BackfillView } from '@sluice/api-client';
import type { Platform } from '@sluice/sdk-common';
import {
  createFakeLog,
  createFakePlatform,
  type DynamoServer,
  isInstalled,
  type RedisServer,
  startDynamoServer,
  startRedisServer,
  startTestServer,
  type TestServer,
  until,
} from '@sluice/testkit';
import { createClient as createRedisClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../create-client.ts';
import { nodePlatform } from '../../platform.ts';
import { Limits } from '../../valves/limits.ts';
import type { MigrationSettings } from '../migration-options.ts';
import type { ScannedStore } from '../store.ts';
import { dynamoStore } from '../stores/dynamo.ts';
import { redisStore } from '../stores/redis.ts';
import { sqliteColumnsSql, sqliteStore } from '../stores/sqlite.ts';
import { Backfill } from './backfill.ts';
import { createBackfillServer } from './backfill-server.ts';
import type { BackfillProgress } from './progress.ts';

interface Order {
  readonly total: number;
}

let server: TestServer;
let flags = 0;
/** A migration of its own for every test. */
let flag: string;
let databases: Readonly<Record<'old' | 'new', DatabaseSync>>;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

beforeEach(async () => {
  flag = `orders-${++flags}`;
  await server.api('POST', '/projects/default/flags', { key: flag, kind: 'migration' });
  databases = { old: new DatabaseSync(':memory:'), new: new DatabaseSync(':memory:') };
  for (const database of Object.values(databases)) {
    database.exec('create table orders (id text primary key, body text)');
    for (const sql of sqliteColumnsSql({ table: 'orders', key: 'id', json: 'body' })) database.exec(sql);
  }
  fill('old', 100);
});

const serve = (stage: string) => server.change({ flag, instructions: [{ kind: 'set-stage', stage }] });

function name(at: number): string {
  return `k${String(at).padStart(6, '0')}`;
}

/** Rows without a version; every tenth has one, every twentieth was removed. */
function fill(side: 'old' | 'new', rows: number): void {
  const insert = databases[side].prepare('insert into orders values (?, ?, ?, ?)');
  databases[side].exec('begin');
  for (let at = 0; at < rows; at++) {
    const isRemoved = at % 20 === 0;
    const body = isRemoved ? null : JSON.stringify({ total: at });
    insert.run(name(at), body, at % 10 === 0 ? `v${at}` : null, isRemoved ? 1 : 0);
  }
  databases[side].exec('commit');
}

/** As text, and with no version where that is none. */
function list(side: 'old' | 'new'): readonly string[] {
  return databases[side]
    .prepare("select id, body, coalesce(mig_version, '') as version, mig_deleted as removed from orders order by id")
    .all()
    .map((row) => Object.values(row).join(' '));
}

function open(side: 'old' | 'new'): ScannedStore<Order> {
  return sqliteStore<Order>(databases[side], { table: 'orders', key: 'id', json: 'body' });
}

/** A process, and what it writes to the new store. */
async function start(parts: Partial<MigrationSettings<Order>> = {}) {
  const { url, sdkKey } = server;
  const log = createFakeLog();
  const client = createClient({ url, sdkKey, cacheFolder: false, instance: { key: `shop-${flag}` }, log });
  onTestFinished(() => client.close());
  const open = (side: 'old' | 'new') =>
    sqliteStore<Order>(databases[side], { table: 'orders', key: 'id', json: 'body' });
  const next: ScannedStore<Order> = open('new');
  const puts: string[] = [];
  const counting: ScannedStore<Order> = {
    ...next,
    write: (key, ...given) => {
      puts.push(key);
      return next.write(key, ...given);
    },
    remove: (key, ...given) => {
      puts.push(key);
      return next.remove(key, ...given);
    },
  };
  const orders = client.migration<Order>(flag, { old: open('old'), new: counting, journal: false, ...parts });
  await client.ready();
  return { client, orders, puts, log };
}

const fast = { rate: 1e6, rangeRows: 30, pageRows: 10 };

async function readBackfill(): Promise<BackfillView> {
  return (await server.api('GET', `/projects/default/environments/production/flags/${flag}/backfill`)).body;
}

describe('a backfill', () => {
  test('brings rows and tombstones to the new store, each with its version, and compares both', async () => {
    const { orders, puts } = await start();
    await serve('dualwrite');
    const told: BackfillProgress[] = [];
    const result = await orders.backfill.run({ ...fast, onProgress: (progress) => void told.push(progress) });
    expect(list('new')).toEqual(list('old'));
    expect(result).toMatchObject({
      ...{ isVerified: true, ranges: 4, copied: 4, verified: 4, share: 1, reported: [], repaired: 0 },
      ...{ rows: 100, inserted: 100, equal: 0, skippedNewer: 0, failed: 0 },
    });
    expect(puts).toHaveLength(100);
    expect(told.at(-1)).toMatchObject({ rows: 100, share: 1 });
    const view = await readBackfill();
    expect(view).toMatchObject({ isVerified: true, rows: 100, inserted: 100, states: { verified: 4 }, workers: [] });
    expect(view.ranges.map(({ upTo }) => upTo)).toEqual([name(29), name(59), name(89), undefined]);
    const { verification } = view.ranges[0] ?? {};
    expect(verification).toMatchObject({ old: { count: 30, maxVersion: 'v20' } });
    expect(verification?.new).toEqual(verification?.old);
  });

  test('that is done has nothing to do', async () => {
    const { orders, puts } = await start();
    await serve('dualwrite');
    await orders.backfill.run(fast);
    puts.splice(0);
    expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, rows: 0 });
    expect(puts).toEqual([]);
  });

  test('leaves alone what the new store has already, or has a later write of', async () => {
    const { orders, puts } = await start();
    await serve('dualwrite');
    await until(() => orders.stage(name(1)) === 'dualwrite');
    await orders.write(name(1), { total: -1 });
    await orders.remove(name(2));
    databases.new.prepare('insert into orders values (?, ?, ?, 0)').run(name(10), '{"total":10}', 'v10');
    puts.splice(0);
    const result = await orders.backfill.run(fast);
    expect(result).toMatchObject({ isVerified: true, rows: 100, inserted: 97, equal: 3 });
    expect(puts).toHaveLength(97);
    expect(list('new')).toEqual(list('old'));
    expect((await orders.read(name(2))).value).toBeUndefined();
  });

  test('with one worker goes as fast as the rate says', async () => {
    await serve('dualwrite');
    const { url: baseUrl, sdkKey } = server;
    // Its time passes only while somebody waits, and then at once.
    let elapsedMs = 0;
    const clock: Platform['clock'] = {
      ...nodePlatform.clock,
      elapsed: () => elapsedMs,
      after: (delayMs, callback) => {
        // A deadline, or the lease.
        if (delayMs >= 1000) return nodePlatform.clock.after(delayMs, callback);
        const dueMs = elapsedMs + delayMs;
        return nodePlatform.clock.after(0, () => {
          elapsedMs = Math.max(elapsedMs, dueMs);
          callback();
        });
      },
    };
    const answers = createBackfillServer(flag, { baseUrl, headers: { authorization: sdkKey } }, nodePlatform);
    const backfill = new Backfill<Order>(
      { key: flag, stores: { old: open('old'), new: open('new') }, compare: {} },
      {
        ...{ server: answers, name: 'a', limits: new Limits(nodePlatform.clock) },
        ...{ platform: { ...nodePlatform, clock }, log: createFakeLog() },
      },
    );
    const { durationMs, isVerified } = await backfill.run({ ...fast, workers: 1, rate: 200 });
    expect(isVerified).toBe(true);
    expect(durationMs).toBeGreaterThanOrEqual(300);
    expect(durationMs).toBeLessThan(1000);
  });

  test('of an empty store is done at once', async () => {
    databases.old.exec('delete from orders');
    const { orders } = await start();
    await serve('dualwrite');
    expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, ranges: 1, rows: 0 });
  });

  test('is shared by all processes that run it', async () => {
    const [one, other] = [await start(), await start()];
    await serve('dualwrite');
    let current = 0;
    const live = { ...fast, rate: { get: () => current } };
    const running = [one, other].map(({ orders }) => orders.backfill.run(live));
    // Each of four workers has a range, and rests.
    await until(async () => (await readBackfill()).states.running === 4);
    expect(list('new')).toEqual([]);
    current = 1e6;
    const results = await Promise.all(running);
    expect(results).toMatchObject([{ isVerified: true }, { isVerified: true }]);
    expect(results.map(({ rows }) => rows).reduce((sum, rows) => sum + rows)).toBe(100);
    expect(Math.min(...results.map(({ rows }) => rows))).toBeGreaterThan(0);
    expect(one.puts.length + other.puts.length).toBe(100);
  });

  test('that is stopped leaves its ranges to the next, who goes on where it was', async () => {
    const { orders, puts } = await start();
    await serve('dualwrite');
    const stop = new AbortController();
    const running = orders.backfill.run({ ...fast, rate: 200, signal: stop.signal });
    await until(async () => (await readBackfill()).rows >= 20);
    stop.abort(new Error('deployed'));
    await expect(running).rejects.toThrow('deployed');
    const { rows, workers } = await readBackfill();
    expect(workers).toEqual([]);
    const result = await orders.backfill.run(fast);
    expect(result).toMatchObject({ isVerified: true, rows: 100 - rows });
    expect(puts).toHaveLength(100);
  });

  test('waits with its range as long as the rate is 0', async () => {
    const { orders, puts } = await start();
    await serve('dualwrite');
    const stop = new AbortController();
    const running = orders.backfill.run({ ...fast, rate: 0, signal: stop.signal });
    await until(async () => (await readBackfill()).workers.length > 0);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(puts).toEqual([]);
  });

  test('is refused while records are in off, with the reason', async () => {
    const { orders } = await start();
    await expect(orders.backfill.run(fast)).rejects.toMatchObject({
      code: 'backfill',
      message: expect.stringContaining('writes go to the old store alone: the backfill would miss them'),
    });
    expect(list('new')).toEqual([]);
  });

  test('gives up when the new store does not work, and says why', async () => {
    await serve('dualwrite');
    const [old, next] = [open('old'), open('new')];
    const stores = { old, new: { ...next, scan: () => Promise.reject(new Error('disk full')) } };
    const { url: baseUrl, sdkKey } = server;
    const { clock } = nodePlatform;
    // It would be patient for longer than anybody wants to wait here.
    const hurried: Platform = {
      ...nodePlatform,
      clock: { ...clock, after: (ms, ...given) => clock.after(ms / 50, ...given) },
    };
    const answers = createBackfillServer(flag, { baseUrl, headers: { authorization: sdkKey } }, nodePlatform);
    const backfill = new Backfill<Order>(
      { key: flag, stores, compare: {} },
      { server: answers, name: 'a', limits: new Limits(clock), platform: hurried, log: createFakeLog() },
    );
    const told: (string | undefined)[] = [];
    const run = backfill.run({ ...fast, onProgress: ({ reason }) => void told.push(reason) });
    await expect(run).rejects.toMatchObject({ code: 'backfill', message: expect.stringContaining('disk full') });
    expect(told).toContain('Error: disk full');
    expect((await readBackfill()).workers).toEqual([]);
  });

  test('looks again for where ranges end when the old store does not work for a moment', async () => {
    const old = open('old');
    let failures = 0;
    const scan: typeof old.scan = (page) => (failures++ === 1 ? Promise.reject(new Error('busy')) : old.scan(page));
    const moody: ScannedStore<Order> = { ...old, scan };
    const { orders } = await start({ old: moody });
    await serve('dualwrite');
    expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, ranges: 4, rows: 100 });
  });

  test('that is stopped does not wait for a server that says nothing', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void silent.close());
    // Of an address with a port.
    const { port } = silent.address() as AddressInfo;
    const platform: Platform = { ...nodePlatform, clock: createFakePlatform().clock };
    const answers = createBackfillServer(flag, { baseUrl: `http://127.0.0.1:${port}`, headers: {} }, platform);
    const stop = new AbortController();
    const claim = answers.claim('a', [], stop.signal).catch((error: unknown) => error);
    const [request] = await once(silent, 'request');
    const closed = once(request.socket, 'close');
    stop.abort('deployed');
    expect(await claim).toBe('deployed');
    await closed;
  });

  test.each<[object, string]>([
    [{ rangeRows: 0 }, 'rangeRows must be an integer from 1, got 0'],
    [{ rate: -1 }, 'rate must be rows per second, or a config of them, got -1'],
    [{ signal: {} }, 'signal must be an AbortSignal'],
  ])('is not begun with %j', async (options, problem) => {
    const { orders } = await start();
    await expect(orders.backfill.run(options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining(problem),
    });
  });

  test('is not begun where the old store cannot be scanned', async () => {
    const { scan: _, ...old } = open('old');
    const { orders } = await start({ old });
    await expect(orders.backfill.run()).rejects.toThrow(
      'old.scan must be a function that gives records by ascending keys, got undefined: a store without an order',
    );
  });
});

describe.runIf(isInstalled('backfills from Redis', 'redis-server'))('on Redis', () => {
  let redis: RedisServer;
  let connection: ReturnType<typeof connect>;

  function connect() {
    return createRedisClient({ url: redis.url });
  }

  beforeAll(async () => {
    redis = await startRedisServer();
    connection = connect();
    await connection.connect();
  });
  afterAll(async () => {
    await connection?.close();
    await redis?.close();
  });
  beforeEach(() => connection.flushDb());

  const store = () => redisStore<Order>(connection, { prefix: 'order:' });
  const put = (at: number, total = at) => connection.set(`order:${name(at)}`, JSON.stringify({ total }));

  test('a backfill copies what other programs put there before, although the store does not list it', async () => {
    const names = Array.from({ length: 1200 }, (_, at) => `order:${name(at)}`);
    await connection.mSet(Object.fromEntries(names.map((each, at) => [each, JSON.stringify({ total: at })])));
    const { orders } = await start({ old: store() });
    await serve('dualwrite');
    expect(await orders.backfill.run({ ...fast, rangeRows: 500, pageRows: 500 })).toMatchObject({
      ...{ isVerified: true, rows: 1200, inserted: 1200, ranges: 3 },
    });
    expect(list('new')).toHaveLength(1200);
  });

  test('a backfill sees what other programs put into the new store', async () => {
    await put(3, -3);
    await put(1000);
    const { orders } = await start({ new: store() });
    await serve('dualwrite');
    const { reported } = await orders.backfill.run(fast);
    expect(reported.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: name(3), reason: 'the same version, but other content: total' },
      { key: name(1000), reason: 'only the new store has it, version ""' },
    ]);
  });

  test('a store in front of it that gives only its pages is refused, with what it lacks', async () => {
    const { findRecords: _, ...partly } = store();
    await put(1);
    const { orders } = await start({ old: partly });
    await serve('dualwrite');
    await expect(orders.backfill.run(fast)).rejects.toMatchObject({
      code: 'backfill',
      message: expect.stringContaining('pass findRecords on'),
    });
  });
});

describe('to a store that cannot be scanned, such as DynamoDB, a backfill', () => {
  let dynamo: DynamoServer;
  let client: DynamoDBDocument;

  beforeAll(async () => {
    dynamo = await startDynamoServer();
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    client = DynamoDBDocument.from(new DynamoDBClient({ endpoint: dynamo.url, region: 'local', credentials }));
    await client.send(
      new CreateTableCommand({
        TableName: 'orders',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  });
  afterAll(async () => {
    client?.destroy();
    await dynamo?.close();
  });

  test('looks up each row of the old one, and cannot find what only the new one has', async () => {
    const put = (at: number, rest: object) => client.put({ TableName: 'orders', Item: { id: name(at), ...rest } });
    await put(3, { total: -3 });
    await put(7, { total: 7 });
    await put(1000, { total: 1000 });
    const compare = { ignore: [{ path: 'id', reason: 'its key', owner: 'ann', expiresAt: '2999-01-01' }] };
    const { orders, log } = await start({ new: dynamoStore(client, { table: 'orders', key: 'id' }), compare });
    await serve('dualwrite');
    expect(await orders.backfill.run(fast)).toMatchObject({
      ...{ isVerified: false, rows: 100, inserted: 98, equal: 2, verified: 3 },
      reported: [{ key: name(3), reason: 'the same version, but other content: total' }],
    });
    expect(log.lines.filter((line) => line.includes('backfill'))).toEqual([
      `info: migration ${flag}: backfill: the new store has no scan: each row of the old one is looked up there, and what only the new one has is not found`,
    ]);
    const find = async (at: number) => (await client.get({ TableName: 'orders', Key: { id: name(at) } })).Item;
    expect(await find(20)).toEqual({ id: name(20), mig_version: 'v20', mig_deleted: true });
    expect(await find(21)).toEqual({ id: name(21), total: 21 });
    // What is gone is found when the range is verified again.
    await put(3, { total: 3 });
    await client.delete({ TableName: 'orders', Key: { id: name(4) } });
    expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, repaired: 1, reported: [] });
  });
});

test('a row that differs for good is reported, and its range is dirty until somebody has repaired it', async () => {
  const { orders } = await start();
  await serve('dualwrite');
  databases.new.prepare("insert into orders values (?, ?, '', 0)").run(name(3), '{"total":-3}');
  databases.new.prepare("insert into orders values ('k000003x', '{}', 'v9', 0)").run();
  databases.new.prepare("insert into orders values (?, '{}', 'v9', 0)").run(name(5));
  const result = await orders.backfill.run(fast);
  expect(result).toMatchObject({ isVerified: false, verified: 3, copied: 4, repaired: 0 });
  expect(result.reported.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
    { key: 'k000003', reason: 'the same version, but other content: total' },
    { key: 'k000003x', reason: 'only the new store has it, version "v9"' },
    { key: 'k000005', reason: 'version "" in the old store, "v9" in the new one' },
  ]);
  expect((await readBackfill()).ranges[0]).toMatchObject({
    state: 'dirty',
    verification: { old: { count: 30 }, new: { count: 31 } },
  });
  for (const key of [name(3), 'k000003x', name(5)]) databases.new.prepare('delete from orders where id = ?').run(key);
  // What is missing now is found when the range is verified again.
  expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, repaired: 2, rows: 0 });
  expect(list('new')).toEqual(list('old'));
});

test('a row that differs in more than the server is told of is reported like any other, and all else goes on', async () => {
  const names = Array.from({ length: 60 }, (_, at) => `${at} of ${'many '.repeat(20)}`);
  const long = (content: number) =>
    JSON.stringify({
      items: [{ price: content }, { price: content }],
      'a\0': content,
      ...Object.fromEntries(names.map((one) => [one, content])),
    });
  databases.old.prepare('update orders set body = ? where id = ?').run(long(1), name(3));
  const { orders } = await start();
  await serve('dualwrite');
  databases.new.prepare("insert into orders values (?, ?, '', 0)").run(name(3), long(2));
  const { reported, ...result } = await orders.backfill.run(fast);
  expect(result).toMatchObject({ isVerified: false, verified: 3, copied: 4 });
  expect(reported).toEqual([{ key: name(3), reason: expect.stringMatching(/^the same version, but other content: /) }]);
  expect(reported[0]?.reason.match(/items\.\*\.price/g)).toHaveLength(1);
  const told = (await readBackfill()).ranges[0]?.verification?.reported ?? [];
  expect(told).toEqual([{ key: name(3), reason: expect.stringMatching(/^the same version, but other content: .*…$/) }]);
});

test('what a store says is told to the server as far as that takes it', async () => {
  await serve('dualwrite');
  const { signal } = new AbortController();
  const { url: baseUrl, sdkKey } = server;
  const answers = createBackfillServer(flag, { baseUrl, headers: { authorization: sdkKey } }, nodePlatform);
  await answers.propose([], signal);
  const claim = await answers.claim('a', [], signal);
  if (claim.kind !== 'range') throw new Error(`expected a range, got ${claim.kind}`);
  const { lease } = claim;
  const report = (reason: string) =>
    answers.report(
      lease,
      { cursor: 'k', isCopied: false, tally: lease.tally, pace: { rowsPerSecond: 1, reason } },
      signal,
    );
  for (const reason of [`\0 ${'disk full '.repeat(200)}`, `${'x'.repeat(998)}\u{1F600} and more`, 'half \ud83d']) {
    expect(await report(reason)).toMatchObject({ ranges: 1 });
  }
  expect((await readBackfill()).throttleReasons).toEqual(['half \ufffd']);
});

test('where no values are to be shown, the key of a row that differs stays at home', async () => {
  const { orders } = await start({ compare: { redact: true } });
  await serve('dualwrite');
  databases.new.prepare("insert into orders values ('k000003-ann@example.com', '{}', 'v9', 0)").run();
  const { reported } = await orders.backfill.run(fast);
  const key = createHash('sha256').update('k000003-ann@example.com').digest('base64');
  expect(reported).toEqual([{ key, reason: 'only the new store has it, version "v9"' }]);
  const { body } = await server.api('GET', `/projects/default/environments/production/flags/${flag}/backfill`);
  expect(JSON.stringify(body)).toContain(key);
  expect(JSON.stringify(body)).not.toContain('ann@example.com');
});

test('what comparing takes for equal is equal', async () => {
  const { orders } = await start({
    compare: {
      ignore: [{ path: 'etag', reason: 'made by the store', owner: 'ann', expiresAt: '2999-01-01' }],
      tolerance: [{ path: 'total', within: 0.01 }],
    },
  });
  await serve('dualwrite');
  databases.new.prepare("insert into orders values (?, ?, '', 0)").run(name(3), '{"total":3.001,"etag":"x"}');
  expect(await orders.backfill.run(fast)).toMatchObject({ isVerified: true, equal: 1, repaired: 0, reported: [] });
});
