import {
  createFakeServerPlatform,
  createTestLog,
  openTestStream,
  startTestServer,
  type TestLog,
  type TestServer,
  testStore,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const minute = 60_000;
const hour = 60 * minute;

let platform: ReturnType<typeof createFakeServerPlatform>;
let log: TestLog;
let server: TestServer;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  log = createTestLog();
  server = await startTestServer({ platform, log: log.log });
});

afterEach(() => server.close());

/** Lets so much time go by; of its seconds only the last ten minutes are lived through one by one. */
async function pass(ms: number): Promise<void> {
  platform.clock.setTimeOfDay(platform.now() + ms - 10 * minute);
  await platform.clock.advance(10 * minute);
}

/** It happens every ten minutes, unless the last time is not over yet. */
function untilForgotten(isForgotten: () => Promise<boolean>): Promise<void> {
  return until(async () => {
    await pass(10 * minute);
    return isForgotten();
  });
}

describe('housekeeping', () => {
  test('notes that a key is in use as long as a stream is open that it opened', async () => {
    const stream = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
    const openedAt = platform.now();
    await platform.clock.advance(minute);
    const findLastUse = async (): Promise<number> => {
      const { body } = await server.api('GET', '/projects/default/environments/production/credentials');
      return Math.max(...body.items.map(({ lastUsedAt }: { lastUsedAt: number | null }) => lastUsedAt ?? 0));
    };
    await until(async () => (await findLastUse()) > openedAt);
    expect(await findLastUse()).toBeGreaterThanOrEqual(openedAt + minute / 2);
    stream.close();
  });

  test('logs the heads of the chains every hour, as a record outside of the database', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const { db } = server.running.context;
    const environments = await db.selectFrom('environments').select(['key', 'chainHead']).execute();
    const findLogged = () =>
      log.lines.map((line) => JSON.parse(line)).filter(({ chainHead }) => chainHead !== undefined);
    await platform.clock.advance(hour - minute);
    expect(findLogged()).toEqual([]);
    await platform.clock.advance(minute);
    await until(() => findLogged().length >= 2);
    const logged = findLogged();
    expect(logged).toHaveLength(2);
    for (const { key, chainHead } of environments) {
      expect(logged).toContainEqual(
        expect.objectContaining({ project: 'default', environment: key, version: 1, chainHead }),
      );
    }
  });

  test('notes when keys were last used', async () => {
    const usedAt = platform.now();
    await server.findServed('anything');
    const read = async () => {
      const { items } = (await server.api('GET', '/projects/default/environments/production/credentials')).body;
      return items.find(({ kind }: { kind: string }) => kind === 'sdk-key').lastUsedAt;
    };
    expect(await read()).toBeNull();
    await platform.clock.advance(minute);
    await until(async () => (await read()) !== null);
    expect(await read()).toBe(usedAt);
  });

  test('forgets answers to repeated requests after a day', async () => {
    const ask = () => server.api('POST', '/projects', { key: 'once' }, { 'idempotency-key': 'a' });
    expect((await ask()).status).toBe(201);
    await pass(24 * hour);
    expect((await ask()).status).toBe(201);
    await untilForgotten(async () => (await ask()).status === 409);
    expect((await ask()).status).toBe(409);
  });

  test('forgets links to come back that nobody used within a day', async () => {
    const { db } = server.running.context;
    const { link } = (await server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const ann = {
      token: link.split('#')[1],
      name: 'Ann',
      email: 'ann@example.com',
      password: 'a long enough password',
    };
    const { body } = await server.api('POST', '/invitations/accept', ann);
    expect((await server.api('POST', `/people/${body.person.id}/recovery`)).status).toBe(201);
    const list = () => db.selectFrom('recoveries').select('personId').execute();
    await pass(24 * hour - 10 * minute);
    expect(await list()).toHaveLength(1);
    await untilForgotten(async () => (await list()).length === 0);
  });

  test('forgets evaluations by the minute after two days and by the hour after 90, and which batches were counted after an hour', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const path = '/projects/default/environments/production/flags/checkout/evaluations?since=0';
    const send = async () => {
      const headers = { authorization: server.sdkKey, 'x-launchdarkly-payload-id': 'p' };
      const body = JSON.stringify([{ kind: 'summary', features: { checkout: { counters: [{ count: 1 }] } } }]);
      expect((await fetch(`${server.url}/bulk`, { method: 'POST', headers, body })).status).toBe(202);
      await platform.clock.advance(minute);
    };
    const count = async () =>
      (await server.api('GET', path)).body.items.reduce((sum: number, item: { count: number }) => sum + item.count, 0);
    const { db, evaluations } = server.running.context;
    await send();
    await send();
    await evaluations.flush();
    expect(await count()).toBe(1);
    await pass(hour);
    await untilForgotten(async () => (await db.selectFrom('eventPayloads').selectAll().execute()).length === 0);
    await send();
    await evaluations.flush();
    expect(await count()).toBe(2);
    await pass(46 * hour);
    await untilForgotten(async () => (await count()) === 1);
    await pass(hour);
    await untilForgotten(async () => (await count()) === 0);
    expect(await count()).toBe(0);
    const listHours = () => db.selectFrom('evaluationHours').select('count').execute();
    expect(await listHours()).toEqual([{ count: 1 }, { count: 1 }]);
    await pass(88 * 24 * hour);
    await untilForgotten(async () => (await listHours()).length === 0);
    expect(await listHours()).toEqual([]);
  });

  test('goes on after a failure, and says what failed', async () => {
    await server.findServed('anything');
    await server.running.context.db.destroy();
    await platform.clock.advance(hour);
    const expected = [
      'noting when keys were used failed',
      'adding up telemetry failed',
      'forgetting what is old failed',
      'logging the heads of the chains failed',
      // There are no others on the embedded database.
      ...(testStore === 'postgres'
        ? ['catching up with other servers failed', 'listing what earlier releases changed failed']
        : []),
    ];
    const findMessages = () => new Set(log.errors.map((line) => JSON.parse(line).msg));
    await until(() => findMessages().size >= expected.length);
    expect(findMessages()).toEqual(new Set(expected));
  });
});
