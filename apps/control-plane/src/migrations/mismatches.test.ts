import { type EncodedMismatch, TelemetryWindow } from '@sluice/protocol';
import { createFakeServerPlatform, startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let sequence: number;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  sequence = 0;
  server = await startTestServer({ platform });
  for (const key of ['orders', 'carts'])
    await server.api('POST', '/projects/default/flags', { key, kind: 'migration' });
});

afterEach(() => server.close());

function mismatchOf(record: string, paths: readonly string[]): EncodedMismatch {
  const differences = paths.map((path) => ({ path, old: '1', new: '2' }));
  return { record, stage: 'shadow', cohort: 'default', versions: { old: 'v1', new: 'v2' }, differences };
}

async function findEnvironment(): Promise<string> {
  const environments = server.running.context.db.selectFrom('environments').select('id');
  return (await environments.where('key', '=', 'production').executeTakeFirstOrThrow()).id;
}

/** Takes in what an instance found in one window. */
async function tell(mismatches: readonly EncodedMismatch[], migration = 'orders', session = 's-1'): Promise<void> {
  const window = new TelemetryWindow();
  const tally = window.find('migration', migration);
  for (const mismatch of mismatches) {
    tally?.count('default', 'shadow', 'persistent', 0);
    tally?.noteMismatch(mismatch);
  }
  const { telemetry } = server.running.context;
  const told = telemetry.record(await findEnvironment(), {
    session,
    sequence: ++sequence,
    agoMs: 0,
    window: window.encode(),
  });
  await telemetry.flush();
  await told;
}

async function read(flag = 'orders') {
  return (await server.api('GET', `${production}/flags/${flag}/mismatches`)).body;
}

describe('what is not the same in both stores', () => {
  test('is grouped by path, what there is most of first, with the newest record as the example', async () => {
    expect(await read()).toEqual({ flag: 'orders', kept: 0, paths: 0, items: [] });
    const [first, later] = [platform.now(), platform.now() + 5000];
    await tell([mismatchOf('a', ['total']), mismatchOf('b', ['total', 'lines.*.price'])]);
    await platform.clock.advance(5000);
    await tell([mismatchOf('c', ['total'])]);
    const { differences: _, ...c } = mismatchOf('c', []);
    const { differences: __, ...b } = mismatchOf('b', []);
    const values = { old: '1', new: '2' };
    expect(await read()).toEqual({
      flag: 'orders',
      kept: 3,
      paths: 2,
      items: [
        { path: 'total', count: 3, firstAt: first, lastAt: later, example: { ...c, at: later, ...values } },
        { path: 'lines.*.price', count: 1, firstAt: first, lastAt: first, example: { ...b, at: first, ...values } },
      ],
    });
    expect(await read('carts')).toMatchObject({ kept: 0 });
    // A page has it with the barrier and the backfill, in one answer.
    const ask = async (path: string) => (await server.api('GET', `${production}/flags/orders/${path}`)).body;
    expect(await ask('migration')).toEqual({
      mismatches: await read(),
      barrier: await ask('barrier'),
      backfill: await ask('backfill?noted=true'),
    });
    const { migration } = (await server.api('GET', `${production}/flags/orders/telemetry`)).body;
    expect(migration.compared).toMatchObject({ compared: 3, persistent: 3 });
  });

  test('is taken in once, however often it is sent', async () => {
    await tell([mismatchOf('a', ['total'])]);
    sequence--;
    await tell([mismatchOf('a', ['total'])]);
    expect(await read()).toMatchObject({ kept: 1 });
  });

  test('is kept for the last 1,000 records of each migration', async () => {
    const { db } = server.running.context;
    await tell([mismatchOf('kept', ['total'])], 'carts');
    for (let at = 0; at < 60; at++) {
      const records = Array.from({ length: 20 }, (_, index) => mismatchOf(`${at}-${index}`, [at < 5 ? 'old' : 'new']));
      await tell(records);
      await platform.clock.advance(1000);
    }
    const rows = await db.selectFrom('mismatches').select(['flagKey']).execute();
    expect(rows.filter(({ flagKey }) => flagKey === 'orders')).toHaveLength(1000);
    expect(await read()).toMatchObject({ kept: 1000, paths: 1, items: [{ path: 'new', count: 1000 }] });
    expect(await read('carts')).toMatchObject({ kept: 1 });
  });

  test('of a large fleet is kept as some examples', async () => {
    const { telemetry } = server.running.context;
    const id = await findEnvironment();
    const window = new TelemetryWindow();
    const tally = window.find('migration', 'orders');
    tally?.count('default', 'shadow', 'persistent', 0);
    for (let at = 0; at < 20; at++) tally?.noteMismatch(mismatchOf(`${at}`, ['total']));
    const told = Array.from({ length: 150 }, (_, at) =>
      telemetry.record(id, { session: `s-${at}`, sequence: 1, agoMs: 0, window: window.encode() }),
    );
    await telemetry.flush();
    await Promise.all(told);
    expect(await read()).toMatchObject({ kept: 100 });
    const { migration } = (await server.api('GET', `${production}/flags/orders/telemetry`)).body;
    expect(migration.compared.persistent).toBe(150);
  });

  test('is listed for 200 paths, and says how many there are', async () => {
    for (let at = 0; at < 30; at++)
      await tell([
        mismatchOf(
          'a',
          Array.from({ length: 10 }, (_, index) => `path-${at}-${index}`),
        ),
      ]);
    const { paths, items } = await read();
    expect([paths, items.length]).toEqual([300, 200]);
  });

  test('is forgotten in the end', async () => {
    await tell([mismatchOf('a', ['total'])]);
    platform.clock.setTimeOfDay(platform.now() + 90 * 24 * 3_600_000);
    await platform.clock.advance(11 * 60_000);
    await until(async () => (await read()).kept === 0);
    expect(await read()).toMatchObject({ kept: 0, items: [] });
  });

  test('is nothing that other flags have', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'search' });
    expect(await server.api('GET', `${production}/flags/search/mismatches`)).toMatchObject({
      status: 404,
      body: { title: '`search` is a release; only a migration has a barrier, mismatches and a backfill' },
    });
  });
});
