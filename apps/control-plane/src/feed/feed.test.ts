import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { FeedEventView } from '@sluice/api-client';
import {
  createFakeServerPlatform,
  openTestSocket,
  openTestStream,
  startTestServer,
  type TestServer,
  type TestSocket,
  type TestStream,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FeedReader } from './feed-reader.ts';

const production = '/projects/default/environments/production';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let closings: (() => unknown)[];

beforeEach(async () => {
  closings = [];
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  for (const key of ['checkout', 'search']) await server.api('POST', '/projects/default/flags', { key });
});

afterEach(async () => {
  for (const close of closings) await close();
  await server.close();
});

/** What is read with `until` here: name, id and data of an event. */
type Told = readonly [event: string, data: unknown];

async function open(query = '', headers: Readonly<Record<string, string>> = {}, of = server): Promise<TestStream> {
  const stream = await openTestStream(`${of.url}/api/v1${production}/events${query}`, `Bearer ${of.apiToken}`, headers);
  closings.push(() => stream.close());
  return stream;
}

async function read(stream: TestStream, event: FeedEventView['event']): Promise<readonly Told[]> {
  return (await stream.until(event)).map(({ event: name, data }) => [name, JSON.parse(data)]);
}

/** The next event of that name; those before are of no interest. */
async function next(stream: TestStream, event: FeedEventView['event']): Promise<unknown> {
  return (await read(stream, event)).at(-1)?.[1];
}

/** The same, for what comes about with time: the clock moves until it is there. */
async function later(stream: TestStream, event: FeedEventView['event']): Promise<unknown> {
  let isHere = false;
  const coming = next(stream, event).finally(() => {
    isHere = true;
  });
  while (!isHere) {
    await platform.clock.advance(10);
    // A busy machine is given its time, or instances would be silent for a minute meanwhile.
    await pause(2);
  }
  return coming;
}

const flip = (kind: string, flag = 'checkout') => server.change({ flag, instructions: [{ kind }] });

/** An instance that has told what it runs, and goes on when it is told to. */
async function startInstance(key: string): Promise<{ runs(version: number): Promise<void>; socket: TestSocket }> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  closings.push(() => socket.cut());
  const state: string = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '').state;
  const [epoch] = state.split(':');
  let sent = 0;
  const settle = async (): Promise<void> => {
    socket.send({ kind: 'events', id: `${key}-${++sent}`, events: [] });
    await socket.until('taken');
  };
  socket.send({ kind: 'hello', key, session: `session of ${key}`, connection: 1, via: 'socket', running: { state } });
  await settle();
  return {
    socket,
    runs: async (version) => {
      socket.send({ kind: 'acknowledgement', state: `${epoch}:${version}` });
      await settle();
    },
  };
}

describe('the live feed', () => {
  test('says hello with the version that there is, and the time of the server', async () => {
    const { body } = await server.api('GET', '/projects/default/environments');
    const { version } = body.items.find(({ key }: { key: string }) => key === 'production');
    const stream = await open();
    expect(stream.status).toBe(200);
    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(await read(stream, 'hello')).toEqual([['hello', { version, serverTime: platform.now() }]]);
  });

  test('tells every change with what it touched and who made it', async () => {
    const stream = await open();
    await next(stream, 'hello');
    const { id, version } = await server.change({
      comment: 'both',
      instructions: [
        { kind: 'turn-on', flag: 'search' },
        { kind: 'turn-on', flag: 'checkout' },
        { kind: 'create-segment', segment: 'beta' },
      ],
    });
    expect(await next(stream, 'change')).toEqual({
      id,
      version,
      flags: ['checkout', 'search'],
      segments: ['beta'],
      actor: 'first-start',
      at: platform.now(),
    });
  });

  test.each(['by Last-Event-ID', 'by address'])('goes on where it ended, %s', async (way) => {
    const { version } = await flip('turn-on');
    const missed = [await flip('turn-off'), await flip('turn-on')];
    const stream =
      way === 'by address' ? await open(`?after=${version}`) : await open('', { 'last-event-id': String(version) });
    const told = [await next(stream, 'change'), await next(stream, 'change')];
    expect(told).toEqual(missed.map(({ id, version }) => expect.objectContaining({ id, version })));
    const { id } = await flip('turn-off');
    expect(await next(stream, 'change')).toMatchObject({ id });
  });

  test('names each change as its id, so that a browser goes on after it', async () => {
    const stream = await open();
    const { version } = await flip('turn-on');
    await stream.until('change');
    expect(stream.text).toContain(`id: ${version}\nevent: change\n`);
  });

  test('tells to read anew what too many changes were made to', async () => {
    for (let at = 0; at < 101; at++) await flip(at % 2 === 0 ? 'turn-on' : 'turn-off');
    const { version } = await flip('turn-off', 'search').then(() => flip('turn-on', 'search'));
    const stream = await open('?after=2');
    expect((await read(stream, 'reset')).map(([event]) => event)).toEqual(['hello', 'reset']);
    const { id } = await flip('turn-off', 'search');
    expect(await next(stream, 'change')).toMatchObject({ id, version: version + 1 });
  });

  test('tells whoever knows a version that there never was to read anew', async () => {
    const stream = await open('?after=999999');
    expect((await read(stream, 'reset')).map(([event]) => event)).toEqual(['hello', 'reset']);
    const { id } = await flip('turn-on');
    expect(await next(stream, 'change')).toMatchObject({ id });
  });

  test('sends a heartbeat every 15 seconds, which pages hear', async () => {
    const stream = await open();
    await next(stream, 'hello');
    await platform.clock.advance(14_000);
    expect(stream.text).not.toContain('heartbeat');
    await platform.clock.advance(1000);
    expect(await next(stream, 'heartbeat')).toEqual({});
  });

  test('ends in good order when the server stops', async () => {
    const own = await startTestServer();
    const stream = await open('', {}, own);
    await stream.until('hello');
    await own.close();
    expect(await stream.ended).toBe('ended');
  });

  test('ends within three seconds for whoever lost the token', async () => {
    const { body } = await server.api('POST', '/tokens', { name: 'ann' });
    const own = await open('', { authorization: `Bearer ${body.token}` });
    const other = await open();
    await own.until('hello');
    await other.until('hello');
    await server.api('DELETE', `/tokens/${body.id}`);
    await platform.clock.advance(3000);
    expect(await own.ended).toBe('ended');
    const { id } = await flip('turn-on');
    expect(await next(other, 'change')).toMatchObject({ id });
  });

  test('is not for whoever has no token, nor of an environment that there is not', async () => {
    expect((await server.api('GET', `${production}/events`, undefined, { authorization: 'Bearer x' })).status).toBe(
      401,
    );
    expect((await server.api('GET', '/projects/default/environments/nowhere/events')).status).toBe(404);
    expect((await server.api('GET', `${production}/events?after=x`)).status).toBe(400);
  });
});

