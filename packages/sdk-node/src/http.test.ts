import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttp } from './http.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string, headers: Record<string, string> = {}) => createHttp().open({ method: 'GET', url, headers });

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a request', () => {
  test.each([true, false])('carries its headers and its body, packed: %s', async (gzip) => {
    const text = 'ключ é 😀 '.repeat(1000);
    const url = await serve(async (request, response) => {
      const bytes = await readBody(request);
      const { authorization, 'content-encoding': encoding, 'content-length': length } = request.headers;
      const body = (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      response.end(
        JSON.stringify({ authorization, encoding, length: Number(length) === bytes.length, same: body === text }),
      );
    });
    const { response } = createHttp().open({
      method: 'POST',
      url,
      headers: { authorization: 'key' },
      body: text,
      gzip,
    });
    expect(JSON.parse(await (await response).text())).toEqual({
      authorization: 'key',
      ...(gzip && { encoding: 'gzip' }),
      length: true,
      same: true,
    });
  });

  test('uses a connection again', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(request.url === '/large' ? 503 : 200).end('x'.repeat(100_000));
    });
    const http = createHttp();
    for (const path of ['/', '/large', '/']) {
      const response = await http.open({ method: 'GET', url: `${url}${path}`, headers: {} }).response;
      if (response.status === 200) await response.text();
      else {
        response.discard();
        // Its end has to arrive before the next request.
        await http.open({ method: 'GET', url, headers: {} }).response.then((other) => other.text());
      }
    }
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  test('that finds nobody rejects', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(get(url).response).rejects.toThrow(/ECONNREFUSED/);
  });

  test('that is aborted rejects, before its answer and within', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/silent') return;
      response.writeHead(200);
      response.write('first');
    });
    const silent = get(`${url}/silent`);
    silent.abort();
    await expect(silent.response).rejects.toThrow('aborted');
    const open = get(url);
    const chunks: string[] = [];
    await expect(
      (async () => {
        for await (const chunk of (await open.response).chunks()) {
          chunks.push(chunk);
          open.abort();
        }
      })(),
    ).rejects.toThrow();
    expect(chunks).toEqual(['first']);
  });
});

describe('a response', () => {
  test('has a status, and headers by lower-case name', async () => {
    const url = await serve((_, response) =>
      response.writeHead(418, { ETag: '"one"', 'X-Many': ['a', 'b'], 'Set-Cookie': ['c', 'd'] }).end(),
    );
    const response = await get(url).response;
    expect(response.status).toBe(418);
    expect([response.header('etag'), response.header('x-many'), response.header('set-cookie')]).toEqual([
      '"one"',
      'a, b',
      'c, d',
    ]);
    expect(response.header('missing')).toBeUndefined();
    expect(await response.text()).toBe('');
  });

  test('is unpacked', async () => {
    const text = 'ключ é 😀 '.repeat(10_000);
    const url = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text)),
    );
    expect(await (await get(url).response).text()).toBe(text);
  });

  test('is text however its bytes are cut', async () => {
    const bytes = Buffer.from('é😀');
    const url = await serve((_, response) => {
      void (async () => {
        for (const byte of bytes)
          await new Promise<void>((resolve) => response.write(Buffer.of(byte), () => resolve()));
        response.end();
      })();
    });
    let text = '';
    for await (const chunk of (await get(url).response).chunks()) text += chunk;
    expect(text).toBe('é😀');
  });

  test.each([
    ['a byte that is none of UTF-8', Buffer.of(0x41, 0xff, 0x42)],
    ['half a character at its end', Buffer.of(0x41, 0xc3)],
  ])('with %s is refused', async (_, bytes) => {
    const url = await serve((__, response) => response.end(bytes));
    await expect((await get(url).response).text()).rejects.toThrow(/not valid for encoding utf-8/);
  });

  test('that pretends to be packed is refused, and harmless when nobody reads it', async () => {
    const url = await serve((_, response) => response.writeHead(503, { 'content-encoding': 'gzip' }).end('not packed'));
    await expect((await get(url).response).text()).rejects.toThrow(/incorrect header check/);
    const unread = await get(url).response;
    unread.discard();
    // Whatever it would throw into the process, it has thrown by the time another answer is here.
    expect((await get(url).response).status).toBe(503);
  });

  test('that breaks off is refused, packed or not', async () => {
    const packed = gzipSync('x'.repeat(100_000) + Math.PI);
    const url = await serve((request, response) => {
      const isPacked = request.url === '/packed';
      response.writeHead(200, isPacked ? { 'content-encoding': 'gzip' } : {});
      response.write(isPacked ? packed.subarray(0, packed.length / 2) : 'half', () => response.destroy());
    });
    await expect((await get(url).response).text()).rejects.toThrow();
    await expect((await get(`${url}/packed`).response).text()).rejects.toThrow();
  });
});
