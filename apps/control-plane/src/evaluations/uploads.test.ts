import { once } from 'node:events';
import { type IncomingMessage, request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** Sends a body in chunks, without saying how long it will be, as SDKs do that pack while they send. */
async function upload(path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, index) =>
    body.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const request = openRequest(`${server.url}${path}`, {
    method: 'POST',
    agent: false,
    headers: { authorization: server.sdkKey, 'transfer-encoding': 'chunked', ...headers },
  });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  // A server that refuses a body need not take all of it.
  await pipeline(Readable.from(chunks), request).catch(() => undefined);
  const [response] = await answered;
  response.resume();
  return response.statusCode ?? 0;
}

const chunkBytes = 50_000;
const tenMegabytes = 10 * 1024 * 1024;

/** JSON of so many bytes or a little more. */
function makeJson(of: (filler: string) => unknown, bytes: number): Uint8Array {
  return Buffer.from(JSON.stringify(of('x'.repeat(bytes))));
}

const diagnostic = (filler: string): unknown => ({
  kind: 'diagnostic',
  id: { diagnosticId: 'd' },
  streamInits: [filler],
});
const summary = { kind: 'summary', features: { checkout: { counters: [{ count: 3, variation: 0, version: 1 }] } } };
const events = (filler: string): unknown => [{ kind: 'custom', key: 'bought', data: filler }, summary];

describe.each<[string, (json: Uint8Array) => Uint8Array, Record<string, string>]>([
  ['plain', (json) => json, {}],
  ['packed', (json) => gzipSync(json, { level: 1 }), { 'content-encoding': 'gzip' }],
])('a body in chunks, %s,', (_, pack, headers) => {
  test.each([100, tenMegabytes])('of %i bytes is taken by /diagnostic', async (bytes) => {
    expect(await upload('/diagnostic', pack(makeJson(diagnostic, bytes)), headers)).toBe(202);
  });

  test('of 10 MB is taken by /bulk, and what it says is counted', async () => {
    const count = async (): Promise<number> => {
      await server.running.context.evaluations.flush();
      const path = '/projects/default/environments/production/flags/checkout/evaluations';
      const { items } = (await server.api('GET', path)).body;
      return items.reduce((sum: number, item: { count: number }) => sum + item.count, 0);
    };
    const before = await count();
    expect(await upload('/bulk', pack(makeJson(events, tenMegabytes)), headers)).toBe(202);
    expect(await count()).toBe(before + 3);
  });
});

/** Sends a whole body before it looks for an answer, as many clients do; resolves with all that came back. */
async function sendFirst(path: string, authorization: string, bytes: number): Promise<string> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.pause();
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
    if (answer.includes('}')) socket.end();
  });
  const closed = once(socket, 'close');
  const head = ['host: x', `authorization: ${authorization}`, 'content-type: application/json'];
  socket.write(`POST ${path} HTTP/1.1\r\n${[...head, `content-length: ${bytes}`].join('\r\n')}\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.write(Buffer.alloc(bytes, ' '), () => resolve());
  });
  socket.resume();
  await closed;
  return answer;
}

describe('a body that is refused', () => {
  test.each([
    ['/api/v1/projects', 20_000_000],
    ['/nowhere', 20_000_000],
    ['/bulk', 100_000_000],
  ])('by %s as too large is taken to its end, so that its sender reads why', async (path, bytes) => {
    const authorization = path === '/bulk' ? server.sdkKey : `Bearer ${server.apiToken}`;
    expect(await sendFirst(path, authorization, bytes)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"too-large"/);
  });

  test('and has no end is cut off', async () => {
    await expect(sendFirst('/api/v1/projects', 'Bearer unknown', 400_000_000)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
    });
  });
});
