import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConvergenceView, FleetView } from '@sluice/api-client';
import { createClient, type Options } from '@sluice/sdk-node';
import { startTestProxy, startTestServer, type TestProxy, type TestServer } from '@sluice/testkit';
import { describe, expect, test, vi } from 'vitest';

/** Our own SDK against our own server, by every way that it has to get flags and to say what it runs. */

const ann = { kind: 'user', key: 'ann' };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const modes = ['socket', 'stream', 'poll'] as const;

type WhenFinished = (close: () => Promise<void> | void) => void;
type Client = ReturnType<typeof createClient>;

async function startServer(whenFinished: WhenFinished): Promise<TestServer> {
  const server = await startTestServer();
  whenFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  return server;
}

function startClient(whenFinished: WhenFinished, { url, sdkKey }: TestServer, options: Partial<Options> = {}): Client {
  const client = createClient({
    url,
    sdkKey,
    cacheFolder: false,
    log: silent,
    firstRetryMs: 50,
    pollPeriodMs: 100,
    instance: { key: 'web-1', region: 'eu-1' },
    ...options,
  });
  whenFinished(() => client.close());
  return client;
}

function turn(server: TestServer, kind: 'turn-on' | 'turn-off') {
  return server.change({ flag: 'checkout', instructions: [{ kind }] });
}

const production = '/projects/default/environments/production';

async function converge(server: TestServer, change: string, wait = 'all'): Promise<ConvergenceView> {
  const { status, body } = await server.api(
    'GET',
    `${production}/changes/${change}/convergence?wait=${wait}&timeoutMs=20000`,
  );
  expect(status).toBe(200);
  return body;
}

async function readFleet(server: TestServer): Promise<FleetView> {
  return (await server.api('GET', `${production}/fleet`)).body;
}

/** Resolves when something is true of a client; looked at whenever it has other flags or another status. */
function until(client: Client, isTrue: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isTrue()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = [client.onStatus(look), client.onChange(look)];
    look();
  });
}

const isOn = (client: Client): boolean => client.enabled('checkout', ann);

/** Resolves when so many instances are there. */
async function untilLive(server: TestServer, live: number): Promise<FleetView> {
  const { fleet, db } = server.running.context;
  const { id } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  for (;;) {
    // Listened for before it is looked: news may come in between.
    const { promise: news, resolve } = Promise.withResolvers<void>();
    const stop = fleet.open(id).onNews(resolve);
    const view = await readFleet(server);
    if (view.live !== live) await news;
    stop();
    if (view.live === live) return view;
  }
}

/** Lets a flag be delivered as no command would make it, as if somebody had written into the database. */
async function damage(server: TestServer, flag: string): Promise<void> {
  const { db, channels } = server.running.context;
  const environment = await db
    .selectFrom('environments')
    .selectAll()
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  const version = environment.version + 1;
  await db.updateTable('environments').set({ version }).where('id', '=', environment.id).execute();
  await db
    .updateTable('objects')
    .set({ version, compiledJson: JSON.stringify({ key: flag, version, variations: 'none' }) })
    .where('environmentId', '=', environment.id)
    .where('key', '=', flag)
    .execute();
  await channels.refresh(environment.id);
}

