import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { Socket, SocketExchange } from '@sluice/sdk-common';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { sockets } from './sockets.ts';

function open(url: string, headers: Readonly<Record<string, string>> = {}): SocketExchange {
  const exchange = sockets.open({ url, headers });
  onTestFinished(() => exchange.abort());
  return exchange;
}

async function untilOpen({ answer }: SocketExchange): Promise<Socket> {
  const answered = await answer;
  if (answered.kind !== 'open') throw new Error(`not open: ${JSON.stringify(answered)}`);
  return answered.socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.chunks()) text += chunk;
  return text;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A server that listens on a port has an address.
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Peer {
  readonly url: string;
  /** The server's end of the next connection. */
  readonly next: Promise<{ readonly peer: WebSocket; readonly request: IncomingMessage }>;
}

async function serve(): Promise<Peer> {
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const next = once(server, 'connection').then(([peer, request]) => ({ peer, request }));
  return { url: await listen(http), next };
}

/** A socket and the server's end of it. */
async function connectBoth(): Promise<{ exchange: SocketExchange; socket: Socket; peer: WebSocket }> {
  const { url, next } = await serve();
  const exchange = open(url);
  const [socket, { peer }] = await Promise.all([untilOpen(exchange), next]);
  return { exchange, socket, peer };
}

/** A server that does with a connection what the test says. */
async function serveRaw(
  onConnection: (connection: TcpSocket) => void,
): Promise<{ url: string; next: Promise<TcpSocket> }> {
  const connections = new Set<TcpSocket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => undefined);
    onConnection(connection);
  });
  onTestFinished(() => {
    for (const connection of connections) connection.destroy();
  });
  const next = once(server, 'connection').then(([connection]) => connection);
  return { url: await listen(server), next };
}

/** Answers the request of whoever connects. */
function answering(text: string): (connection: TcpSocket) => void {
  return (connection) => connection.once('data', () => void connection.end(text));
}

describe('a socket that opens', () => {
  test('was asked for with our headers, and without packing', async () => {
    const { url, next } = await serve();
    await untilOpen(open(`${url}/sdk/v1/socket?basis=e1%3A3`, { authorization: 'key', 'user-agent': 'SluiceNode/1' }));
    const { request } = await next;
    expect(request.url).toBe('/sdk/v1/socket?basis=e1%3A3');
    expect(request.headers).toMatchObject({ authorization: 'key', 'user-agent': 'SluiceNode/1' });
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
  });

  test('brings what came before anybody read, in order, to its end', async () => {
    const { socket, peer } = await connectBoth();
    for (let at = 0; at < 200; at++) peer.send(Buffer.from(`${at},`));
    peer.close(1001);
    expect(await readAll(socket)).toBe(Array.from({ length: 200 }, (_, at) => `${at},`).join(''));
  });

  test('brings what comes while somebody waits', async () => {
    const { socket, peer } = await connectBoth();
    const chunks = socket.chunks()[Symbol.asyncIterator]();
    for (const text of ['one', 'two', 'three']) {
      const chunk = chunks.next();
      peer.send(Buffer.from(text));
      expect(await chunk).toEqual({ done: false, value: text });
    }
    const end = chunks.next();
    peer.terminate();
    expect(await end).toEqual({ done: true, value: undefined });
  });

  test('brings text messages as it brings binary ones, and empty ones as nothing', async () => {
    const { socket, peer } = await connectBoth();
    for (const text of ['é', '', '😀']) peer.send(text);
    peer.close();
    expect(await readAll(socket)).toBe('é😀');
  });

  test('carries what is sent, in order', async () => {
    const { socket, peer } = await connectBoth();
    const received: string[] = [];
    const three = new Promise<void>((resolve) => {
      peer.on('message', (data: Buffer, isBinary: boolean) => {
        received.push(`${isBinary ? 'binary' : 'text'} ${data.toString()}`);
        if (received.length === 3) resolve();
      });
    });
    for (const text of ['{"kind":"hello"}', 'é', '😀']) socket.send(text);
    await three;
    expect(received).toEqual(['text {"kind":"hello"}', 'text é', 'text 😀']);
  });

  test('answers pings', async () => {
    const { peer } = await connectBoth();
    const pong = once(peer, 'pong');
    peer.ping('are you there');
    expect(String((await pong)[0])).toBe('are you there');
  });

  test('takes a message of any size', async () => {
    const { socket, peer } = await connectBoth();
    const text = 'payload '.repeat(3_000_000);
    peer.send(Buffer.from(text));
    peer.close();
    expect((await readAll(socket)) === text).toBe(true);
  });
});

