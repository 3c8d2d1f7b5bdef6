import { once } from 'node:events';
import { createServer, request as openRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Body, BodyReader } from './read-body.ts';

const limitBytes = 1000;
/** Room for one packed body and some plain ones. */
const bodies = new BodyReader(70_000);

let server: Server;
let url: string;
/** What became of the last request's body. */
let reading = Promise.withResolvers<Body>();

beforeAll(async () => {
  server = createServer((request, response) => {
    const body = bodies.read(request, limitBytes);
    reading.resolve(body);
    body.then(
      () => response.end('answered'),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a body, and expects an answer whatever the body is. */
async function send(body: string | Uint8Array, encoding?: string): Promise<Body> {
  reading = Promise.withResolvers();
  const headers: Record<string, string> = encoding === undefined ? {} : { 'content-encoding': encoding };
  const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(body) });
  expect(await response.text()).toBe('answered');
  return reading.promise;
}

describe('a body', () => {
  test.each([undefined, 'identity'])('is JSON (%s)', async (encoding) => {
    expect(await send('[{"a":"ü"}]', encoding)).toEqual({ kind: 'json', value: [{ a: 'ü' }] });
  });

  test.each(['gzip', 'GZIP', 'x-gzip'])('may be packed: %s', async (encoding) => {
    expect(await send(gzipSync('{"a":1}'), encoding)).toEqual({ kind: 'json', value: { a: 1 } });
  });

  test.each<[string, string | Uint8Array, string | undefined, string]>([
    ['is not JSON', '{"a":', undefined, 'expected JSON'],
    ['is empty', '', undefined, 'expected JSON'],
    ['is not packed as it says', '{"a":1}', 'gzip', 'expected gzipped JSON'],
    ['is cut off in the middle', gzipSync('{"a":1}').subarray(0, 20), 'gzip', 'expected gzipped JSON'],
    ['is packed text', gzipSync('hello'), 'gzip', 'expected gzipped JSON'],
    ['is packed as nothing we know', '{"a":1}', 'br', 'expected content-encoding gzip or none, got br'],
  ])('that %s is refused', async (_, body, encoding, message) => {
    expect(await send(body, encoding)).toMatchObject({
      kind: 'refused',
      status: 400,
      message: expect.stringContaining(message),
    });
  });

  test.each<[string, Uint8Array, string | undefined]>([
    ['as it comes', Buffer.alloc(5_000_000, ' '), undefined],
    ['once it is unpacked', gzipSync(Buffer.alloc(5_000_000, ' ')), 'gzip'],
    ['by one byte', Buffer.alloc(limitBytes + 1, ' '), undefined],
  ])('that is too large %s is refused, and its sender hears so', async (_, body, encoding) => {
    expect(await send(body, encoding)).toMatchObject({
      kind: 'refused',
      status: 413,
      message: expect.stringContaining('1000'),
    });
  });

  test('is refused while others take all the room, and taken again when they have gone', async () => {
    const packed = gzipSync('{"a":1}');
    reading = Promise.withResolvers();
    const other = openRequest(url, { method: 'POST', agent: false, headers: { 'content-encoding': 'gzip' } });
    other.on('error', () => undefined);
    other.write(packed.subarray(0, 15));
    await once(server, 'request');
    const unfinished = expect(reading.promise).rejects.toThrow();
    expect(await send(packed, 'gzip')).toEqual({
      kind: 'refused',
      status: 503,
      code: 'unavailable',
      message: 'there are more bodies being read than there is room for; try again',
    });
    expect(await send('{"a":1}')).toMatchObject({ kind: 'json' });
    other.destroy();
    await unfinished;
    expect(await send(packed, 'gzip')).toMatchObject({ kind: 'json' });
  });

  test.each([undefined, 'gzip'])('whose sender goes away is given up (%s)', async (encoding) => {
    reading = Promise.withResolvers();
    const headers: Record<string, string> = encoding === undefined ? {} : { 'content-encoding': encoding };
    const request = openRequest(url, { method: 'POST', agent: false, headers });
    request.on('error', () => undefined);
    request.write(gzipSync('{"a":1}').subarray(0, 15));
    const body = reading.promise.then((value) => value);
    const outcome = expect(body).rejects.toThrow();
    // The server must have the request before its sender goes.
    await new Promise((resolve) => server.once('request', resolve));
    request.destroy();
    await outcome;
  });
});