describe('how far a change gets', () => {
  test('is told as instances answer, and who is late by name', async () => {
    const instances = await Promise.all(['web-1', 'web-2'].map(startInstance));
    const stream = await open();
    await next(stream, 'hello');
    const { id: changeId, version } = await flip('turn-on');
    await next(stream, 'change');
    const reach = { changeId, version, of: 2, refused: 0, atMs: expect.any(Number) };
    // The clock goes on while a database is waited for: what is told is looked at, not how often.
    type Reach = Extract<FeedEventView, { event: 'convergence' }>['data'];
    async function untilTold(isIt: (told: Reach) => boolean): Promise<Reach> {
      for (;;) {
        const told = (await later(stream, 'convergence')) as Reach;
        const isLate = told.atMs >= 2000;
        expect(told).toEqual({ ...reach, has: told.has, behind: isLate ? expect.anything() : [] });
        if (isIt(told)) return told;
      }
    }
    expect((await untilTold(() => true)).has).toBe(0);
    await instances[0]?.runs(version);
    expect((await untilTold(({ has, behind }) => has === 1 && behind.length > 0)).behind).toEqual(['web-2']);
    await instances[1]?.runs(version);
    expect(await untilTold(({ has }) => has === 2)).toEqual({ ...reach, has: 2, behind: [] });
  });

  test('is told no more than ten times a second', async () => {
    const instances = await Promise.all(Array.from({ length: 20 }, (_, at) => startInstance(`web-${at}`)));
    const stream = await open();
    await next(stream, 'hello');
    const startedAt = platform.elapsed();
    const { version } = await flip('turn-on');
    for (const { runs } of instances) {
      await runs(version);
      await platform.clock.advance(10);
    }
    let told = 0;
    let has = 0;
    while (has < 20) {
      ({ has } = (await later(stream, 'convergence')) as { has: number });
      told++;
    }
    expect(told).toBeLessThanOrEqual((platform.elapsed() - startedAt) / 100 + 1);
    expect(told).toBeLessThan(20);
  });

  test('is told to whoever comes while it is on its way', async () => {
    await startInstance('web-1');
    const { id } = await flip('turn-on');
    const stream = await open();
    expect(await later(stream, 'convergence')).toMatchObject({ changeId: id, has: 0, of: 1 });
  });
});

describe('the fleet', () => {
  test('is told when its numbers change, and that what is off normal has', async () => {
    const { socket } = await startInstance('web-1');
    const stream = await open();
    expect(await later(stream, 'fleet')).toEqual({ instances: 1, behind: 0, refused: 0, gone: 0 });
    await flip('turn-on');
    expect(await later(stream, 'fleet')).toEqual({ instances: 1, behind: 1, refused: 0, gone: 0 });
    expect(await read(stream, 'matters')).toEqual([['matters', {}]]);
    socket.send({ kind: 'goodbye' });
    expect(await later(stream, 'fleet')).toEqual({ instances: 0, behind: 0, refused: 0, gone: 1 });
  });
});

describe('what is off normal', () => {
  test('has changed when a valve was tripped, and has not when a flag was turned on', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'mail', kind: 'valve' });
    const stream = await open();
    await next(stream, 'hello');
    await flip('turn-on');
    await server.change({ flag: 'mail', instructions: [{ kind: 'trip', mode: 'off', reason: 'slow' }] });
    const told = (await read(stream, 'matters')).map(([event]) => event);
    expect(told.filter((event) => event === 'change')).toHaveLength(2);
    expect(told.filter((event) => event === 'matters')).toHaveLength(1);
  });
});

test('whoever does not read is cut off, and others are not', async () => {
  const { promise, resolve } = Promise.withResolvers<FeedReader>();
  const http = createServer((_, response) => {
    response.writeHead(200).flushHeaders();
    resolve(new FeedReader(response, 0));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const request = get({ port: (http.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  request.on('error', () => undefined);
  const [response] = await once(request, 'response');
  response.on('error', () => undefined);
  const reader = await promise;
  // What the kernels of both sides hold comes on top of what waits here.
  for (let sent = 0; reader.isOpen && sent < 1000; sent++) reader.send('x'.repeat(64 * 1024));
  expect(reader.isOpen).toBe(false);
  request.destroy();
  http.close();
});