describe('characters', () => {
  const text = 'event: é€😀 ключ\n\n'.repeat(20);

  test.each([1, 2, 3, 5, 7])('may be cut anywhere between messages: every %i bytes', async (size) => {
    const { socket, peer } = await connectBoth();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) peer.send(bytes.subarray(at, at + size));
    peer.close();
    expect(await readAll(socket)).toBe(text);
  });

  test.each([
    ['that no text has', Buffer.from([0x61, 0xff, 0x62])],
    ['that are longer than they need to be', Buffer.from([0xc0, 0xaf])],
    ['of half a pair', Buffer.from([0xed, 0xa0, 0x80])],
    ['that break off', Buffer.from([0xe2, 0x82, 0x61])],
  ])('%s end the reading: a flag with others would be another flag', async (_, bytes) => {
    const { socket, peer } = await connectBoth();
    peer.send(Buffer.from('before'));
    peer.send(bytes);
    peer.send(Buffer.from('after'));
    const read: string[] = [];
    await expect(
      (async () => {
        for await (const chunk of socket.chunks()) read.push(chunk);
      })(),
    ).rejects.toThrow(TypeError);
    expect(read).toEqual(['before']);
  });

  test('that break off between two messages end the reading too', async () => {
    const { socket, peer } = await connectBoth();
    peer.send(Buffer.from([0xe2, 0x82]));
    peer.send(Buffer.from('a'));
    await expect(readAll(socket)).rejects.toThrow(TypeError);
  });
});

