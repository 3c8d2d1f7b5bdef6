import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buildPayload, buildWireFlag, createFakeServerPlatform, openTestStream } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHttpStream } from './http-stream.ts';
import { Channel, Outflow, StreamKeeper } from './index.ts';

const second = 1000;
const hour = 3_600_000;

let platform: ReturnType<typeof createFakeServerPlatform>;
let keeper: StreamKeeper;
let channel: Channel;
let server: Server;
let url: string;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  keeper = new StreamKeeper(platform);
  channel = new Channel(buildPayload(buildWireFlag('a', 1)), new Outflow(platform));
  server = createServer((request, response) => {
    const protocol = request.url === '/fdv1' ? 'fdv1' : 'fdv2';
    openHttpStream(keeper, {
      channel,
      request,
      response,
      protocol,
      basis: undefined,
      environmentId: 'env-1',
      credentialId: 'key-1',
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  keeper.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let version = 1;
/** Publishes a change whose frame has about so many bytes. */
function publish(sizeBytes: number): void {
  version++;
  channel.apply({
    epoch: 'e1',
    version,
    objects: [buildWireFlag('big', version, JSON.stringify('x'.repeat(sizeBytes)))],
  });
}

describe('an open stream', () => {
  test('has the headers that keep proxies from holding it back', async () => {
    const stream = await openTestStream(url, 'sdk-1');
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-ld-envid': 'env-1',
    });
    expect(stream.headers['content-encoding']).toBeUndefined();
    stream.close();
  });

  test.each([
    [0, 15],
    [0.5, 20],
    [0.999, 25],
  ])('gets a heartbeat every 15 to 25 seconds: with luck %d after %d', async (luck, seconds) => {
    platform.randomValue = luck;
    const stream = await openTestStream(url, 'sdk-1');
    await stream.until('payload-transferred');
    const before = stream.text;
    await platform.clock.advance((seconds - 1) * second);
    expect(stream.text).toBe(before);
    await platform.clock.advance(second);
    await stream.untilText(`${before}:\n\n`);
    await platform.clock.advance(seconds * second);
    await stream.untilText(`${before}:\n\n:\n\n`);
    stream.close();
  });

  test.each([hour, -hour])('gets its heartbeats when the time of day jumps by %i ms', async (jump) => {
    const stream = await openTestStream(url, 'sdk-1');
    await stream.until('payload-transferred');
    const before = stream.text;
    platform.clock.setTimeOfDay(platform.now() + jump);
    await platform.clock.advance(19 * second);
    expect(stream.text).toBe(before);
    await platform.clock.advance(second);
    await stream.untilText(`${before}:\n\n`);
    stream.close();
  });

  test('that is read stays for hours, and then ends so that load spreads again', async () => {
    platform.randomValue = 0;
    const stream = await openTestStream(url, 'sdk-1');
    await stream.until('payload-transferred');
    await platform.clock.advance(4 * hour - second);
    expect(channel.subscriberCount).toBe(1);
    await platform.clock.advance(second);
    expect(await stream.next()).toEqual({ event: 'goodbye', data: expect.stringContaining('lifetime') });
    expect(await stream.ended).toBe('ended');
    expect(keeper.dropped).toBe(0);
  });

  test('is forgotten when its client leaves', async () => {
    const stream = await openTestStream(url, 'sdk-1');
    await stream.until('payload-transferred');
    stream.close();
    await untilSubscribers(0);
    publish(10);
    await platform.clock.advance(60 * second);
    expect(keeper.dropped).toBe(0);
  });

  test('ends after everything that was sent before has arrived', async () => {
    const stream = await openTestStream(url, 'sdk-1');
    publish(8_000_000);
    channel.end('server is stopping');
    const events = await stream.until('goodbye');
    expect(events.map(({ event }) => event)).toEqual([
      'server-intent',
      'put-object',
      'payload-transferred',
      'put-object',
      'payload-transferred',
      'goodbye',
    ]);
    expect(await stream.ended).toBe('ended');
  });
});

async function untilSubscribers(count: number): Promise<void> {
  while (channel.subscriberCount !== count) await new Promise((resolve) => setImmediate(resolve));
}

/** A client that reads only when it is told to. */
async function connectReader(path: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: sdk-1\r\n\r\n`);
  await untilSubscribers(1);
  return socket;
}

/** More than the buffers of both ends take in. */
const tooMuch = 32_000_000;

describe('a stream that nobody reads', () => {
  test('is dropped after half a minute without progress', async () => {
    const socket = await connectReader('/fdv2');
    publish(tooMuch);
    await platform.clock.advance(30 * second);
    expect(keeper.dropped).toBe(0);
    await platform.clock.advance(second);
    expect(keeper.dropped).toBe(1);
    await untilSubscribers(0);
    socket.destroy();
  });

  test('is dropped also when more and more is sent to it', async () => {
    const socket = await connectReader('/fdv2');
    publish(tooMuch);
    for (let passed = 0; passed < 32; passed++) {
      publish(1000);
      await platform.clock.advance(second);
    }
    expect(keeper.dropped).toBe(1);
    socket.destroy();
  });

  test('does not hold up others', async () => {
    const socket = await connectReader('/fdv2');
    publish(tooMuch);
    const stream = await openTestStream(url, 'sdk-1');
    await stream.until('payload-transferred');
    publish(10);
    expect((await stream.until('payload-transferred')).map(({ event }) => event)).toEqual([
      'put-object',
      'payload-transferred',
    ]);
    stream.close();
    socket.destroy();
  });
});

describe('a stream that is read slowly', () => {
  test('stays while it makes progress, however long one payload takes', async () => {
    const socket = await connectReader('/fdv1');
    const closed = once(socket, 'close');
    publish(tooMuch);
    for (let received = 0; received < tooMuch; ) {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) {
        if (socket.closed) break;
        await Promise.race([once(socket, 'readable'), closed]);
        continue;
      }
      // Nearly half a minute for each two megabytes, and seven minutes for all.
      if (Math.floor((received + chunk.length) / 2_000_000) > Math.floor(received / 2_000_000)) {
        await platform.clock.advance(29 * second);
      }
      received += chunk.length;
    }
    expect(keeper.dropped).toBe(0);
    expect(channel.subscriberCount).toBe(1);
    socket.destroy();
  });
});
