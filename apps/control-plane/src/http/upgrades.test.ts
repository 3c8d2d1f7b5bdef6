import { once } from 'node:events';
import { type IncomingMessage, request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { createFakeServerPlatform, openTestSocket, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** Asks with a wish for another protocol; resolves with the answer and its text. */
async function ask(
  path: string,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', body = '' } = {},
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string }> {
  const request = openRequest(`${server.url}${path}`, { method, agent: false, headers });
  request.end(body);
  const [response]: IncomingMessage[] = await once(request, 'response');
  if (response === undefined) throw new Error('there is no answer');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

describe('a client that offers HTTP/2, as those of Java do', () => {
  const offer = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
  };

  test.each(['/healthz', '/readyz', '/sdk/latest-all', '/sdk/poll', '/api/v1/projects'])(
    'is answered as any at %s',
    async (path) => {
      const authorization = path.startsWith('/api') ? `Bearer ${server.apiToken}` : server.sdkKey;
      const { status, headers } = await ask(path, { ...offer, authorization });
      expect(status).toBe(200);
      expect(headers.upgrade).toBeUndefined();
    },
  );

  test('has its events taken, body and all', async () => {
    const headers = { ...offer, authorization: server.sdkKey, 'content-type': 'application/json' };
    expect((await ask('/bulk', headers, { method: 'POST', body: '[]' })).status).toBe(202);
  });

  test('is told that a socket wants another Upgrade', async () => {
    expect((await ask('/sdk/v1/socket', { ...offer, authorization: server.sdkKey })).status).toBe(426);
  });
});

describe('a WebSocket', () => {
  const wish = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version': '13',
  };

  test.each(['/', '/api/v1/projects', '/sdk/stream', '/sdk/v1/other'])('is not to be had at %s', async (path) => {
    const { status, text } = await ask(path, wish);
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ code: 'not-found', title: 'there is no WebSocket here' });
  });

  test('of an SDK ends in good order when the server does', async () => {
    const other = await startTestServer();
    const socket = await openTestSocket(other.url, other.sdkKey);
    await socket.until('payload-transferred');
    const closing = other.close();
    expect((await socket.until('goodbye')).at(-1)?.data).toContain('server is stopping');
    expect(await socket.closed).toBe(1001);
    await closing;
  });

  test('of a client that does not leave is cut off when the server stops, so that it can', async () => {
    const platform = createFakeServerPlatform();
    const other = await startTestServer({ platform });
    const { hostname, port } = new URL(other.url);
    // It never closes, whatever it is told: its process hangs, say.
    const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    client.on('error', () => undefined);
    const fields = Object.entries({ ...wish, authorization: other.sdkKey, host: hostname });
    client.write(
      `GET /sdk/v1/socket HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    await once(client, 'data');
    client.resume();
    let isClosed = false;
    const closing = other.close().then(() => {
      isClosed = true;
    });
    await once(client, 'end');
    await platform.clock.advance(9000);
    expect(isClosed).toBe(false);
    await platform.clock.advance(2000);
    await closing;
    client.destroy();
  });

  test('of an SDK ends within a second when its key is revoked', async () => {
    const credentials = '/projects/default/environments/production/credentials';
    const { body } = await server.api('POST', credentials, { name: 'another' });
    const socket = await openTestSocket(server.url, body.secret);
    await socket.until('payload-transferred');
    await server.api('DELETE', `${credentials}/${body.id}`);
    expect((await socket.until('goodbye')).at(-1)?.data).toContain('credential revoked');
    expect(await socket.closed).toBe(1001);
    await expect(openTestSocket(server.url, body.secret)).rejects.toThrow('401');
  });
});
