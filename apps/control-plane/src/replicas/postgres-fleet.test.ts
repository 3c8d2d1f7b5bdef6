import type { ConvergenceView, FleetView } from '@sluice/api-client';
import { type Client, createClient } from '@sluice/sdk-node';
import {
  openTestSocket,
  startTestServer,
  startTestTunnel,
  type TestServer,
  type TestTunnel,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const ann = { kind: 'user', key: 'ann' };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const variables = { SLUICE_SECRET: 'the-secret-of-all' };

let replicas: TestServer[];
let closings: (() => Promise<void> | void)[];

beforeEach(async () => {
  closings = [];
  const first = await startTestServer({ variables });
  replicas = [first, await startTestServer({ variables, databaseUrl: first.databaseUrl })];
  await first.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
  for (const replica of replicas.toReversed()) await replica.close();
});

function replica(at: number): TestServer {
  return replicas[at] ?? expect.fail();
}

async function connect(url: string, key: string, mode: 'socket' | 'stream' = 'socket'): Promise<Client> {
  const { sdkKey } = replica(0);
  const client = createClient({
    url,
    sdkKey,
    cacheFolder: false,
    log: silent,
    firstRetryMs: 20,
    instance: { key },
    mode,
  });
  closings.push(() => client.close());
  await client.ready();
  return client;
}

const readFleet = async (server: TestServer): Promise<FleetView> =>
  (await server.api('GET', `${production}/fleet`)).body;

/** Until that server sees so many of all. */
async function untilSeen(server: TestServer, instances: number): Promise<void> {
  await until(async () => (await readFleet(server)).live === instances);
}

const flip = (server: TestServer, kind: string): ReturnType<TestServer['change']> =>
  server.change({ flag: 'checkout', instructions: [{ kind }] });

async function converge(server: TestServer, change: string): Promise<ConvergenceView> {
  return (await server.api('GET', `${production}/changes/${change}/convergence?wait=all&timeoutMs=20000`)).body;
}

describe('instances of several servers', () => {
  test('are seen by each of them, and have a change wherever it was made', async () => {
    const clients = await Promise.all(
      replicas.flatMap(({ url }, at) => [connect(url, `web-${at}`), connect(url, `stream-${at}`, 'stream')]),
    );
    for (const server of replicas) await untilSeen(server, 4);
    for (const [at, server] of replicas.entries()) {
      const { id } = await flip(server, at === 0 ? 'turn-on' : 'turn-off');
      for (const asked of replicas) {
        expect(await converge(asked, id)).toMatchObject({
          outcome: 'converged',
          expected: 4,
          accepted: 4,
          reachedMs: { all: expect.any(Number) },
        });
      }
      expect(clients.map((client) => client.enabled('checkout', ann))).toEqual(clients.map(() => at === 0));
    }
    const listed = (await readFleet(replica(1))).items.map(({ instance, state }) => [instance, state]);
    expect(listed).toEqual(['stream-0', 'stream-1', 'web-0', 'web-1'].map((name) => [name, 'current']));
  });

  test('are listed page by page', async () => {
    await Promise.all([0, 1, 2].map((at) => connect(replica(at % 2).url, `web-${at}`)));
    await untilSeen(replica(0), 3);
    const names: string[] = [];
    let cursor = '';
    do {
      const { body } = await replica(0).api('GET', `${production}/fleet?limit=1${cursor}`);
      names.push(...body.items.map(({ instance }: { instance: string }) => instance));
      cursor = body.nextCursor === undefined ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(names).toEqual(['web-0', 'web-1', 'web-2']);
  });

  test('of which one refuses a change are told with its reason by all of them', async () => {
    await connect(replica(0).url, 'web-0');
    await connect(replica(1).url, 'web-1');
    await untilSeen(replica(0), 2);
    const { id } = await flip(replica(0), 'turn-on');
    await converge(replica(0), id);
    for (const server of replicas) {
      const { running } = server;
      for (const [environmentId, { instances }] of running.context.fleet.list()) {
        for (const { member, epoch, version } of instances) {
          const refused = [
            { kind: 'flag' as const, key: 'checkout', version, reason: `of no use at ${environmentId}` },
          ];
          running.context.fleet.acknowledge([member], { state: `${epoch}:${version}`, refused });
        }
      }
    }
    for (const server of replicas) {
      await until(async () => (await converge(server, id)).refusals[0]?.instances === 2);
      expect(await converge(server, id)).toMatchObject({ outcome: 'refused', expected: 2, partial: 2 });
    }
  });
});

describe('an instance whose server stops', () => {
  /** A server in front of which something can be put away. */
  async function tunnelTo(server: TestServer): Promise<TestTunnel> {
    return startTestTunnel(server.url, (close) => void closings.push(close));
  }

  test('goes to another, and is counted once', async () => {
    const tunnel = await tunnelTo(replica(1));
    await connect(tunnel.url, 'web-1');
    await untilSeen(replica(0), 1);
    const { id } = await flip(replica(0), 'turn-on');
    expect(await converge(replica(0), id)).toMatchObject({ outcome: 'converged', expected: 1 });
    tunnel.lead(replica(0).url);
    await replica(1).close();
    replicas.pop();
    await until(() =>
      [...replica(0).running.context.fleet.list().values()].some(({ instances }) => instances.length > 0),
    );
    const seen = await readFleet(replica(0));
    expect(seen).toMatchObject({ live: 1, connected: 1, items: [{ instance: 'web-1', state: 'current' }] });
    expect(await converge(replica(0), id)).toMatchObject({
      outcome: 'converged',
      expected: 1,
      gone: 0,
      late: { expected: 0 },
    });
  });
});

describe('an edge', () => {
  test('that is revoked at one server loses its link to another, and has new keys from another', async () => {
    const environments = [{ project: 'default', environment: 'production' }];
    const { body: edge } = await replica(0).api('POST', '/edges', { name: 'fra', environments });
    const { links } = replica(1).running.context;
    const socket = await openTestSocket(`${replica(1).url}/sdk/v1/edge`, edge.key);
    socket.send({ kind: 'hello', session: 'of fra', states: {} });
    await until(() => links.list().length === 1);
    const { body: created } = await replica(0).api('POST', `${production}/credentials`, { name: 'new' });
    await socket.untilText(created.id);
    await replica(0).api('DELETE', `/edges/${edge.id}`);
    expect(await socket.closed).toBe(1001);
  });
});
