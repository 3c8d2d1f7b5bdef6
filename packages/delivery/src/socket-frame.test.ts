import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { encodeSocketClose, encodeSocketFrame, encodeSocketPong, encodeSocketText } from './socket-frame.ts';

/** A server that only shakes hands, and a client of a library that others wrote: it reads what we encode. */
let server: ReturnType<typeof createServer>;
let connection: Socket;
let client: WebSocket;

beforeAll(async () => {
  server = createServer((accepted) => {
    connection = accepted;
    accepted.on('error', () => undefined);
    accepted.once('data', (request) => {
      const [, key = ''] = /sec-websocket-key: (.*)\r\n/i.exec(request.toString()) ?? [];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      accepted.write(
        `HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false });
  await once(client, 'open');
});

afterAll(() => {
  client.terminate();
  connection.destroy();
  server.close();
});

/** What the client reads of these bytes, up to a message that says `end`. */
async function read(bytes: Uint8Array): Promise<{ readonly content: Buffer; readonly sizes: readonly number[] }> {
  const messages: Buffer[] = [];
  const done = new Promise<void>((resolve) => {
    client.on('message', function listen(data: Buffer, isBinary: boolean) {
      if (data.toString() === 'end') {
        client.off('message', listen);
        resolve();
      } else messages.push(isBinary ? data : Buffer.from('a message that is not binary'));
    });
  });
  connection.write(bytes);
  connection.write(encodeSocketFrame(Buffer.from('end')));
  await done;
  return { content: Buffer.concat(messages), sizes: messages.map(({ length }) => length) };
}

const pattern = Buffer.from(Array.from({ length: 251 }, (_, at) => at));
const contentOf = (size: number): Buffer => (size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, pattern));

describe('content', () => {
  test.each([
    [1, [1], 2],
    [125, [125], 2],
    [126, [126], 4],
    [127, [127], 4],
    [256, [256], 4],
    [65_534, [65_534], 4],
    [65_535, [65_535], 4],
    [65_536, [65_535, 1], 6],
    [2 * 65_535 + 126, [65_535, 65_535, 126], 12],
    [1_000_000, [...Array.from({ length: 15 }, () => 65_535), 1_000_000 - 15 * 65_535], 64],
  ])('of %i bytes is read by others as messages of %j, with %i bytes around them', async (size, sizes, overhead) => {
    const content = contentOf(size);
    const frame = encodeSocketFrame(content);
    const seen = await read(frame);
    expect(seen.content.equals(content)).toBe(true);
    expect(seen.sizes).toEqual(sizes);
    expect(frame.length - size).toBe(overhead);
  });

  test('that is empty is nothing at all', () => {
    expect(encodeSocketFrame(new Uint8Array()).length).toBe(0);
  });

  test('is copied: whoever alters it later alters nothing', () => {
    const content = Buffer.from('abc');
    const frame = encodeSocketFrame(content);
    content.fill('x');
    expect(Buffer.from(frame).toString('latin1')).toBe('\x82\x03abc');
  });

  test('may come in one write with others, and cut anywhere', async () => {
    const frames = Buffer.concat([1, 125, 126, 70_000].map((size) => encodeSocketFrame(contentOf(size))));
    expect((await read(frames)).sizes).toEqual([1, 125, 126, 65_535, 4465]);
    const half = frames.length >> 1;
    connection.write(frames.subarray(0, half));
    expect((await read(frames.subarray(half))).sizes).toEqual([1, 125, 126, 65_535, 4465]);
  });
});

test.each([0, 1, 125, 126, 65_535, 65_536, 1_000_000, 20_000_000])(
  'a text of %i bytes is read by others as one message, whatever it was put together from',
  async (size) => {
    const text = 'é€😀 '.repeat(size).slice(0, size >> 2);
    const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(size, 'x')]).subarray(0, size);
    // Characters may be cut where the parts meet.
    const third = Math.floor(size / 3);
    const parts = [bytes.subarray(0, third), bytes.subarray(third, third + 1), bytes.subarray(third + 1)];
    const whole = size === 0 ? [] : parts;
    const received = once(client, 'message');
    connection.write(encodeSocketText(...whole));
    const [data, isBinary]: [Buffer, boolean] = (await received) as [Buffer, boolean];
    expect([data.equals(Buffer.concat(whole)), data.length, isBinary]).toEqual([true, size, false]);
  },
);

test.each([0, 1, 125])('a pong of %i bytes is read by others', async (size) => {
  const pong = once(client, 'pong');
  connection.write(encodeSocketPong(contentOf(size)));
  const [content]: Buffer[] = await pong;
  expect(content?.equals(contentOf(size))).toBe(true);
});

test('a close is read by others, with its code', async () => {
  expect([...encodeSocketClose(1001)]).toEqual([0x88, 2, 0x03, 0xe9]);
  const closed = once(client, 'close');
  connection.write(encodeSocketClose(1001));
  connection.end();
  expect((await closed)[0]).toBe(1001);
});
