import type { NowView } from '@sluice/api-client';
import { createFakeServerPlatform, openTestStream, startTestServer, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildArrival } from '../fleet/test-fleet.ts';

const production = '/projects/default/environments/production';
const hourMs = 3_600_000;

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  for (const key of ['search', 'mail']) await create(key, 'valve');
  await create('checkout', 'release');
});

afterEach(() => server.close());

async function create(key: string, kind: string): Promise<void> {
  expect((await server.api('POST', '/projects/default/flags', { key, kind })).status).toBe(201);
}

async function read(): Promise<NowView> {
  const { status, body } = await server.api('GET', `${production}/now`);
  expect(status).toBe(200);
  return body;
}

const trip = (flag: string, more: object = {}) =>
  server.change({ flag, instructions: [{ kind: 'trip', mode: 'off', reason: 'slow', expiresInMs: hourMs, ...more }] });

/** Lets instances arrive that run a version, and say more of themselves. */
async function arrive(keys: readonly string[], zone: string, version: number, more: object = {}): Promise<void> {
  const { db, fleet } = server.running.context;
  const { id, epoch } = await db
    .selectFrom('environments')
    .select(['id', 'epoch'])
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  for (const key of keys) {
    const running = { state: `${epoch}:${version}`, ...more };
    fleet.join(id, buildArrival(key, { about: { zone }, running }));
  }
}

describe('what is off normal', () => {
  test('is nothing in an environment where all is as it should be', async () => {
    const now = await read();
    expect(now).toEqual({
      version: 3,
      isProduction: true,
      counts: { flags: 3, valves: 2, trippedValves: 0, migrations: 0, configs: 0, segments: 0, instances: 0 },
      fleet: { instances: 0, behind: 0, refused: 0, gone: 0 },
      matters: [],
      propagation: null,
      zones: [],
    });
  });

  test('is told the worst first: overdue and refused, behind, tripped, migrations', async () => {
    await create('orders', 'migration');
    const migrated = await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    const overdue = await trip('search', { incident: 'INC-7' });
    await platform.clock.advance(hourMs + 1000);
    const tripped = await trip('mail');
    const { version, createdAt: since } = await server.change({
      flag: 'checkout',
      instructions: [{ kind: 'turn-on' }],
    });
    const reason = '120 s is above the maximum of 90 s';
    await arrive(['web-1', 'web-2'], 'eu-1a', version, {
      refused: [{ kind: 'flag', key: 'checkout', version, reason }],
    });
    await arrive(['web-3'], 'eu-1b', version - 1);
    await arrive(['web-4'], 'eu-1b', version);
    await platform.clock.advance(2000);
    const { matters, zones, counts, fleet } = await read();
    const by = 'first-start';
    const valve = { kind: 'valve', rule: expect.any(String), mode: 'off', scope: 'everyone', by, why: 'slow' };
    expect(matters).toEqual([
      {
        ...valve,
        flag: 'search',
        incident: 'INC-7',
        since: overdue.createdAt,
        until: overdue.createdAt + hourMs,
        isOverdue: true,
        overdueMs: 3000,
      },
      { kind: 'refused', flag: 'checkout', reason, instances: 2, of: 4, names: ['web-1', 'web-2'], since },
      { kind: 'behind', zone: 'eu-1b', instances: 1, of: 4, names: ['web-3'], since },
      {
        ...valve,
        flag: 'mail',
        since: tripped.createdAt,
        until: tripped.createdAt + hourMs,
        isOverdue: false,
        overdueMs: 0,
      },
      { kind: 'migration', flag: 'orders', stages: ['dualwrite'], since: migrated.createdAt, by },
    ]);
    expect(zones).toEqual([
      { zone: 'eu-1a', instances: 2, behind: 0, has: 0 },
      { zone: 'eu-1b', instances: 2, behind: 1, has: 1 },
    ]);
    expect(counts).toMatchObject({ flags: 4, valves: 2, trippedValves: 2, migrations: 1, instances: 4 });
    expect(fleet).toEqual({ instances: 4, behind: 1, refused: 2, gone: 0 });
  });

  test('is no valve that is restored or in the archive, and the last restore is told', async () => {
    for (const flag of ['search', 'mail']) await trip(flag);
    expect((await read()).matters).toHaveLength(2);
    const { createdAt } = await server.change({ flag: 'search', instructions: [{ kind: 'restore' }] });
    await platform.clock.advance(1000);
    await server.change({ flag: 'mail', instructions: [{ kind: 'archive' }] });
    expect(await read()).toMatchObject({ matters: [], lastRestoredAt: createdAt, counts: { flags: 2, valves: 1 } });
  });

  test('is no instance that came just now, nor one that has yet to hear of what was made just now', async () => {
    await arrive(['old'], 'eu-1a', 1);
    expect((await read()).matters).toEqual([]);
    await platform.clock.advance(2000);
    expect((await read()).matters).toMatchObject([{ kind: 'behind', names: ['old'] }]);
  });

  test('names twenty of many, and takes no more zones than one can look at', async () => {
    await arrive(
      Array.from({ length: 30 }, (_, at) => `web-${at}`),
      'eu-1a',
      1,
    );
    for (let at = 0; at < 80; at++) await arrive([`made-up-${at}`], `zone-${at}`, 1);
    await platform.clock.advance(2000);
    const { matters, zones } = await read();
    expect(matters.find((matter) => matter.kind === 'behind' && matter.zone === 'eu-1a')).toMatchObject({
      instances: 30,
      names: { length: 20 },
    });
    expect(zones.length).toBeLessThanOrEqual(51);
    expect(zones.reduce((sum, { instances }) => sum + instances, 0)).toBe(110);
  });
});

test('the live feed tells when a trip becomes overdue, which nothing but the clock does', async () => {
  await trip('search');
  const stream = await openTestStream(`${server.url}/api/v1${production}/events`, `Bearer ${server.apiToken}`);
  await stream.until('fleet');
  await platform.clock.advance(hourMs - 1);
  expect(stream.text).not.toContain('event: matters');
  await platform.clock.advance(1);
  await stream.until('matters');
  expect((await read()).matters).toMatchObject([{ flag: 'search', isOverdue: true }]);
  stream.close();
});
