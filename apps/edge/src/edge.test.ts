import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConvergenceView, FleetView } from '@sluice/api-client';
import { createClient, type Options } from '@sluice/sdk-node';
import {
  createFakeServerPlatform,
  createTestLog,
  type FakeServerPlatform,
  findFreePort,
  openTestStream,
  settle,
  startTestServer,
  startTestTunnel,
  type TestServer,
  until as untilSo,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgePlatform, nodeEdgePlatform, parseEdgeSettings, type RunningEdge, startEdge } from './index.ts';

const ann = { kind: 'user', key: 'ann' };
const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const hour = 3_600_000;

type Client = ReturnType<typeof createClient>;

let closings: (() => Promise<void> | void)[];
let server: TestServer;
let edgeKey: string;

const whenFinished = (close: () => Promise<void> | void): void => void closings.push(close);

beforeEach(async () => {
  closings = [];
  server = await startTestServer();
  whenFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  edgeKey = await createEdgeKey('fra');
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
});

async function createEdgeKey(name: string, ...names: readonly string[]): Promise<string> {
  const environments = (names.length === 0 ? ['production'] : names).map((environment) => ({
    project: 'default',
    environment,
  }));
  return (await server.api('POST', '/edges', { name, environments })).body.key;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-edge-'));
  whenFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface EdgeOptions {
  readonly workers?: number;
  readonly upstream?: string;
  readonly key?: string;
  readonly data?: string;
  readonly port?: number;
  readonly platform?: EdgePlatform;
}

/** An edge that is not waited for. */
async function launchEdge(options: EdgeOptions = {}): Promise<RunningEdge & { readonly lines: readonly string[] }> {
  const { upstream = server.url, key = edgeKey, data = makeFolder(), platform = nodeEdgePlatform } = options;
  const { port = 0, workers = 0 } = options;
  const { log, lines } = createTestLog();
  const settings = parseEdgeSettings(
    { upstream, credential: key, data, port: String(port), workers: String(workers) },
    {},
  );
  const edge = await startEdge(settings, platform, log);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (!isClosed) await edge.close();
    isClosed = true;
  };
  whenFinished(close);
  return { ...edge, url: edge.url, relay: edge.relay, close, lines };
}

async function runEdge(options: EdgeOptions = {}): ReturnType<typeof launchEdge> {
  const edge = await launchEdge(options);
  await edge.untilReady();
  return edge;
}