describe.each(modes)('our SDK by %s', (mode) => {
  test('serves changes, and says so: a change is done when the instance runs it', async ({ onTestFinished }) => {
    const server = await startServer(onTestFinished);
    const client = startClient(onTestFinished, server, { mode });
    expect(await client.ready()).toBe(true);
    expect(client.status.origin).toBe(mode);
    expect(isOn(client)).toBe(false);
    const before = await untilLive(server, 1);
    expect(before.items[0]).toMatchObject({ instance: 'web-1', via: mode, about: { region: 'eu-1' } });
    const { id, version } = await turn(server, 'turn-on');
    expect(await converge(server, id)).toMatchObject({ outcome: 'converged', version, expected: 1, accepted: 1 });
    expect(isOn(client)).toBe(true);
    expect((await readFleet(server)).versions).toEqual([{ version, instances: 1 }]);
  });

  test('resumes, and is counted once, after the server was away', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-life-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const first = await startTestServer({ folder });
    await first.api('POST', '/projects/default/flags', { key: 'checkout' });
    const client = startClient(onTestFinished, first, { mode });
    await client.ready();
    await first.close();
    await until(client, () => client.status.state === 'interrupted');
    expect(isOn(client)).toBe(false);
    const second = await startTestServer({ folder, port: Number(new URL(first.url).port) });
    onTestFinished(() => second.close());
    await until(client, () => client.status.state === 'live');
    await untilLive(second, 1);
    const { id } = await turn(second, 'turn-on');
    expect(await converge(second, id)).toMatchObject({ outcome: 'converged', expected: 1 });
    expect(isOn(client)).toBe(true);
    expect(await readFleet(second)).toMatchObject({ live: 1, gone: 0, foreign: { live: 0 } });
  });

  test('has its evaluations counted, and leaves when it is closed', async ({ onTestFinished }) => {
    const server = await startServer(onTestFinished);
    const client = startClient(onTestFinished, server, { mode });
    await client.ready();
    await untilLive(server, 1);
    for (let times = 0; times < 3; times++) client.enabled('checkout', ann);
    await client.flush();
    await server.running.context.evaluations.flush();
    const { body } = await server.api('GET', `${production}/flags/checkout/evaluations`);
    expect(body.items).toMatchObject([{ variation: 1, count: 3 }]);
    await client.close();
    await untilLive(server, 0);
    expect((await readFleet(server)).items).toMatchObject([{ instance: 'web-1', state: 'gone' }]);
  });

  test('takes what it can of a change, and says what it refused and why', async ({ onTestFinished }) => {
    const server = await startServer(onTestFinished);
    const client = startClient(onTestFinished, server, { mode });
    await client.ready();
    await untilLive(server, 1);
    await server.api('POST', '/projects/default/flags', { key: 'other' });
    await damage(server, 'other');
    const { id } = await turn(server, 'turn-on');
    await until(client, () => isOn(client));
    expect(await converge(server, id)).toMatchObject({ outcome: 'converged' });
    expect(client.status.refused).toMatchObject([{ kind: 'flag', key: 'other' }]);
    expect((await readFleet(server)).items).toMatchObject([
      { state: 'partial', reason: expect.stringContaining('flag other: variations must be a list') },
    ]);
  });

  test('matches rules with operators that others lack', async ({ onTestFinished }) => {
    const server = await startServer(onTestFinished);
    const client = startClient(onTestFinished, server, { mode });
    await client.ready();
    const clauses = [{ contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] }];
    await server.change({
      flag: 'checkout',
      instructions: [
        { kind: 'turn-on' },
        { kind: 'set-fallthrough', variation: 'off' },
        { kind: 'add-rule', rule: { clauses, variation: 'on' } },
      ],
    });
    const request = (ip: string) => ({ kind: 'request', key: 'r', ip });
    await until(client, () => client.enabled('checkout', request('10.1.2.3')));
    expect(client.enabled('checkout', request('11.1.2.3'))).toBe(false);
  });
});

describe('a proxy on the way', () => {
  test('that lets sockets through is not noticed', async ({ onTestFinished }) => {
    const server = await startServer(onTestFinished);
    const proxy = await startTestProxy(server.url, onTestFinished);
    const client = startClient(onTestFinished, server, { url: proxy.url });
    await client.ready();
    expect(client.status.origin).toBe('socket');
  });

  test.each(['refuse', 'strip', 'cut'] as const)(
    'that does not (%s) is passed by a stream, and by sockets again as soon as it lets them through',
    async (upgrades) => {
      await passProxy(upgrades);
    },
  );

  async function passProxy(upgrades: TestProxy['upgrades']): Promise<void> {
    const closings: (() => Promise<void> | void)[] = [];
    const whenFinished: WhenFinished = (close) => void closings.unshift(close);
    try {
      const server = await startServer(whenFinished);
      const proxy = await startTestProxy(server.url, whenFinished);
      proxy.upgrades = upgrades;
      // After three attempts in vain it would wait for minutes: the second and the third come 1 s and 3 s after the first.
      const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
      whenFinished(() => random.mockRestore());
      const client = startClient(whenFinished, server, { url: proxy.url, firstRetryMs: 2000 });
      await client.ready();
      expect(client.status).toMatchObject({ state: 'live', origin: 'stream' });
      const { items } = await untilLive(server, 1);
      expect(items).toMatchObject([{ via: 'stream' }]);
      proxy.upgrades = 'pass';
      await until(client, () => client.status.origin === 'socket');
      const { id } = await turn(server, 'turn-on');
      expect(await converge(server, id)).toMatchObject({ outcome: 'converged', expected: 1 });
      expect(isOn(client)).toBe(true);
      expect(await readFleet(server)).toMatchObject({ live: 1, gone: 0, items: [{ via: 'socket' }] });
    } finally {
      for (const close of closings) await close();
    }
  }
});
