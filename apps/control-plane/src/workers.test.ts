import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ConvergenceView, FleetView } from '@sluice/api-client';
import { type Client, createClient } from '@sluice/sdk-node';
import {
  createFakeServerPlatform,
  createLaunchDarklyClient,
  createTestLog,
  openTestStream,
  startTestServer,
  TestBrowser,
  type TestLog,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const ann = { kind: 'user', key: 'ann' };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let server: TestServer;
let log: TestLog;
let closings: (() => Promise<void> | void)[];

beforeEach(async () => {
  closings = [];
  log = createTestLog();
  server = await startTestServer({ workers: 2, log: log.log });
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
  await server.close();
  expect(listWorkers()).toEqual([]);
});

/** Processes that this one started to serve SDKs. */
function listWorkers(): readonly number[] {
  return readdirSync('/proc').flatMap((id) => {
    try {
      const [, parent] = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8')) ?? [];
      const isOurs =
        Number(parent) === process.pid && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('worker/main');
      return isOurs ? [Number(id)] : [];
    } catch {
      // It is no process, or none any more.
      return [];
    }
  });
}

/** Descriptors of sockets that a process has open. */
function countSockets(id: number): number {
  return readdirSync(`/proc/${id}/fd`).length;
}

async function connect(key: string, mode: 'socket' | 'stream' | 'poll' = 'socket'): Promise<Client> {
  const client = createClient({
    url: server.url,
    sdkKey: server.sdkKey,
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

const readFleet = async (): Promise<FleetView> => (await server.api('GET', `${production}/fleet`)).body;

async function flip(kind: string): Promise<ConvergenceView> {
  const { id } = await server.change({ flag: 'checkout', instructions: [{ kind }] });
  return (await server.api('GET', `${production}/changes/${id}/convergence?wait=all&timeoutMs=20000`)).body;
}

describe('a server with workers', () => {
  test('serves SDKs by them and everything else by itself, at one address', async () => {
    expect(listWorkers()).toHaveLength(2);
    const clients = await Promise.all([
      ...Array.from({ length: 12 }, (_, at) => connect(`web-${at}`)),
      connect('streaming', 'stream'),
    ]);
    await until(async () => (await readFleet()).live === 13);
    expect(await flip('turn-on')).toMatchObject({ outcome: 'converged', expected: 13, accepted: 13 });
    expect(clients.every((client) => client.enabled('checkout', ann))).toBe(true);
    // The kernel spreads them.
    for (const id of listWorkers()) expect(countSockets(id)).toBeGreaterThan(10);
    await until(async () => (await (await fetch(`${server.url}/metrics`)).text()).includes('protocol="socket"} 12'));
  });

  test('serves LaunchDarkly’s SDK, and knows what was sent to it', async () => {
    const client = createLaunchDarklyClient(server, 'FDv2');
    closings.push(() => client.close());
    await client.waitForInitialization({ timeout: 10 });
    await until(async () => (await readFleet()).foreign.live === 1);
    const { foreign } = await flip('turn-on');
    expect(foreign.expected).toBe(1);
    await until(async () => (await client.variation('checkout', ann, false)) === true);
  });

  test('knows where people come from, whatever they say', async () => {
    const browser = new TestBrowser(server.url);
    const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
    const who = { name: 'Ann', email: 'ann@example.com', password: 'a long enough password' };
    await browser.api('POST', '/setup', { token, ...who }, { 'x-forwarded-for': '192.0.2.1' });
    const { body } = await browser.api('GET', '/people/me/sessions');
    expect(body.items).toMatchObject([{ address: '127.0.0.1' }]);
  });

  test('counts what is evaluated there', async () => {
    const client = await connect('web-1');
    for (let count = 0; count < 3; count++) client.enabled('checkout', ann);
    await client.flush();
    const count = async (): Promise<unknown> => {
      const { body } = await server.api('GET', `${production}/flags/checkout/evaluations?since=0`);
      return body.items[0]?.count;
    };
    await until(async () => (await count()) !== undefined);
    expect(await count()).toBe(3);
  });

  test('ends streams there when their key is revoked, and lets in who has a new one at once', async () => {
    const { body: created } = await server.api('POST', `${production}/credentials`, { name: 'new' });
    const stream = await openTestStream(`${server.url}/sdk/stream`, created.secret);
    await stream.until('payload-transferred');
    await server.api('DELETE', `${production}/credentials/${created.id}`);
    expect((await stream.until('goodbye')).at(-1)?.data).toContain('revoked');
    await until(
      async () =>
        (await fetch(`${server.url}/sdk/poll`, { headers: { authorization: created.secret } })).status === 401,
    );
  });

  test('goes on when a worker is killed: its instances come to another, and a new one takes its place', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, (_, at) => connect(`web-${at}`)));
    await until(async () => (await readFleet()).live === 8);
    const [victim = 0, other] = listWorkers();
    process.kill(victim, 'SIGKILL');
    await until(() => listWorkers().length === 2 && !listWorkers().includes(victim));
    expect(listWorkers()).toContain(other);
    expect(await flip('turn-on')).toMatchObject({ outcome: 'converged', expected: 8, accepted: 8, gone: 0 });
    expect(clients.every((client) => client.enabled('checkout', ann))).toBe(true);
    expect(log.errors.map((line) => JSON.parse(line).msg)).toEqual(['a worker ended; another takes its place']);
  });

  test('comes back also when all of them were killed, and flips wait for the instances', async () => {
    const client = await connect('web-1');
    await until(async () => (await readFleet()).live === 1);
    for (const id of listWorkers()) process.kill(id, 'SIGKILL');
    // Nobody listens for about a second.
    await until(async () => {
      try {
        return (await flip('turn-on')).outcome === 'converged';
      } catch {
        return false;
      }
    });
    expect(client.enabled('checkout', ann)).toBe(true);
  });
});

test('a worker that hangs is ended, and another takes its place: its clients would stay with what they have', async () => {
  const others = listWorkers();
  const findOwn = () => listWorkers().filter((id) => !others.includes(id));
  const platform = createFakeServerPlatform();
  const lines = createTestLog();
  const watched = await startTestServer({ workers: 1, platform, log: lines.log });
  closings.push(() => watched.close());
  const [stuck = 0] = findOwn();
  // One that speaks is left alone, however long.
  const isHeard = Promise.withResolvers<void>();
  setTimeout(isHeard.resolve, 1500);
  await platform.clock.advance(25_000);
  await isHeard.promise;
  await platform.clock.advance(25_000);
  expect(findOwn()).toEqual([stuck]);
  process.kill(stuck, 'SIGSTOP');
  await platform.clock.advance(30_000);
  await until(() => lines.errors.length === 2);
  expect(findOwn()).not.toContain(stuck);
  await platform.clock.advance(1000);
  await until(() =>
    watched.findServed('nothing').then(
      () => true,
      () => false,
    ),
  );
  expect(findOwn()).toHaveLength(1);
  expect(lines.errors.map((line) => JSON.parse(line).msg)).toEqual([
    'a worker says nothing any more and is ended',
    'a worker ended; another takes its place',
  ]);
});

describe('workers that cannot start', () => {
  test('are said to, with the reason, and leave nothing behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closings.push(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(startTestServer({ workers: 1, port })).rejects.toThrow(`${port}`);
    expect(listWorkers()).toHaveLength(2);
  });
});