/** An edge in a process of its own, to be killed; resolves when it serves. */
async function startEdgeProcess(data: string, port: number): Promise<{ kill(): Promise<void> }> {
  const words = ['edge', '--upstream', server.url, '--port', String(port), '--data', data, '--log-level', 'error'];
  const command = join(import.meta.dirname, '../../cli/src/main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', command, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SLUICE_EDGE_KEY: edgeKey },
  });
  const ended = once(child, 'exit');
  whenFinished(() => void child.kill('SIGKILL'));
  await untilSo(() =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function createFakeEdgePlatform(): FakeServerPlatform & EdgePlatform {
  const { createId, createSecret } = nodeEdgePlatform;
  return { ...createFakeServerPlatform(), createId, createSecret };
}

function startClient(url: string, options: Partial<Options> = {}): Client {
  const client = createClient({
    url,
    sdkKey: server.sdkKey,
    cacheFolder: false,
    log: silent,
    firstRetryMs: 20,
    instance: { key: 'web-1' },
    ...options,
  });
  whenFinished(() => client.close());
  return client;
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

function turn(kind: 'turn-on' | 'turn-off') {
  return server.change({ flag: 'checkout', instructions: [{ kind }] });
}

async function converge(change: string): Promise<ConvergenceView> {
  return (await server.api('GET', `${production}/changes/${change}/convergence?wait=all&timeoutMs=20000`)).body;
}

async function readFleet(): Promise<FleetView> {
  return (await server.api('GET', `${production}/fleet`)).body;
}

/** Resolves when so many instances are there. */
async function untilLive(live: number): Promise<FleetView> {
  const instances = server.running.context.fleet.open(await findEnvironmentId('production'));
  for (;;) {
    // Listened for before it is looked: news may come in between.
    const { promise: news, resolve } = Promise.withResolvers<void>();
    const stop = instances.onNews(resolve);
    const view = await readFleet();
    if (view.live !== live) await news;
    stop();
    if (view.live === live) return view;
  }
}

async function findEnvironmentId(key: string): Promise<string> {
  const { db } = server.running.context;
  return (await db.selectFrom('environments').select('id').where('key', '=', key).executeTakeFirstOrThrow()).id;
}

function getStatus(edge: RunningEdge, path = '/sdk/latest-all', sdkKey = server.sdkKey): Promise<number> {
  return fetch(`${edge.url}${path}`, { headers: { authorization: sdkKey } }).then(({ status }) => status);
}

describe('an edge', () => {
  test('serves changes, and the server knows who has them and by which edge', async () => {
    const edge = await runEdge();
    const clients = ['web-1', 'web-2', 'web-3'].map((key) => startClient(edge.url, { instance: { key } }));
    await Promise.all(clients.map((client) => client.ready()));
    await untilLive(3);
    const { id, version } = await turn('turn-on');
    expect(await converge(id)).toMatchObject({ outcome: 'converged', version, expected: 3, accepted: 3 });
    expect(clients.map(isOn)).toEqual([true, true, true]);
    const { items } = await readFleet();
    expect(items.map(({ instance, through }) => [instance, through])).toEqual([
      ['web-1', 'fra'],
      ['web-2', 'fra'],
      ['web-3', 'fra'],
    ]);
  });

  test.each(['socket', 'stream', 'poll'] as const)(
    'serves our SDK by %s, and counts what it evaluates',
    async (mode) => {
      const edge = await runEdge();
      const client = startClient(edge.url, { mode, pollPeriodMs: 100 });
      await client.ready();
      await untilLive(1);
      const { id } = await turn('turn-on');
      expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 1 });
      isOn(client);
      await client.close();
      await edge.close();
      // What an edge has counted, it tells before it ends.
      await server.running.context.evaluations.flush();
      const { body } = await server.api('GET', `${production}/flags/checkout/evaluations`);
      expect(body.items).toMatchObject([{ variation: 0, count: 1 }]);
    },
  );

  test('serves the endpoints of other SDKs', async () => {
    const edge = await runEdge();
    expect(await getStatus(edge, '/sdk/latest-all')).toBe(200);
    expect(await getStatus(edge, '/sdk/poll')).toBe(200);
    for (const path of ['/all', '/sdk/stream']) {
      const stream = await openTestStream(`${edge.url}${path}`, server.sdkKey);
      expect(await stream.next()).toMatchObject({ event: path === '/all' ? 'put' : 'server-intent' });
      stream.close();
    }
  });

  test('can be behind another edge', async () => {
    const near = await runEdge({ upstream: (await runEdge()).url });
    const client = startClient(near.url);
    await client.ready();
    expect((await untilLive(1)).items).toMatchObject([{ through: 'fra › fra' }]);
    const { id } = await turn('turn-on');
    expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 1 });
    expect(isOn(client)).toBe(true);
    expect(await getStatus(near, '/sdk/latest-all', 'sdk-nobody')).toBe(401);
  });

  test('says how it is, and has nothing of the management API', async () => {
    const edge = await runEdge();
    const status = await (await fetch(`${edge.url}/status`)).json();
    expect(status).toMatchObject({ upstream: { isUp: true }, environments: [{ version: 1 }] });
    expect(await (await fetch(`${edge.url}/metrics`)).text()).toContain('sluice_edge_upstream_up 1');
    expect((await fetch(`${edge.url}/api/v1/projects`)).status).toBe(404);
  });
});

