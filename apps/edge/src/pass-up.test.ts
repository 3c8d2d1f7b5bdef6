import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as openRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type ScannedStore, type Stored } from '@sluice/sdk-node';
import {
  createFakeServerPlatform,
  createTestLog,
  startTestServer,
  startTestTunnel,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EdgePlatform, nodeEdgePlatform, parseEdgeSettings, type RunningEdge, startEdge } from './index.ts';

/** What SDKs ask of the server itself, from behind an edge. */

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let closings: (() => Promise<void> | void)[];
let server: TestServer;

const whenFinished = (close: () => Promise<void> | void): void => void closings.push(close);

beforeEach(() => {
  closings = [];
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
});

async function runServer(workers = 0): Promise<void> {
  server = await startTestServer({ workers });
  whenFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
  await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
}

interface EdgeOptions {
  readonly upstream?: string;
  readonly workers?: number;
  readonly platform?: EdgePlatform;
}

let edges = 0;

async function runEdge(options: EdgeOptions = {}): Promise<RunningEdge> {
  const { upstream = server.url, workers = 0, platform = nodeEdgePlatform } = options;
  const environments = [{ project: 'default', environment: 'production' }];
  const { key } = (await server.api('POST', '/edges', { name: `edge-${++edges}`, environments })).body;
  const data = mkdtempSync(join(tmpdir(), 'sluice-edge-'));
  whenFinished(() => rmSync(data, { recursive: true, force: true }));
  const words = { upstream, credential: key, data, port: '0', workers: String(workers) };
  const edge = await startEdge(parseEdgeSettings(words, {}), platform, createTestLog().log);
  whenFinished(() => edge.close());
  await edge.untilReady();
  return edge;
}

