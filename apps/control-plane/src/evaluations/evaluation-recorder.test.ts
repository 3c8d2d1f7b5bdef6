import { gzipSync } from 'node:zlib';
import {
  createFakeServerPlatform,
  createTestLog,
  startTestServer,
  type TestLog,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const environment = '/projects/default/environments/production';
const minute = 60_000;

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let log: TestLog;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  log = createTestLog();
  server = await startTestServer({ platform, log: log.log });
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(() => server.close());

interface Counter {
  readonly count: number;
  readonly variation?: number;
  readonly version?: number;
}

function summary(flag: string, ...counters: readonly Counter[]): object {
  return {
    kind: 'summary',
    startDate: 1,
    endDate: 2,
    features: { [flag]: { default: false, contextKinds: ['user'], counters } },
  };
}

interface Sending {
  readonly payloadId?: string;
  readonly sdkKey?: string;
  readonly gzip?: boolean;
}

/** Sends events as an SDK does. */
async function send(
  events: unknown,
  { payloadId, sdkKey = server.sdkKey, gzip = false }: Sending = {},
): Promise<number> {
  const text = JSON.stringify(events);
  const response = await fetch(`${server.url}/bulk`, {
    method: 'POST',
    headers: {
      authorization: sdkKey,
      'content-type': 'application/json',
      ...(gzip && { 'content-encoding': 'gzip' }),
      ...(payloadId !== undefined && { 'x-launchdarkly-payload-id': payloadId }),
    },
    body: gzip ? gzipSync(text) : text,
  });
  return response.status;
}

/** What is counted of a flag, once everything that was sent is written. */
async function readCounts(flag = 'checkout', at = environment, since = 0): Promise<readonly unknown[]> {
  await server.running.context.evaluations.flush();
  return (await server.api('GET', `${at}/flags/${flag}/evaluations?since=${since}`)).body.items;
}

async function readDropped(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^sluice_evaluation_counters_dropped (\d+)$/m.exec(text)?.[1]);
}