describe('keys', () => {
  test('that are made later work at once, and those that are revoked end their streams', async () => {
    const edge = await runEdge();
    const { body } = await server.api('POST', `${production}/credentials`, { name: 'second' });
    expect(await getStatus(edge, '/sdk/latest-all', body.secret)).toBe(200);
    const stream = await openTestStream(`${edge.url}/sdk/stream`, body.secret);
    await stream.until('payload-transferred');
    await server.api('DELETE', `${production}/credentials/${body.id}`);
    expect(await stream.next()).toMatchObject({ event: 'goodbye', data: expect.stringContaining('revoked') });
    expect(await stream.ended).toBe('ended');
    expect(await getStatus(edge, '/sdk/latest-all', body.secret)).toBe(401);
  });

  test('of environments that the edge may not serve are unknown', async () => {
    const edge = await runEdge({ key: await createEdgeKey('lab', 'staging') });
    expect(await getStatus(edge)).toBe(401);
  });

  test('that are not known are 401 only if somebody above could be asked', async () => {
    const edge = await runEdge();
    expect(await getStatus(edge, '/sdk/latest-all', 'sdk-nobody')).toBe(401);
    await server.close();
    expect(await getStatus(edge, '/sdk/latest-all', 'sdk-somebody')).toBe(503);
    expect(await getStatus(edge)).toBe(200);
  });

  test('of an edge end its link when they are revoked', async () => {
    const edge = await runEdge();
    const { body } = await server.api('GET', '/edges');
    expect(body.items).toMatchObject([{ name: 'fra', isConnected: true }]);
    await server.api('DELETE', `/edges/${body.items[0].id}`);
    while (edge.relay.upstream.isUp) await settle();
    // What it has it still serves.
    expect(await getStatus(edge)).toBe(200);
    while (!edge.lines.some((line) => line.includes('401'))) await settle();
  });
});

describe('a key that is used somewhere below', () => {
  interface Used {
    readonly name: string;
    readonly isConnected?: boolean;
    readonly lastUsedAt: number | null;
  }

  async function listUsed(path: string): Promise<readonly Used[]> {
    await server.running.context.usage.flush();
    return (await server.api('GET', path)).body.items;
  }

  test('is known to be, and edges to be connected, at workers and below other edges', async () => {
    await server.close();
    server = await startTestServer({ workers: 1 });
    const names = ['far', 'near'];
    const [far = '', near = ''] = [await createEdgeKey('far'), await createEdgeKey('near')];
    const edge = await runEdge({ key: far });
    const below = await runEdge({ key: near, upstream: edge.url });
    const listConnected = async (): Promise<readonly string[]> =>
      (await listUsed('/edges')).filter(({ isConnected }) => isConnected).map(({ name }) => name);
    await untilSo(async () => (await listConnected()).length === 2);
    expect(await listConnected()).toEqual(names);
    const isSdkKeyUsed = async (): Promise<boolean> =>
      (await listUsed(`${production}/credentials`)).some(({ lastUsedAt }) => lastUsedAt !== null);
    expect(await isSdkKeyUsed()).toBe(false);
    expect(await getStatus(below)).toBe(200);
    await untilSo(isSdkKeyUsed);
    await below.close();
    await untilSo(async () => (await listConnected()).length === 1);
    expect(await listConnected()).toEqual(['far']);
    await edge.close();
    await untilSo(async () => (await listConnected()).length === 0);
  });
});

test('how long changes take is measured at instances behind an edge, too', async () => {
  await server.close();
  const platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  const edge = await runEdge({ key: await createEdgeKey('ams') });
  const client = startClient(edge.url);
  await client.ready();
  await untilLive(1);
  const countAnswers = async (): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^sluice_propagation_seconds_count (\d+)$/m.exec(text)?.[1]);
  };
  expect(await countAnswers()).toBe(0);
  for (const times of [1, 2]) {
    await platform.clock.advance(10_000);
    await untilSo(async () => (await countAnswers()) === times);
  }
});

test('the key of an edge is in use as long as it is connected', async () => {
  await server.close();
  const platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  await runEdge({ key: await createEdgeKey('ams') });
  const connectedAt = platform.now();
  await platform.clock.advance(30_000);
  const findLastUse = async (): Promise<number> => (await server.api('GET', '/edges')).body.items[0].lastUsedAt;
  await untilSo(async () => (await findLastUse()) > connectedAt);
  expect(await findLastUse()).toBe(connectedAt + 30_000);
});

