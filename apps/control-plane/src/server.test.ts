import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get, type IncomingMessage, request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createFakeServerPlatform,
  createTestLog,
  openTestStream,
  settle,
  startTestServer,
  type TestServer,
  testStore,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-server-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('starting', () => {
  test('goes on with what was there before', async () => {
    const first = await startTestServer({ folder });
    await first.api('POST', '/projects/default/flags', { key: 'kept' });
    const { version } = await first.change({ flag: 'kept', instructions: [{ kind: 'turn-on' }] });
    await first.close();
    const second = await startTestServer({ folder });
    expect(second.running.firstStart).toBeUndefined();
    expect(await second.findServed('kept')).toMatchObject({ on: true, version });
    expect((await second.change({ flag: 'kept', instructions: [{ kind: 'turn-off' }] })).version).toBe(version + 1);
    await second.close();
  });

  test('ends with a server that says it is well', async () => {
    const server = await startTestServer({ folder });
    const ask = async (path: string) => (await fetch(`${server.url}${path}`)).text();
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual(['ok\n', 'ready\n']);
    await server.close();
  });

  if (testStore === 'sqlite') {
    test('is refused on a folder that another server has, and leaves that one alone', async () => {
      const first = await startTestServer({ folder });
      await expect(startTestServer({ folder })).rejects.toMatchObject({
        code: 'data-in-use',
        message: `another Sluice server has the data folder ${folder} open; stop it first`,
      });
      expect((await first.api('POST', '/projects', { key: 'still' })).status).toBe(201);
      await first.close();
    });
  }

  test('that fails gives its port free', async () => {
    await (await startTestServer({ folder })).close();
    const port = await findFreePort();
    const variables = { SLUICE_SECRET: 'another-secret-22' };
    await expect(startTestServer({ folder, port, variables })).rejects.toThrow('another secret');
    const other = await startTestServer({ port });
    expect(new URL(other.url).port).toBe(String(port));
    await other.close();
  });

  test('is refused when the stored keys were encrypted with another secret', async () => {
    await (await startTestServer({ folder, variables: { SLUICE_SECRET: 'the-first-secret-1' } })).close();
    await expect(startTestServer({ folder, variables: { SLUICE_SECRET: 'another-secret-22' } })).rejects.toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining('the stored keys were encrypted with another secret than SLUICE_SECRET: '),
    });
    const message = `the stored keys were encrypted with another secret than the one in ${join(folder, 'secret')}: `;
    await expect(startTestServer({ folder })).rejects.toThrow(message);
    await (await startTestServer({ folder, variables: { SLUICE_SECRET: 'the-first-secret-1' } })).close();
  });
});

async function findFreePort(): Promise<number> {
  const server = await startTestServer();
  const port = Number(new URL(server.url).port);
  await server.close();
  return port;
}

/** Streams as SDKs open them: over connections that they keep. */
async function openKeptStream(url: string, sdkKey: string): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true });
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
  get(url, { agent, headers: { authorization: sdkKey } }, resolve);
  const response = await promise;
  response.resume();
  return response;
}

/** Waits until so many streams are open. */
async function untilStreams({ running }: TestServer, count: number): Promise<void> {
  for (let open = 0; open < count; await settle()) {
    const channels = await running.context.channels.list();
    open = [...channels.values()].reduce((sum, { subscriberCount }) => sum + subscriberCount, 0);
  }
}

