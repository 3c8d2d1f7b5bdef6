import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeEdgePlatform, parseEdgeSettings, startEdge } from '@sluice/edge';
import { createStreamSource, dialSocket, type Platform, Reporter } from '@sluice/sdk-common';
import {
  createFakeServerPlatform,
  createTestLog,
  type FakeClock,
  settle,
  startTcpProxy,
  startTestServer,
  type TcpProxy,
  type TestServer,
} from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeClient } from '../node-client.ts';
import { nodePlatform } from '../platform.ts';
import { Scopes } from '../surroundings/scopes.ts';
import type { Store } from './store.ts';

/**
 * A strict migration behind an edge, with one clock for server, edge and client, so that who gives up first can be told
 * to the second. Connections are real.
 */

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const second = 1000;

let closings: (() => Promise<void> | void)[];
let clock: FakeClock;
let server: TestServer;

const whenFinished = (close: () => Promise<void> | void): void => void closings.push(close);

beforeEach(async () => {
  closings = [];
  const platform = createFakeServerPlatform();
  clock = platform.clock;
  server = await startTestServer({ platform });
  whenFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
});

afterEach(async () => {
  // What closes may wait for a moment of the clock.
  let isClosed = false;
  const closed = (async () => {
    for (const close of closings.toReversed()) await close();
    isClosed = true;
  })();
  while (!isClosed) await clock.advance(100);
  await closed;
});

/** An edge whose way to the server is a network that can be spoilt. */
async function runEdge(): Promise<{ readonly url: string; readonly network: TcpProxy }> {
  const environments = [{ project: 'default', environment: 'production' }];
  const { key } = (await server.api('POST', '/edges', { name: 'fra', environments })).body;
  const network = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
  whenFinished(() => network.close());
  const data = mkdtempSync(join(tmpdir(), 'sluice-fence-'));
  whenFinished(() => rmSync(data, { recursive: true, force: true }));
  const upstream = `http://127.0.0.1:${network.port}`;
  const settings = parseEdgeSettings({ upstream, credential: key, data, port: '0' }, {});
  const { createId, createSecret } = nodeEdgePlatform;
  const platform = { ...createFakeServerPlatform(clock), createId, createSecret };
  const edge = await startEdge(settings, platform, createTestLog().log);
  whenFinished(() => edge.close());
  await soon(edge.untilReady());
  return { url: edge.url, network };
}

async function startClient(baseUrl: string, name: string) {
  const platform: Platform = { ...nodePlatform, clock };
  const headers = { authorization: server.sdkKey };
  const identity = { key: name, session: `session of ${name}`, sdk: 'sluice-test/1', about: {} };
  const scopes = new Scopes(
    { context: undefined, ambient: [] },
    { session: identity.session, log: silent, telemetry: undefined, elapsed: () => clock.elapsed() },
  );
  const dial = dialSocket({ baseUrl, headers }, nodePlatform);
  const client = new NodeClient(
    {
      sdkKey: server.sdkKey,
      log: silent,
      reporter: new Reporter({ identity, post: async () => [] }, platform),
      telemetry: undefined,
      hooks: [],
      sources: [
        {
          origin: 'socket',
          create: (sink) => createStreamSource({ protocol: 'fdv2', firstRetryMs: 1, dial }, sink, platform),
        },
      ],
      cache: undefined,
      events: undefined,
      bigSegments: undefined,
      repairFolder: false,
    },
    platform,
    scopes,
  );
  whenFinished(() => client.close());
  const store: Store<number> = {
    read: async () => undefined,
    write: async () => 'applied',
    remove: async () => 'applied',
  };
  const orders = client.migration<number>('orders', { old: store, new: store, strict: true, journal: false });
  /** In which stage a write goes through; why it does not. */
  const write = (): Promise<string> =>
    orders.write('a', 1).then(
      ({ stage }) => stage,
      ({ code }) => code,
    );
  expect(await soon(client.ready())).toBe(true);
  return { client, write };
}

/** What comes about soon, while time passes that is not worth counting. */
async function soon<T>(wanted: Promise<T>): Promise<T> {
  let isHere = false;
  const noted = wanted.finally(() => {
    isHere = true;
  });
  while (!isHere) await pass(1);
  return noted;
}

/** Whatever is on its way between the programs arrives before time goes on. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  for (let turns = 0; turns < 5; turns++) await settle();
}

async function setStage(stage: string): Promise<void> {
  await soon(server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage }] }));
}

/** Who is waited for before any record may go `live`. */
async function listHoldouts(): Promise<readonly string[]> {
  const { body } = await soon(server.api('GET', `${production}/flags/orders/barrier`));
  return body.waitsFor.map(({ instance }: { readonly instance: string }) => instance);
}

test('an edge loses the server: whoever is behind it stops writing in off before the server stops waiting, and nobody begins there', async () => {
  const { url, network } = await runEdge();
  const { client, write } = await startClient(url, 'web-1');
  expect(await soon(write())).toBe('off');
  for (let times = 0; times < 60; times++) await pass(second);
  expect(await soon(write())).toBe('off');

  network.swallow();
  const cutAt = clock.elapsed();
  await setStage('dualwrite');
  expect(await listHoldouts()).toEqual(['web-1']);
  let refusedAt: number | undefined;
  let goneAt: number | undefined;
  while (goneAt === undefined) {
    await pass(second);
    if ((await listHoldouts()).length === 0) goneAt = clock.elapsed();
    // After the look at the barrier: what is acknowledged now is acknowledged behind it.
    const found = await soon(write());
    if (found === 'lease') refusedAt ??= clock.elapsed();
    else expect([found, goneAt, refusedAt]).toEqual(['off', undefined, undefined]);
  }
  // Its own connection has been good all the time.
  expect(client.status.state).toBe('live');
  const late = await startClient(url, 'web-2');
  expect(await soon(late.write())).toBe('lease');
  expect((refusedAt ?? Number.NaN) - cutAt).toBeLessThanOrEqual(45 * second);
  expect(goneAt - cutAt).toBeGreaterThanOrEqual(60 * second);

  network.heal();
  network.disconnect();
  const stages = { first: '', late: '' };
  while (stages.first !== 'dualwrite' || stages.late !== 'dualwrite') {
    await pass(second);
    Object.assign(stages, { first: await soon(write()), late: await soon(late.write()) });
    expect(stages.first).toMatch(/^(?:lease|dualwrite)$/);
  }
});

test.each(['swallow', 'muffle'] as const)(
  'a client loses the server (%s): it stops writing in off before the server stops waiting',
  async (how) => {
    const network = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
    whenFinished(() => network.close());
    const { write } = await startClient(`http://127.0.0.1:${network.port}`, 'web-1');
    expect(await soon(write())).toBe('off');
    network[how]();
    await setStage('dualwrite');
    let refusedAt: number | undefined;
    let goneAt: number | undefined;
    while (goneAt === undefined) {
      await pass(second);
      if ((await listHoldouts()).length === 0) goneAt = clock.elapsed();
      const found = await soon(write());
      if (found === 'lease') refusedAt ??= clock.elapsed();
      else expect([found, goneAt]).toEqual(['off', undefined]);
      // Whom it hears, the server goes on waiting for.
      if (refusedAt !== undefined) network.swallow();
    }
    expect(goneAt - (refusedAt ?? Number.NaN)).toBeGreaterThan(10 * second);
  },
);