describe('evaluations', () => {
  test('are counted by flag, variation, version and minute', async () => {
    const start = platform.now();
    await send([summary('checkout', { count: 3, variation: 0, version: 1 }, { count: 2, variation: 1, version: 1 })]);
    await send(
      [summary('checkout', { count: 4, variation: 0, version: 1 }, { count: 1, version: 2 }), { kind: 'index' }],
      { gzip: true },
    );
    await platform.clock.advance(minute);
    await send([summary('checkout', { count: 5, variation: 0, version: 1 })]);
    expect(await readCounts()).toEqual([
      { minute: start, version: 2, count: 1 },
      { minute: start, variation: 0, version: 1, count: 7 },
      { minute: start, variation: 1, version: 1, count: 2 },
      { minute: start + minute, variation: 0, version: 1, count: 5 },
    ]);
    expect(await readCounts('checkout', environment, start + minute)).toHaveLength(1);
  });

  test('of a flag that does not exist are counted without a version', async () => {
    await send([summary('typo', { count: 2 })]);
    expect(await readCounts('typo')).toEqual([{ minute: platform.now(), count: 2 }]);
  });

  test('add up over several writes', async () => {
    for (let at = 0; at < 3; at++) {
      await send([summary('checkout', { count: 1, variation: 0 })]);
      await readCounts();
    }
    expect(await readCounts()).toMatchObject([{ count: 3 }]);
  });

  test('add up by the hour, whatever the version, for flags that there are', async () => {
    const hour = platform.now();
    const most = Number.MAX_SAFE_INTEGER;
    await send([summary('checkout', { count: 3, variation: 0, version: 1 }, { count: 2, variation: 0, version: 2 })]);
    await send([summary('typo', { count: 1 }), summary('checkout', { count: 1, variation: 1000 })]);
    await readCounts();
    platform.clock.setTimeOfDay(hour + 59 * minute);
    await send([summary('checkout', { count: 4, variation: 0, version: 2 }, { count: 1 })]);
    await readCounts();
    platform.clock.setTimeOfDay(hour + 60 * minute);
    for (let at = 0; at < 2; at++) {
      const large = Array.from({ length: 9_000 }, () => ({ count: 1e12, variation: 1, version: 1 }));
      await send([summary('checkout', ...large, ...large)]);
      await readCounts();
    }
    const { db } = server.running.context;
    const rows = await db
      .selectFrom('evaluationHours')
      .select(['flagKey', 'hour', 'variation', 'count'])
      .orderBy('hour')
      .orderBy('variation')
      .execute();
    expect(rows).toEqual([
      { flagKey: 'checkout', hour, variation: -1, count: 1 },
      { flagKey: 'checkout', hour, variation: 0, count: 9 },
      { flagKey: 'checkout', hour: hour + 60 * minute, variation: 1, count: most },
    ]);
  });

  test('are written every second', async () => {
    await send([summary('checkout', { count: 1, variation: 0 })]);
    const rows = () => server.running.context.db.selectFrom('evaluationMinutes').selectAll().execute();
    expect(await rows()).toEqual([]);
    await platform.clock.advance(1000);
    await until(async () => (await rows()).length === 1);
  });

  test('of a batch that is sent again are counted once, whether it was written in between or not', async () => {
    const events = [summary('checkout', { count: 1, variation: 0 })];
    expect(await send(events, { payloadId: 'p-1' })).toBe(202);
    expect(await send(events, { payloadId: 'p-1' })).toBe(202);
    expect(await readCounts()).toMatchObject([{ count: 1 }]);
    await send(events, { payloadId: 'p-1', gzip: true });
    expect(await readCounts()).toMatchObject([{ count: 1 }]);
    await send(events, { payloadId: 'p-2' });
    expect(await readCounts()).toMatchObject([{ count: 2 }]);
  });

  test('are told apart up to a number of versions, others add up, and what is dropped is counted', async () => {
    const versions = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => ({ count: 1, variation: 0, version: from + at }));
    await send([summary('checkout', ...versions(0, 20_000))]);
    await send([summary('checkout', ...versions(0, 5), ...versions(20_000, 7))]);
    const counts = server.running.context.db.selectFrom('evaluationMinutes').selectAll();
    await server.running.context.evaluations.flush();
    const rows = await counts.execute();
    expect(rows).toHaveLength(20_000);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(20_005);
    expect(await readDropped()).toBe(7);
  });

  test('wait for the next write up to a number, and what is dropped is counted', async () => {
    const counters = Array.from({ length: 40_000 }, () => ({ count: 1, variation: 0, version: 1 }));
    const many = Array.from({ length: 5 }, () => summary('checkout', ...counters));
    for (let at = 0; at < 3; at++) expect(await send(many)).toBe(202);
    expect(await readDropped()).toBe(200_000);
    expect(await readCounts()).toMatchObject([{ count: 400_000 }]);
    await send(many);
    expect(await readCounts()).toMatchObject([{ count: 600_000 }]);
  });

  test('of batches without an id, as old SDKs send them, are all counted', async () => {
    for (let at = 0; at < 2; at++) await send([summary('checkout', { count: 1, variation: 0 })]);
    expect(await readCounts()).toMatchObject([{ count: 2 }]);
  });

  test('of another environment are its own, and so are the ids of its batches', async () => {
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'apart' });
    await send([summary('checkout', { count: 1, variation: 0 })], { payloadId: 'p-1' });
    await send([summary('checkout', { count: 7, variation: 0 })], { payloadId: 'p-1', sdkKey: body.sdkKey });
    expect(await readCounts()).toMatchObject([{ count: 1 }]);
    expect(await readCounts('checkout', '/projects/default/environments/apart')).toMatchObject([{ count: 7 }]);
  });

  test('of long ids that begin alike are different batches', async () => {
    const events = [summary('checkout', { count: 1, variation: 0 })];
    for (const end of ['a', 'b']) await send(events, { payloadId: 'p'.repeat(100) + end });
    expect(await readCounts()).toMatchObject([{ count: 2 }]);
  });

  test('with numbers of any size are counted', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const counters = Array.from({ length: 10_000 }, () => ({ count: 1e12, variation: most, version: most }));
    await send([summary('checkout', ...counters)]);
    expect(await readCounts()).toMatchObject([{ count: most, variation: most, version: most }]);
  });

  test('of a key that no database can keep are left out, and cost no others', async () => {
    const counters = [{ count: 1 }];
    const features = { 'a\0b': { counters }, 'a\ud800': { counters }, 'a\ud801': { counters }, typo: { counters } };
    await send([{ kind: 'summary', features }, summary('checkout', { count: 1, variation: 0 })]);
    expect(await readCounts()).toHaveLength(1);
    const rows = await server.running.context.db.selectFrom('evaluationMinutes').select('flagKey').execute();
    expect(rows.map(({ flagKey }) => flagKey).sort()).toEqual(['checkout', 'typo']);
  });

  test('of made-up flags cannot fill the database', async () => {
    const features = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [`made-up-${at}`, { counters: [{ count: 1 }] }]),
    );
    expect(await send([{ kind: 'summary', features }, summary('checkout', { count: 1, variation: 0 })])).toBe(202);
    expect(await readCounts()).toMatchObject([{ count: 1 }]);
    const rows = await server.running.context.db.selectFrom('evaluationMinutes').selectAll().execute();
    expect(rows.length).toBeLessThanOrEqual(201);
  });

  test('whatever else is in a batch, or is wrong with it, do no harm', async () => {
    for (const events of [
      null,
      {},
      'x',
      [null, { kind: 'summary', features: { __proto__: null, a: 1 } }],
      [{ kind: 'custom' }],
    ]) {
      expect(await send(events)).toBe(202);
    }
    await send([summary('checkout', { count: 1, variation: 0 })]);
    expect(await readCounts()).toHaveLength(1);
    expect(log.errors).toEqual([]);
  });

  test('are kept when the server stops', async () => {
    const first = await startTestServer();
    await first.api('POST', '/projects/default/flags', { key: 'checkout' });
    const body = JSON.stringify([summary('checkout', { count: 9, variation: 0 })]);
    await fetch(`${first.url}/bulk`, { method: 'POST', headers: { authorization: first.sdkKey }, body });
    await first.running.close();
    const second = await startTestServer({ folder: first.folder });
    const { items } = (await second.api('GET', `${environment}/flags/checkout/evaluations?since=0`)).body;
    expect(items).toMatchObject([{ count: 9 }]);
    await second.close();
    await first.close();
  });

  test('that cannot be written are a line in the log, and do not stop the server', async () => {
    await send([summary('checkout', { count: 1, variation: 0 })]);
    await server.running.context.db.destroy();
    await platform.clock.advance(1000);
    expect(log.errors.join('')).toContain('counts of evaluations could not be written');
  });
});

test('diagnostics are accepted, and leave no trace', async () => {
  const response = await fetch(`${server.url}/diagnostic`, {
    method: 'POST',
    headers: { authorization: server.sdkKey, 'content-encoding': 'gzip' },
    body: gzipSync('{"kind":"diagnostic-init"}'),
  });
  expect(response.status).toBe(202);
  expect(response.headers.get('date')).not.toBeNull();
});