function ask(url: string, what: string, body: unknown, sdkKey: string = server.sdkKey): Promise<Response> {
  return fetch(`${url}/sdk/v1/migrations/orders/backfill/${what}`, {
    method: 'POST',
    headers: { authorization: sdkKey, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const places: Readonly<Record<string, () => Promise<string>>> = {
  'an edge': async () => {
    await runServer();
    return (await runEdge()).url;
  },
  'an edge below an edge': async () => {
    await runServer();
    return (await runEdge({ upstream: (await runEdge()).url })).url;
  },
  'an edge that has workers, as has its server': async () => {
    await runServer(1);
    return (await runEdge({ workers: 1 })).url;
  },
};

/** In memory, with so many records. */
function createStore(keys: readonly string[]): ScannedStore<number> & { listKeys(): readonly string[] } {
  const records = new Map(keys.map((key): [string, Stored<number>] => [key, { value: 1, version: '1' }]));
  return {
    listKeys: () => [...records.keys()].sort(),
    read: async (key) => records.get(key),
    write: async (key, value, { version }) => {
      records.set(key, { value, version });
      return 'applied';
    },
    remove: async (key, { version }) => {
      records.set(key, { value: undefined, version });
      return 'applied';
    },
    scan: async ({ after = '', upTo, limit }) =>
      [...records]
        .filter(([key]) => key > after && (upTo === undefined || key <= upTo))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, stored]) => ({ key, ...stored })),
  };
}

test.each(Object.entries(places))('a backfill is run from behind %s', async (_, place) => {
  const url = await place();
  const client = createClient({ url, sdkKey: server.sdkKey, cacheFolder: false, log: silent });
  whenFinished(() => client.close());
  expect(await client.ready()).toBe(true);
  const [old, next] = [createStore(['a', 'b', 'c']), createStore([])];
  const orders = client.migration<number>('orders', { old, new: next, journal: false });
  expect(await orders.backfill.run({ rate: 1e6 })).toMatchObject({ isVerified: true, rows: 3 });
  expect(next.listKeys()).toEqual(['a', 'b', 'c']);
});

test('what the server answers comes back as it is', async () => {
  await runServer();
  const { url } = await runEdge();
  const told = { position: 7, fence: 1, isCopied: false, tally: {} };
  for (const [what, body] of [
    ['progress', told],
    ['claim', {}],
    ['claim', 'no JSON'],
    ['weather', {}],
  ] as const) {
    const [there, here] = [await ask(server.url, what, body), await ask(url, what, body)];
    expect([what, here.status]).toEqual([what, there.status]);
    const withoutId = async (answer: Response) => ({ ...((await answer.json()) as object), requestId: '' });
    expect(await withoutId(here)).toEqual(await withoutId(there));
    expect(here.headers.get('content-type')).toBe(there.headers.get('content-type'));
  }
});

test('whoever has no key that the edge serves is told so by the edge', async () => {
  await runServer();
  const tunnel = await startTestTunnel(server.url, whenFinished);
  const { url } = await runEdge({ upstream: tunnel.url });
  const staging = await server.api('POST', '/projects/default/environments/staging/credentials', { name: 'theirs' });
  const before = tunnel.connections;
  for (const key of ['', 'sdk-other', staging.body.secret])
    expect((await ask(url, 'claim', { worker: 'a' }, key)).status).toBe(401);
  expect(tunnel.connections).toBe(before);
});

test('nothing else is passed on', async () => {
  await runServer();
  const { url } = await runEdge();
  const { hostname, port } = new URL(url);
  for (const path of [
    '/sdk/v1/migrations/orders',
    '/sdk/v1/migrations/orders/backfill/claim/more',
    '/sdk/v1/migrations/../../../api/v1/projects',
    '/api/v1/projects',
  ]) {
    const asked = openRequest({ hostname, port, path, method: 'POST', headers: { authorization: server.sdkKey } });
    const [answer] = await once(asked.end(), 'response');
    answer.resume();
    expect([path, answer.statusCode]).toEqual([path, 404]);
  }
});

test('while the server above is away, workers are told to try again, not all at once', async () => {
  await runServer();
  let luck = 0;
  const { url } = await runEdge({ platform: { ...nodeEdgePlatform, random: () => luck } });
  await server.close();
  const found: unknown[] = [];
  for (luck of [0, 0.5, 0.99]) {
    const answer = await ask(url, 'claim', { worker: 'a' });
    found.push([answer.status, answer.headers.get('retry-after'), ((await answer.json()) as { code: string }).code]);
  }
  expect(found).toEqual([
    [503, '1', 'unavailable'],
    [503, '3', 'unavailable'],
    [503, '5', 'unavailable'],
  ]);
});

function createFakeEdgePlatform() {
  const { createId, createSecret } = nodeEdgePlatform;
  return { ...createFakeServerPlatform(), createId, createSecret };
}

test('a server above that says nothing is waited for for ten seconds, by so many at once', async () => {
  await runServer();
  const tunnel = await startTestTunnel(server.url, whenFinished);
  const platform = createFakeEdgePlatform();
  const { url } = await runEdge({ upstream: tunnel.url, platform });
  tunnel.bytes = 'swallow';
  const before = tunnel.connections;
  const statuses: number[] = [];
  const asked = Array.from({ length: 256 }, async () => {
    statuses.push((await ask(url, 'claim', { worker: 'a' })).status);
  });
  await until(async () => tunnel.connections === before + 256);
  expect((await ask(url, 'claim', { worker: 'a' })).status).toBe(503);
  await platform.clock.advance(9999);
  expect(statuses).toEqual([]);
  await platform.clock.advance(1);
  await Promise.all(asked);
  expect(statuses).toEqual(asked.map(() => 503));
  // There is room again.
  tunnel.bytes = 'pass';
  expect((await ask(url, 'claim', { worker: 'a' })).status).toBe(200);
});

test.each([true, false])('a body that is too long goes no further, its length being told: %s', async (isTold) => {
  await runServer();
  const tunnel = await startTestTunnel(server.url, whenFinished);
  const { url } = await runEdge({ upstream: tunnel.url });
  const { hostname, port } = new URL(url);
  const sizeBytes = 5 * 1024 * 1024 + 1;
  const asked = openRequest({
    ...{ hostname, port, method: 'POST', path: '/sdk/v1/migrations/orders/backfill/ranges' },
    headers: {
      authorization: server.sdkKey,
      'content-type': 'application/json',
      ...(isTold ? { 'content-length': sizeBytes } : { 'transfer-encoding': 'chunked' }),
    },
  });
  const [answer] = await once(asked.end(Buffer.alloc(sizeBytes, 32)), 'response');
  answer.resume();
  expect(answer.statusCode).toBe(413);
  expect((await ask(url, 'claim', { worker: 'a' })).status).toBe(200);
});