describe('without a server above', () => {
  test('an edge that never had anything says 503, never 401', async () => {
    const edge = await launchEdge({ upstream: 'http://127.0.0.1:9' });
    for (const path of ['/all', '/sdk/stream', '/sdk/latest-all', '/sdk/poll', '/readyz'])
      expect([path, await getStatus(edge, path)]).toEqual([path, 503]);
  });

  test('an edge starts and serves what it had, old keys and no others', async () => {
    const data = makeFolder();
    await turn('turn-on');
    await (await runEdge({ data })).close();
    await server.close();
    const edge = await runEdge({ data });
    const client = startClient(edge.url);
    await client.ready();
    expect(isOn(client)).toBe(true);
    expect(await getStatus(edge, '/sdk/latest-all', 'sdk-nobody')).toBe(503);
  });

  test('an edge whose folder another one has, or that nobody can write, says so and does not start', async () => {
    const data = makeFolder();
    await runEdge({ data });
    await expect(launchEdge({ data })).rejects.toThrow(
      `another edge has the data folder ${data} open; give each its own`,
    );
    const file = join(makeFolder(), 'a-file');
    writeFileSync(file, '');
    await expect(launchEdge({ data: file })).rejects.toThrow(`the data folder ${file} cannot be used: EEXIST`);
  });

  test('an edge with workers starts and serves what it had, by its workers', async () => {
    const data = makeFolder();
    await turn('turn-on');
    await (await runEdge({ data, workers: 2 })).close();
    await server.close();
    const edge = await runEdge({ data, workers: 2 });
    expect(edge.relay.upstream.isUp).toBe(false);
    const clients = ['web-1', 'web-2', 'web-3'].map((key) => startClient(edge.url, { instance: { key } }));
    await Promise.all(clients.map((client) => client.ready()));
    expect(clients.map(isOn)).toEqual([true, true, true]);
    await untilSo(() => edge.relay.fleet.size === 3);
    expect(
      [...edge.relay.channels.values()].map(({ subscribers }) => subscribers.map(({ protocol }) => protocol)),
    ).toEqual([['fdv2', 'fdv2']]);
    expect(await getStatus(edge, '/sdk/latest-all', 'sdk-nobody')).toBe(503);
    expect(await (await fetch(`${edge.url}/status`)).json()).toMatchObject({ upstream: { isUp: false }, instances: 3 });
  });

  test('an edge that lacks an environment serves the others, also to an edge below', async () => {
    const [data, dataBelow] = [makeFolder(), makeFolder()];
    const key = await createEdgeKey('both', 'production', 'staging');
    const { body } = await server.api('POST', '/projects/default/environments/staging/credentials', { name: 'second' });
    await (await runEdge({ key, data })).close();
    await (await runEdge({ key, data: dataBelow })).close();
    const staging = await findEnvironmentId('staging');
    await server.close();
    writeFileSync(join(data, `environment-${staging}`), 'nonsense');
    for (const name of readdirSync(dataBelow)) if (name.startsWith('environment-')) rmSync(join(dataBelow, name));
    const platform = createFakeEdgePlatform();
    const edge = await launchEdge({ key, data, platform });
    const below = await launchEdge({ key, data: dataBelow, platform, upstream: edge.url });
    for (const { url } of [edge, below]) {
      while ((await fetch(`${url}/readyz`)).status === 503) await platform.clock.advance(500);
    }
    for (const each of [edge, below])
      expect([await getStatus(each), await getStatus(each, '/sdk/latest-all', body.secret)]).toEqual([200, 503]);
    expect(edge.lines.some((line) => line.includes('some environments have not come from above yet'))).toBe(true);
  });

  test('an edge with damaged files uses the ones before, and says so', async () => {
    const data = makeFolder();
    const first = await runEdge({ data });
    await first.close();
    const second = await runEdge({ data });
    await turn('turn-on');
    while ([...second.relay.channels.values()].some(({ selector }) => selector.version < 2)) await settle();
    await second.close();
    const stored = readdirSync(data).filter((file) => file !== 'lock' && !file.endsWith('.previous'));
    expect(stored.length).toBeGreaterThan(1);
    for (const file of stored) writeFileSync(join(data, file), 'nonsense');
    await server.close();
    const edge = await runEdge({ data });
    expect(await getStatus(edge)).toBe(200);
    expect(edge.lines.some((line) => line.includes('what was stored cannot be used'))).toBe(true);
  });
});

