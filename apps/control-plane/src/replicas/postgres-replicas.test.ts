import { Outflow } from '@sluice/delivery';
import {
  createFakeServerPlatform,
  createTestLog,
  openTestStream,
  startTestServer,
  type TestLog,
  type TestServer,
  type TestServerOptions,
  type TestStream,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelRegistry } from '../channels/channel-registry.ts';
import { openStore } from '../database/open-store.ts';
import type { Store } from '../database/store.ts';
import { nodePlatform } from '../platform.ts';

const production = '/projects/default/environments/production';
const variables = { SLUICE_SECRET: 'the-secret-of-all' };

let log: TestLog;
let platforms: ReturnType<typeof createFakeServerPlatform>[];
let replicas: TestServer[];
/** Of the first replica: announcements that are swallowed from now on. */
let swallowed: number;

/** Time stands still everywhere, unless a test moves a replica's clock: nothing happens by the second. */
beforeEach(() => {
  log = createTestLog();
  platforms = [];
  replicas = [];
  swallowed = 0;
});

afterEach(async () => {
  for (const replica of replicas.toReversed()) await replica.close();
  expect(log.errors).toEqual([]);
});

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const platform = createFakeServerPlatform();
  const databaseUrl = replicas[0]?.databaseUrl;
  const server = await startTestServer({ platform, log: log.log, variables, databaseUrl, ...options });
  platforms.push(platform);
  replicas.push(server);
  return server;
}

/** Two servers on one database; the first may lose announcements. */
async function startTwo(): Promise<[TestServer, TestServer]> {
  const first = await start({
    open: async (...parameters) => {
      const store = await openStore(...parameters);
      const announce: Store['announce'] = async (writes) => {
        if (swallowed > 0) swallowed--;
        else await store.announce(writes);
      };
      return { ...store, announce };
    },
  });
  await first.api('POST', '/projects/default/flags', { key: 'checkout' });
  return [first, await start()];
}

async function passSecond(of: TestServer): Promise<void> {
  await platforms[replicas.indexOf(of)]?.clock.advance(1000);
}

function turn(kind: 'turn-on' | 'turn-off'): object {
  return { flag: 'checkout', instructions: [{ kind }] };
}

/** A stream that has had its first payload. */
async function openStream(server: TestServer, sdkKey = server.sdkKey): Promise<TestStream> {
  const stream = await openTestStream(`${server.url}/sdk/stream`, sdkKey);
  await stream.until('payload-transferred');
  return stream;
}

async function nextVersion(stream: TestStream): Promise<number> {
  return JSON.parse((await stream.until('payload-transferred')).at(-1)?.data ?? '').version;
}

async function findPollStatus({ url }: TestServer, sdkKey: string): Promise<number> {
  return (await fetch(`${url}/sdk/latest-all`, { headers: { authorization: sdkKey } })).status;
}

describe('a change made on one replica', () => {
  test('is delivered by the other at once', async () => {
    const [one, two] = await startTwo();
    const stream = await openStream(two);
    const { version } = await one.change(turn('turn-on'));
    expect(await nextVersion(stream)).toBe(version);
    stream.close();
  });

  test('is delivered by the other within a second when its announcement is lost', async () => {
    const [one, two] = await startTwo();
    const stream = await openStream(two);
    swallowed = 1;
    const { version } = await one.change(turn('turn-on'));
    expect(stream.text).not.toContain(`"version":${version}`);
    await passSecond(two);
    expect(await nextVersion(stream)).toBe(version);
    stream.close();
  });

  test('is not told before it is committed, and not at all when it was only tried', async () => {
    const [one, two] = await startTwo();
    const stream = await openStream(two);
    await one.api('POST', `${production}/changes`, { ...turn('turn-on'), dryRun: true });
    await one.api('POST', `${production}/changes`, { flag: 'absent', instructions: [{ kind: 'turn-on' }] });
    const { version } = await one.change(turn('turn-on'));
    expect(await nextVersion(stream)).toBe(version);
    stream.close();
  });

  test('of the whole project reaches every environment on the other', async () => {
    const [one, two] = await startTwo();
    const { body } = await one.api('POST', '/projects/default/environments', { key: 'dev' });
    const streams = [await openStream(two), await openStream(two, body.sdkKey)];
    await one.api('POST', '/projects/default/flags', { key: 'everywhere' });
    for (const stream of streams) {
      expect((await stream.until('put-object')).at(-1)?.data).toContain('"everywhere"');
      stream.close();
    }
  });
});