describe('stopping', () => {
  test('ends streams with a goodbye where the protocol has one, and does not wait for connections that are kept', async () => {
    // The clock stands still: nothing here may wait for a time to pass.
    const server = await startTestServer({ folder, platform: createFakeServerPlatform() });
    const [fdv1, fdv2] = await Promise.all(
      ['/all', '/sdk/stream'].map((path) => openTestStream(`${server.url}${path}`, server.sdkKey)),
    );
    const kept = await openKeptStream(`${server.url}/sdk/stream`, server.sdkKey);
    await fdv2?.until('payload-transferred');
    await server.close();
    expect(await fdv2?.next()).toMatchObject({ event: 'goodbye', data: expect.stringContaining('server is stopping') });
    expect([await fdv1?.ended, await fdv2?.ended]).toEqual(['ended', 'ended']);
    expect(kept.complete).toBe(true);
  }, 3000);

  test('finishes what is being answered, and keeps what it brought', async () => {
    const server = await startTestServer({ folder });
    await server.api('POST', '/projects/default/flags', { key: 'counted' });
    const upload = openRequest(`${server.url}/bulk`, {
      method: 'POST',
      agent: false,
      headers: { authorization: server.sdkKey },
    });
    const body = JSON.stringify([
      { kind: 'summary', features: { counted: { counters: [{ count: 5, variation: 1 }] } } },
    ]);
    upload.write(body.slice(0, 10));
    const bodyBegun = new Promise<void>((resolve) =>
      upload.once('socket', (socket) => socket.once('connect', resolve)),
    );
    await bodyBegun;
    // The server answers this after it has the beginning of the other.
    await server.findServed('counted');
    const closed = server.close();
    upload.end(body.slice(10));
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(202);
    await closed;
    const again = await startTestServer({ folder });
    const { items } = (await again.api('GET', '/projects/default/environments/production/flags/counted/evaluations'))
      .body;
    expect(items).toMatchObject([{ variation: 1, count: 5 }]);
    await again.close();
  });

  test('gives up clients that neither read nor leave after ten seconds', async () => {
    const platform = createFakeServerPlatform();
    const server = await startTestServer({ folder, platform });
    // More than the buffers of both ends take in.
    for (const key of ['a', 'b', 'c', 'd']) {
      await server.api('POST', '/projects/default/flags', {
        key,
        variations: [{ value: 'x'.repeat(4_000_000) }, { value: 'y' }],
      });
    }
    const { port, hostname } = new URL(server.url);
    const sockets = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(Number(port), hostname).pause();
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(`GET /all HTTP/1.1\r\nhost: x\r\nauthorization: ${server.sdkKey}\r\n\r\n`);
        return socket;
      }),
    );
    await untilStreams(server, 3);
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    // The ten seconds start when nobody else is let in.
    await until(() =>
      fetch(`${server.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    await platform.clock.advance(9_000);
    expect(isClosed).toBe(false);
    await platform.clock.advance(1_000);
    await closed;
    for (const socket of sockets) socket.destroy();
  });

  test('takes every further step when one fails, and says so', async () => {
    const log = createTestLog();
    const server = await startTestServer({ folder, log: log.log });
    // That its key was used could not be noted any more.
    await server.findServed('anything');
    await server.running.context.db.destroy();
    await server.close();
    expect(log.errors.join('')).toContain('a step of stopping failed');
    await (await startTestServer({ folder })).close();
  });
});

describe('while the database cannot be reached', () => {
  test('SDKs are answered 503 where it would be needed, and never 401', async () => {
    const { log } = createTestLog();
    const platform = createFakeServerPlatform();
    platform.randomValue = 0.999;
    const server = await startTestServer({ folder, platform, log });
    await server.running.context.db.destroy();
    for (const [path, key] of [
      ['/sdk/latest-all', 'sdk-unknown'],
      ['/all', 'sdk-unknown'],
      ['/sdk/stream', 'sdk-unknown'],
      ['/sdk/poll', server.sdkKey],
    ] as const) {
      const response = await fetch(`${server.url}${path}`, { headers: { authorization: key } });
      expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, '5']);
    }
    const { status, body, headers } = await server.api('GET', '/projects');
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await server.close();
  });

  test('SDKs whose environment is loaded are served on', async () => {
    const server = await startTestServer({ folder });
    await server.api('POST', '/projects/default/flags', { key: 'loaded' });
    expect(await server.findServed('loaded')).toBeDefined();
    await server.running.context.db.destroy();
    expect(await server.findServed('loaded')).toBeDefined();
    const stream = await openTestStream(`${server.url}/all`, server.sdkKey);
    expect((await stream.next()).event).toBe('put');
    stream.close();
    await server.close();
  });
});