describe('a socket that does not open', () => {
  test('because nobody listens is an exception', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    await expect(open(url).answer).rejects.toThrow('ECONNREFUSED');
  });

  test.each([200, 301, 400, 401, 404, 426, 500, 503])(
    'but is answered %i tells the status and headers',
    async (status) => {
      const { url } = await serveRaw(
        answering(
          `HTTP/1.1 ${status} x\r\nRetry-After: 7\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry`,
        ),
      );
      const answered = await open(url).answer;
      if (answered.kind !== 'answered') throw new Error(`expected an answer, got ${answered.kind}`);
      expect(answered.status).toBe(status);
      expect(['retry-after', 'x-two', 'x-three'].map((name) => answered.header(name))).toEqual([
        '7',
        'a, b',
        undefined,
      ]);
    },
  );

  test('but is answered without an end is not kept open', async () => {
    const { url, next } = await serveRaw((connection) => {
      connection.once('data', () => connection.write('HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry'));
    });
    expect(await open(url).answer).toMatchObject({ kind: 'answered', status: 503 });
    const connection = await next;
    if (!connection.destroyed) await once(connection.resume(), 'close');
    expect(connection.destroyed).toBe(true);
  });

  test.each<[string, (connection: TcpSocket) => void]>([
    ['ended before the request was read', (connection) => void connection.end()],
    ['ended instead of an answer', (connection) => connection.once('data', () => void connection.end())],
    ['reset instead of an answer', (connection) => connection.once('data', () => void connection.resetAndDestroy())],
    ['answered in half', answering('HTTP/1.1 101 Switching')],
    ['answered in another language', answering('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'answered without a proof that the other side speaks WebSocket',
      answering('HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    ],
    [
      'answered with a wrong proof',
      answering('HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'),
    ],
    ['switched to another protocol', answering('HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n')],
  ])('but is %s is broken: something is there that does not know sockets', async (_, onConnection) => {
    const { url } = await serveRaw(onConnection);
    expect(await open(url).answer).toEqual({
      kind: 'broken',
      message: expect.stringMatching(/^no socket can be opened: ./),
    });
  });

  test('because the other side stays silent is broken after ten seconds', async () => {
    const { url } = await serveRaw((connection) => connection.resume());
    expect(await open(url).answer).toEqual({
      kind: 'broken',
      message: expect.stringContaining('handshake has timed out'),
    });
  });
});

describe('a flood', () => {
  test('that nobody reads is held back, and nothing of it is lost', async () => {
    const { socket, peer } = await connectBoth();
    const [messages, size] = [2000, 64 * 1024];
    let left = 0;
    for (let at = 0; at < messages; at++) {
      peer.send(Buffer.alloc(size, 'abcdefghij'[at % 10]), () => {
        left++;
      });
    }
    // Another connection through the same event loop has all the time to go back and forth.
    const echo = await serveRaw((connection) => connection.pipe(connection));
    const other = connect(Number(new URL(echo.url).port), '127.0.0.1');
    onTestFinished(() => void other.destroy());
    for (let times = 0; times < 2000; times++) {
      other.write('x');
      await once(other, 'data');
    }
    expect(left).toBeLessThan(messages / 2);
    let read = 0;
    for await (const chunk of socket.chunks()) {
      for (let at = 0; at < chunk.length; at += size) {
        if (chunk[at] !== 'abcdefghij'[(read / size + at / size) % 10]) throw new Error(`out of order at ${read + at}`);
      }
      read += chunk.length;
      if (read === messages * size) break;
    }
    expect(read).toBe(messages * size);
  });

  test('of tiny messages comes as it was sent', async () => {
    const { socket, peer } = await connectBoth();
    const texts = Array.from({ length: 20_000 }, (_, at) => `${at};`);
    for (const text of texts) peer.send(Buffer.from(text));
    peer.close();
    expect((await readAll(socket)) === texts.join('')).toBe(true);
  });

  test('can be aborted in the middle', async () => {
    const { exchange, peer } = await connectBoth();
    const closed = once(peer, 'close');
    for (let at = 0; at < 500; at++) peer.send(Buffer.alloc(64 * 1024));
    exchange.abort();
    await closed;
    expect(peer.readyState).toBe(peer.CLOSED);
  });
});

describe('aborting', () => {
  test('before there is a connection is an exception, and none stays', async () => {
    const { url, next } = await serve();
    const exchange = open(url);
    exchange.abort();
    await expect(exchange.answer).rejects.toThrow();
    // Whoever aborts need not look at what becomes of it.
    open(url).abort();
    const later = open(url);
    await untilOpen(later);
    // The first that the server saw is the one that was not aborted.
    expect((await next).peer.readyState).toBe(1);
  });

  test('while the other side is silent is an exception, and ends the connection', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<TcpSocket>();
    const { url } = await serveRaw((connection) => connection.once('data', () => resolve(connection)));
    const exchange = open(url);
    const connection = await asked;
    const closed = once(connection.resume(), 'close');
    exchange.abort();
    await expect(exchange.answer).rejects.toThrow('before the connection was established');
    await closed;
  });

  test('while it is open ends the reading and the connection', async () => {
    const { exchange, socket, peer } = await connectBoth();
    const closed = once(peer, 'close');
    const text = readAll(socket);
    exchange.abort();
    exchange.abort();
    expect(await text).toBe('');
    await closed;
    socket.send('nothing happens');
  });

  test('after the other side closed changes nothing', async () => {
    const { exchange, socket, peer } = await connectBoth();
    peer.send(Buffer.from('last'));
    peer.close(1001, 'stopping');
    expect(await readAll(socket)).toBe('last');
    exchange.abort();
    socket.send('nothing happens');
    expect(await readAll(socket)).toBe('');
  });

  test('after it was answered changes nothing', async () => {
    const { url } = await serveRaw(answering('HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n'));
    const exchange = open(url);
    expect(await exchange.answer).toMatchObject({ kind: 'answered', status: 426 });
    exchange.abort();
    expect(await exchange.answer).toMatchObject({ kind: 'answered', status: 426 });
  });
});

describe('a connection that ends', () => {
  test.each<[string, (peer: WebSocket) => void]>([
    ['in good order', (peer) => peer.close(1001)],
    ['without a word', (peer) => peer.terminate()],
  ])('%s ends the reading after what had come', async (_, end) => {
    const { socket, peer } = await connectBoth();
    const chunks = socket.chunks()[Symbol.asyncIterator]();
    peer.send(Buffer.from('a'));
    expect(await chunks.next()).toEqual({ done: false, value: 'a' });
    end(peer);
    expect(await chunks.next()).toMatchObject({ done: true });
  });

  test('because the other side broke the protocol is an exception, after what had come', async () => {
    const { promise, resolve } = Promise.withResolvers<TcpSocket>();
    const http = createHttpServer();
    const server = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request, connection, head) => {
      server.handleUpgrade(request, connection, head, () => resolve(connection as TcpSocket));
    });
    const socket = await untilOpen(open(await listen(http)));
    const connection = await promise;
    onTestFinished(() => void connection.destroy());
    // A good message, and one of an opcode that there is not.
    connection.write(Buffer.from([0x82, 0x01, 0x61, 0x83, 0x01, 0x62]));
    const read: string[] = [];
    await expect(
      (async () => {
        for await (const chunk of socket.chunks()) read.push(chunk);
      })(),
    ).rejects.toThrow('invalid opcode');
    expect(read).toEqual(['a']);
  });
});
