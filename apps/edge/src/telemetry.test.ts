import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Options } from '@sluice/sdk-node';
import { createTestLog, startTcpProxy, startTestServer, type TcpProxy, type TestServer, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeEdgePlatform, parseEdgeSettings, startEdge } from './index.ts';

/** From an application that answers requests to the management API, by every way that there is. */

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

type Client = ReturnType<typeof createClient>;

let closings: (() => Promise<void> | void)[];

const whenFinished = (close: () => Promise<void> | void): void => void closings.push(close);

beforeEach(() => {
  closings = [];
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
});

async function runServer(workers = 0): Promise<TestServer> {
  const server = await startTestServer({ workers });
  whenFinished(() => server.close());
  return server;
}

async function runEdge(server: TestServer, name: string): Promise<string> {
  const environments = [{ project: 'default', environment: 'production' }];
  const { key } = (await server.api('POST', '/edges', { name, environments })).body;
  const data = mkdtempSync(join(tmpdir(), 'sluice-edge-'));
  whenFinished(() => rmSync(data, { recursive: true, force: true }));
  const settings = parseEdgeSettings({ upstream: server.url, credential: key, data, port: '0' }, {});
  const edge = await startEdge(settings, nodeEdgePlatform, createTestLog().log);
  whenFinished(() => edge.close());
  await edge.untilReady();
  return edge.url;
}

/** A network that a test can spoil, to one server and later to another. */
async function runProxy(url: string): Promise<TcpProxy & { moveTo(url: string): void }> {
  const target = { host: '127.0.0.1', port: Number(new URL(url).port) };
  const proxy = await startTcpProxy(target);
  whenFinished(() => proxy.close());
  const moveTo = (other: string): void => {
    target.port = Number(new URL(other).port);
  };
  return { ...proxy, moveTo };
}

interface App {
  readonly client: Client;
  /** Lets the application answer a request. */
  answer(): Promise<void>;
}

async function runApp(
  port: number,
  { sdkKey }: TestServer,
  mode: 'socket' | 'stream',
  options: Pick<Options, 'events'> = {},
): Promise<App> {
  const url = `http://127.0.0.1:${port}`;
  const client = createClient({ url, sdkKey, mode, cacheFolder: false, firstRetryMs: 20, log: silent, ...options });
  whenFinished(() => client.close());
  expect(await client.ready()).toBe(true);
  const app = createServer(
    client.http(
      (_: IncomingMessage, response: ServerResponse) => {
        client.enrich({ account: { key: '42' } });
        response.writeHead(500).end();
      },
      { route: () => '/items/:id' },
    ),
  );
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  whenFinished(() => {
    app.closeAllConnections();
    app.close();
  });
  const address = `http://127.0.0.1:${(app.address() as AddressInfo).port}/items/7`;
  const answer = async (): Promise<void> => {
    const response = await fetch(address);
    await response.text();
  };
  return { client, answer };
}

async function readRoutes(server: TestServer) {
  await server.running.context.telemetry.flush();
  return (await server.api('GET', `${production}/routes/telemetry?window=5m`)).body.items;
}

async function countRequests(server: TestServer): Promise<number> {
  return (await readRoutes(server)).reduce((sum: number, { count }: { count: number }) => sum + count, 0);
}

/** Lets a client tell what it counted, and the server write it without waiting for its time. */
async function flush(server: TestServer, client: Client): Promise<void> {
  let isDone = false;
  const flushed = client.flush().finally(() => {
    isDone = true;
  });
  await until(async () => {
    await server.running.context.telemetry.flush();
    return isDone;
  });
  await flushed;
}

/** Windows come in order: once a second one is there, nothing of the first is on its way any more. */
async function untilSecondWindow(server: TestServer, client: Client): Promise<void> {
  await until(async () => {
    await flush(server, client);
    const { db } = server.running.context;
    return (await db.selectFrom('telemetrySenders').where('sequence', '=', 2).selectAll().execute()).length > 0;
  });
}

interface Way {
  readonly name: string;
  readonly mode: 'socket' | 'stream';
  readonly workers: number;
  readonly edges: number;
}

const ways: readonly Way[] = [
  { name: 'a socket', mode: 'socket', workers: 0, edges: 0 },
  { name: 'a stream and posts', mode: 'stream', workers: 0, edges: 0 },
  { name: 'a socket of a worker', mode: 'socket', workers: 1, edges: 0 },
  { name: 'a socket of an edge', mode: 'socket', workers: 0, edges: 1 },
  { name: 'a stream and posts of an edge', mode: 'stream', workers: 0, edges: 1 },
];

describe.each(ways)('by $name', ({ mode, workers, edges }) => {
  async function run(): Promise<{ server: TestServer; proxy: TcpProxy; app: App }> {
    const server = await runServer(workers);
    const proxy = await runProxy(edges === 0 ? server.url : await runEdge(server, 'fra'));
    return { server, proxy, app: await runApp(proxy.port, server, mode) };
  }

  test('what an application answered comes to whoever asks, by route', async () => {
    const { server, app } = await run();
    await Promise.all([app.answer(), app.answer(), app.answer()]);
    await until(async () => {
      await flush(server, app.client);
      return (await countRequests(server)) === 3;
    });
    expect(await readRoutes(server)).toMatchObject([
      {
        route: '/items/:id',
        count: 3,
        failed: 3,
        methods: [{ method: 'GET' }],
        accounts: [{ account: '42', count: 3 }],
      },
    ]);
  });

  test('a window whose answer is lost with the connection comes again, and counts once', async () => {
    const { server, proxy, app } = await run();
    await app.answer();
    proxy.muffle();
    const flushed = app.client.flush();
    await until(async () => (await countRequests(server)) === 1);
    proxy.disconnect();
    await flushed;
    await app.answer();
    await untilSecondWindow(server, app.client);
    expect(await countRequests(server)).toBe(2);
  });
});

test('an application that wants nothing to be reported has nothing counted', async () => {
  const server = await runServer();
  const port = Number(new URL(server.url).port);
  const [one, other] = [await runApp(port, server, 'socket', { events: false }), await runApp(port, server, 'socket')];
  for (const { client, answer } of [one, other]) {
    await answer();
    await flush(server, client);
  }
  expect(await countRequests(server)).toBe(1);
});

test.each(['socket', 'stream'] as const)('a window that comes again by another edge counts once (%s)', async (mode) => {
  const server = await runServer();
  const [one, other] = [await runEdge(server, 'fra'), await runEdge(server, 'ams')];
  const proxy = await runProxy(one);
  const app = await runApp(proxy.port, server, mode);
  await app.answer();
  proxy.muffle();
  const flushed = app.client.flush();
  await until(async () => (await countRequests(server)) === 1);
  proxy.moveTo(other);
  proxy.disconnect();
  await flushed;
  await app.answer();
  await untilSecondWindow(server, app.client);
  expect(await countRequests(server)).toBe(2);
});