describe('a key that is revoked on one replica', () => {
  interface Key {
    readonly id: string;
    readonly secret: string;
  }

  async function createKey(on: TestServer): Promise<Key> {
    return (await on.api('POST', `${production}/credentials`, { name: 'leaked' })).body;
  }

  test.each([
    ['at once', 0],
    ['within a second when the announcement is lost', 1],
  ])('ends its streams on the other %s, and is 401 there', async (_, lost) => {
    const [one, two] = await startTwo();
    const { id, secret } = await createKey(one);
    const [cut, kept] = [await openStream(two, secret), await openStream(two)];
    swallowed = lost;
    expect((await one.api('DELETE', `${production}/credentials/${id}`)).status).toBe(204);
    if (lost > 0) await passSecond(two);
    expect(await cut.ended).toBe('ended');
    expect(cut.text).toContain('credential revoked');
    expect(await findPollStatus(two, secret)).toBe(401);
    const { version } = await one.change(turn('turn-on'));
    expect(await nextVersion(kept)).toBe(version);
    kept.close();
  });

  test('before the other started is 401 there', async () => {
    const [one] = await startTwo();
    const { id, secret } = await createKey(one);
    await one.api('DELETE', `${production}/credentials/${id}`);
    expect(await findPollStatus(await start(), secret)).toBe(401);
  });
});

describe('what is created on one replica works on the other at once, and ends there at once:', () => {
  test('an SDK key', async () => {
    const [one, two] = await startTwo();
    const { body } = await one.api('POST', `${production}/credentials`, { name: 'new' });
    expect(await findPollStatus(two, body.secret)).toBe(200);
  });

  test('an API token', async () => {
    const [one, two] = await startTwo();
    const { body } = await one.api('POST', '/tokens', { name: 'new' });
    const ask = async () =>
      (await two.api('GET', '/projects', undefined, { authorization: `Bearer ${body.token}` })).status;
    expect(await ask()).toBe(200);
    const { items } = (await one.api('GET', '/tokens')).body;
    await one.api('DELETE', `/tokens/${items.find(({ name }: { name: string }) => name === 'new').id}`);
    expect(await ask()).toBe(401);
  });
});

describe('requests to two replicas at the same moment', () => {
  test('with one Idempotency-Key are done once, and both get the answer', async () => {
    const [one, two] = await startTwo();
    for (let at = 0; at < 20; at++) {
      const answers = await Promise.all(
        [one, two, one, two].map((replica) =>
          replica.api('POST', '/projects', { key: `project-${at}` }, { 'idempotency-key': `key-${at}` }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
      expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    }
  });

  test('change one environment one after the other, without gaps in the versions or breaks in the chain', async () => {
    const [one, two] = await startTwo();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        [one, two][at % 2]?.api('POST', `${production}/changes`, {
          flag: 'checkout',
          instructions: [{ kind: 'add-targets', variation: 'on', keys: [`user-${at}`] }],
        }),
      ),
    );
    const versions = answers.map((answer) => answer?.body.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 40 }, (_, at) => at + 2));
    expect((await one.api('GET', `${production}/changes/chain`)).body).toEqual({ intact: true, changes: 41 });
  });

  test('about definitions, environments and single flags do not stand in each other’s way', async () => {
    const [one, two] = await startTwo();
    const requests = Array.from({ length: 12 }, (_, at) => [
      one.api('POST', '/projects/default/flags', { key: `one-${at}` }),
      two.api('POST', '/projects/default/flags', { key: `two-${at}` }),
      two.api('PATCH', '/projects/default/flags/checkout', { name: `name ${at}` }),
      one.api('POST', '/projects/default/environments', { key: `environment-${at}` }),
      two.api('POST', '/projects/default/environments/staging/changes', turn(at % 2 === 0 ? 'turn-on' : 'turn-off')),
    ]);
    const statuses = new Set((await Promise.all(requests.flat())).map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 201]);
    // Every flag is in every environment, whichever was first.
    const { items } = (await one.api('GET', '/projects/default/environments')).body;
    for (const { key } of items) {
      const flags = (await two.api('GET', `/projects/default/environments/${key}/flags`)).body.items;
      expect([key, flags.length]).toEqual([key, 25]);
      expect((await two.api('GET', `/projects/default/environments/${key}/changes/chain`)).body.intact).toBe(true);
    }
  });

  test('count evaluations of the same flags without waiting for each other in circles', async () => {
    const [one, two] = await startTwo();
    const { db } = one.running.context;
    const keys = Array.from({ length: 60 }, (_, at) => `flag-${at}`);
    async function send({ url, sdkKey }: TestServer, flags: readonly string[]): Promise<void> {
      const features = Object.fromEntries(flags.map((flag) => [flag, { counters: [{ count: 1 }] }]));
      const body = JSON.stringify([{ kind: 'summary', features }]);
      await fetch(`${url}/bulk`, { method: 'POST', headers: { authorization: sdkKey }, body });
    }
    const flushAll = () => Promise.all([one, two].map(({ running }) => running.context.evaluations.flush()));
    await send(one, keys);
    await flushAll();
    await send(one, keys);
    await send(two, keys.toReversed());
    // Both come to wait at a row in the middle, or one for the other, and go on together.
    const holding = await db.startTransaction().execute();
    await holding.updateTable('evaluationMinutes').set({ count: 1 }).where('flagKey', '=', 'flag-30').execute();
    const flushing = flushAll();
    await until(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows.length === 2;
    });
    await holding.commit().execute();
    await flushing;
    const counts = await db.selectFrom('evaluationMinutes').select('count').execute();
    expect(counts.map(({ count }) => count)).toEqual(Array(60).fill(3));
  });

  test('count a window of telemetry once that comes to both at the same time', async () => {
    const [one, two] = await startTwo();
    const { db } = one.running.context;
    const { id } = await db
      .selectFrom('environments')
      .select('id')
      .where('key', '=', 'production')
      .executeTakeFirstOrThrow();
    const cells = [['normal', 'normal', 'ok', [100, 1]]];
    const window = { subjects: [{ kind: 'valve', key: 'checkout', cells }] };
    const sessions = Array.from({ length: 60 }, (_, at) => `session-${at}`);
    const tell = ({ running }: TestServer, told: readonly string[], sequence: number): Promise<unknown> => {
      const { telemetry } = running.context;
      const taken = told.map((session) => telemetry.record(id, { session, sequence, agoMs: 0, window }));
      return Promise.all([telemetry.flush(), ...taken]);
    };
    await tell(one, sessions, 1);
    // Both come to wait at a row in the middle, or one for the other, and go on together.
    const holding = await db.startTransaction().execute();
    const [row] = (await holding.selectFrom('telemetrySenders').selectAll().orderBy('session').execute()).slice(30);
    await holding
      .updateTable('telemetrySenders')
      .set({ seenAt: 1 })
      .where('session', '=', row?.session ?? '')
      .execute();
    const telling = [tell(one, sessions, 2), tell(two, sessions.toReversed(), 2)];
    await until(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows.length === 2;
    });
    await holding.commit().execute();
    await Promise.all(telling);
    const { body } = await two.api('GET', `${production}/flags/checkout/telemetry`);
    expect(body.valve.calls).toMatchObject([{ count: 120 }]);
  });
});