describe('faults', () => {
  test('the server is gone for an hour and back: instances are served all the time, and have what changed then', async () => {
    const folder = makeFolder();
    const first = await startTestServer({ folder });
    const port = Number(new URL(first.url).port);
    server = first;
    for (const key of ['checkout', 'search']) await first.api('POST', '/projects/default/flags', { key });
    const platform = createFakeEdgePlatform();
    const edge = await runEdge({ key: await createEdgeKey('fra'), upstream: first.url, platform });
    const client = startClient(edge.url);
    await client.ready();
    await first.close();
    while (edge.relay.upstream.isUp) await settle();
    const second = startClient(edge.url, { instance: { key: 'web-2' } });
    await second.ready();
    expect([isOn(client), isOn(second)]).toEqual([false, false]);
    for (let count = 0; count < 2; count++) second.enabled('search', ann);
    await second.flush();
    for (let minutes = 0; minutes < 60; minutes++) await platform.clock.advance(hour / 60);
    const again = await startTestServer({ folder, port });
    whenFinished(() => again.close());
    server = again;
    await turn('turn-on');
    while (!edge.relay.upstream.isUp) await platform.clock.advance(1000);
    await until(client, () => isOn(client));
    await until(second, () => isOn(second));
    // In small steps: the clients live by the real clock, and ran out of their leases if the edge's hurried ahead.
    while ((await readFleet()).connected < 2) await platform.clock.advance(1);
    const { id } = await turn('turn-off');
    let view: ConvergenceView | undefined;
    const converged = converge(id).then((found) => {
      view = found;
    });
    while (view === undefined) await platform.clock.advance(1);
    await converged;
    expect(view).toMatchObject({ outcome: 'converged', expected: 2, gone: 0, late: { expected: 0 } });
    // What was counted meanwhile is not lost, and counted once.
    await platform.clock.advance(5000);
    await again.running.context.evaluations.flush();
    const { body } = await again.api('GET', `${production}/flags/search/evaluations?since=0`);
    expect(body.items).toMatchObject([{ count: 2 }]);
  });

  test('the network swallows bytes and says nothing: the edge notices within 45 seconds, and takes another connection', async () => {
    const tunnel = await startTestTunnel(server.url, whenFinished);
    const platform = createFakeEdgePlatform();
    const edge = await runEdge({ upstream: tunnel.url, platform });
    const client = startClient(edge.url);
    await client.ready();
    tunnel.bytes = 'swallow';
    await turn('turn-on');
    // As far as TCP can tell, all is well.
    await platform.clock.advance(40_000);
    expect([edge.relay.upstream.isUp, isOn(client)]).toEqual([true, false]);
    const before = tunnel.connections;
    await platform.clock.advance(5000);
    // What was on its way when the swallowing began may have come while the clock moved already.
    for (let more = 0; more < 10 && edge.relay.upstream.isUp; more++) await platform.clock.advance(100);
    expect(edge.relay.upstream.isUp).toBe(false);
    // Not before: an answer to what the edge says meanwhile would be a sign of life.
    tunnel.bytes = 'pass';
    while (tunnel.connections === before) await platform.clock.advance(100);
    await until(client, () => isOn(client));
  });

  test('the link breaks and comes back: nobody is lost, and changes are waited for until all behind it have them', async () => {
    const tunnel = await startTestTunnel(server.url, whenFinished);
    const edge = await runEdge({ upstream: tunnel.url });
    const modes = ['socket', 'stream', 'poll'] as const;
    const clients = modes.map((mode) => startClient(edge.url, { mode, pollPeriodMs: 50, instance: { key: mode } }));
    await Promise.all(clients.map((client) => client.ready()));
    await untilLive(3);
    for (const times of [1, 2, 3]) {
      tunnel.cut();
      while (edge.relay.upstream.isCurrent) await settle();
      while (!edge.relay.upstream.isCurrent) await settle();
      const { id } = await turn(times % 2 === 1 ? 'turn-on' : 'turn-off');
      expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 3, accepted: 3, offline: 0 });
      expect(await readFleet()).toMatchObject({ live: 3, connected: 3, offline: 0, gone: 0 });
    }
  });

  test('an instance that comes after a restore to an edge that has not heard of it does not go back', async () => {
    const tunnel = await startTestTunnel(server.url, whenFinished);
    const data = makeFolder();
    await turn('turn-on');
    const before = await runEdge({ upstream: tunnel.url, data });
    await before.close();
    // As a restore does it: everything is of another epoch.
    await turn('turn-off');
    const { db, channels } = server.running.context;
    const { id, version } = await db
      .selectFrom('environments')
      .select(['id', 'version'])
      .where('key', '=', 'production')
      .executeTakeFirstOrThrow();
    const restored = { epoch: 'restored', version: version + 1_000_000 };
    await db.updateTable('environments').set(restored).where('id', '=', id).execute();
    await channels.refresh(id);
    tunnel.bytes = 'swallow';
    const edge = await runEdge({ upstream: tunnel.url, data });
    const moving = await startTestTunnel(server.url, whenFinished);
    const client = startClient(moving.url);
    await client.ready();
    expect(isOn(client)).toBe(false);
    moving.lead(edge.url);
    moving.cut();
    await untilSo(() => [...edge.relay.channels.values()].some(({ subscriberCount }) => subscriberCount === 1));
    expect(isOn(client)).toBe(false);
    tunnel.bytes = 'pass';
    tunnel.cut();
    await until(client, () => client.status.state === 'live');
    expect(isOn(client)).toBe(false);
  });

  test('an edge that is led to itself says so, and does not go round', async () => {
    const data = makeFolder();
    const first = await runEdge({ data });
    await first.close();
    const edge = await runEdge({ data, port: Number(new URL(first.url).port), upstream: first.url });
    const client = startClient(edge.url);
    await client.ready();
    const problem = 'it is this edge itself, or one that is below it: a server must be above';
    while (edge.relay.upstream.problem !== problem) await settle();
    expect(edge.lines.join()).toContain(problem);
    expect(edge.relay.fleet.size).toBe(1);
    expect(await (await fetch(`${edge.url}/status`)).json()).toMatchObject({
      upstream: { isUp: false, problem },
      instances: 1,
    });
  });

  test('an edge dies in the middle of a change and comes back: everybody has it, and is counted once', async () => {
    const data = makeFolder();
    const first = await runEdge({ data });
    const port = Number(new URL(first.url).port);
    const clients = Array.from({ length: 20 }, (_, at) => startClient(first.url, { instance: { key: `web-${at}` } }));
    await Promise.all(clients.map((client) => client.ready()));
    await untilLive(20);
    const { id } = await turn('turn-on');
    await first.close();
    await runEdge({ data, port });
    expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 20, accepted: 20, offline: 0 });
    await Promise.all(clients.map((client) => until(client, () => isOn(client))));
    expect(await readFleet()).toMatchObject({ live: 20, connected: 20, gone: 0 });
  });

  test('an edge is killed in the middle of a change and started again: everybody has it, and is counted once', async () => {
    const [data, port] = [makeFolder(), await findFreePort()];
    const url = `http://127.0.0.1:${port}`;
    const first = await startEdgeProcess(data, port);
    const clients = Array.from({ length: 20 }, (_, at) => startClient(url, { instance: { key: `web-${at}` } }));
    await Promise.all(clients.map((client) => client.ready()));
    await untilLive(20);
    const [{ id }] = await Promise.all([turn('turn-on'), first.kill()]);
    const second = await startEdgeProcess(data, port);
    expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 20, accepted: 20, offline: 0 });
    await Promise.all(clients.map((client) => until(client, () => isOn(client))));
    expect(await readFleet()).toMatchObject({ live: 20, connected: 20, gone: 0 });
    await second.kill();
  }, 60_000);

  test('an instance that goes to another edge in the middle of a change is counted once', async () => {
    const [one, two] = [await runEdge(), await runEdge({ key: await createEdgeKey('ams') })];
    const moving = await startTestTunnel(one.url, whenFinished);
    const client = startClient(moving.url);
    await client.ready();
    expect((await untilLive(1)).items).toMatchObject([{ through: 'fra' }]);
    moving.lead(two.url);
    const { id } = await turn('turn-on');
    moving.cut();
    expect(await converge(id)).toMatchObject({ outcome: 'converged', expected: 1, accepted: 1 });
    const { items, live, gone } = await readFleet();
    expect([live, gone, items.map(({ through }) => through)]).toEqual([1, 0, ['ams']]);
  });

  test('an instance that comes to an edge which is behind it does not go back, and goes on when the edge does', async () => {
    const data = makeFolder();
    await (await runEdge({ data })).close();
    await turn('turn-on');
    const tunnel = await startTestTunnel(server.url, whenFinished);
    tunnel.bytes = 'swallow';
    const behind = await runEdge({ data, upstream: tunnel.url });
    const moving = await startTestTunnel(server.url, whenFinished);
    const client = startClient(moving.url);
    await client.ready();
    expect(isOn(client)).toBe(true);
    moving.lead(behind.url);
    moving.cut();
    while (behind.relay.fleet.size === 0) await settle();
    expect(isOn(client)).toBe(true);
    expect(client.status.selector).toMatch(/:2$/);
    tunnel.bytes = 'pass';
    tunnel.cut();
    await turn('turn-off');
    await until(client, () => !isOn(client));
  });
});