describe('a replica whose connection for announcements breaks', () => {
  /** Ends those of all replicas, from PostgreSQL's side. */
  async function breakSessions(): Promise<void> {
    const [replica] = replicas;
    if (replica === undefined) return;
    await sql`select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
      where datname = current_database() and locktype = 'advisory' and objid = 1`.execute(replica.running.context.db);
  }

  test('hears of changes at once again after a few seconds', async () => {
    const [one, two] = await startTwo();
    const stream = await openStream(two);
    await breakSessions();
    await until(() => log.lines.filter((line) => line.includes('hears of changes was lost')).length === 2);
    const isBack = () => log.lines.filter((line) => line.includes('heard of at once again')).length === 2;
    await until(async () => {
      for (const replica of replicas) await passSecond(replica);
      return isBack();
    });
    const { version } = await one.change(turn('turn-on'));
    expect(await nextVersion(stream)).toBe(version);
    stream.close();
  });

  test('looks for what it missed as soon as it listens again', async () => {
    const [one] = await startTwo();
    // This one looks only when it hears of something.
    const two = await start({
      open: async (...parameters) => ({ ...(await openStore(...parameters)), isShared: false }),
    });
    const stream = await openStream(two);
    await breakSessions();
    await until(() => log.lines.filter((line) => line.includes('hears of changes was lost')).length === 3);
    const { version } = await one.change(turn('turn-on'));
    await passSecond(two);
    expect(await nextVersion(stream)).toBe(version);
    stream.close();
  });
});

describe('a channel that is brought up to date while a change is committed', () => {
  test('takes objects and version of one moment', async () => {
    const [one, two] = await startTwo();
    const { db } = two.running.context;
    const [{ id } = expect.fail()] = await db
      .selectFrom('environments')
      .select('id')
      .where('key', '=', 'production')
      .execute();
    let between = async (): Promise<void> => {
      between = async () => undefined;
      await one.change(turn('turn-on'));
    };
    const registry = new ChannelRegistry(
      db.withPlugin({
        transformQuery: ({ node }) => node,
        transformResult: async ({ result }) => {
          await between();
          return result;
        },
      }),
      { outflow: new Outflow(nodePlatform), onVersion: () => undefined, every: nodePlatform.every },
    );
    const channel = await registry.open(id);
    expect(channel.selector.version).toBe(1);
    expect(JSON.parse(channel.log.find('flag', 'checkout')?.json ?? '')).toMatchObject({ on: false, version: 1 });
  });
});
