import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  buildPayload,
  buildWireFlag,
  createFakeServerPlatform,
  openTestSocket,
  RecordingFleet,
  settle,
  type TestSocket,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel, DataPlane, type DataPlaneHost, type EventBatch, Outflow, StreamKeeper, Visitors } from './index.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let platform: ReturnType<typeof createFakeServerPlatform>;
let fleet: RecordingFleet;
let keeper: StreamKeeper;
let channel: Channel;
let server: Server;
let url: string;
let recorded: EventBatch[];
let recordWindow: DataPlaneHost['recordWindow'];
let confirmArrivals: DataPlaneHost['confirmArrivals'];
/** What clients sent and was not understood. */
let malformed: string[];
let untilMalformed: () => Promise<void>;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  platform = createFakeServerPlatform();
  fleet = new RecordingFleet();
  keeper = new StreamKeeper(platform);
  channel = new Channel(buildPayload(buildWireFlag('a', 1), buildWireFlag('b', 2)), new Outflow(platform));
  [recorded, malformed] = [[], []];
  recordWindow = async () => undefined;
  confirmArrivals = async () => ({ at: platform.elapsed() - 300, states: { 'env-1': 'e1:7', other: 'e2:1' } });
  let wake = Promise.withResolvers<void>();
  untilMalformed = () => wake.promise;
  const dataPlane = new DataPlane(
    {
      admit: async () => ({ environmentId: 'env-1', credentialId: 'key-1' }),
      isRevoked: () => false,
      channel: async () => channel,
      recordEvents: (_, batch) => void recorded.push(batch),
      confirmArrivals: () => confirmArrivals(),
      recordWindow: (environmentId, report) => recordWindow(environmentId, report),
      retryAfterSeconds: () => 3,
      now: () => platform.now(),
      createId: () => 'made-up',
      logError: (error) => {
        throw error;
      },
      logDebug: (message) => {
        malformed.push(message);
        wake.resolve();
        wake = Promise.withResolvers();
      },
    },
    { keeper, fleet, visitors: new Visitors(fleet, platform), load: { letIn: () => true } },
  );
  server = createServer();
  server.on('upgrade', (request, socket, head) => dataPlane.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
  keeper.close();
  await untilSubscribers(0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function open(query = ''): Promise<TestSocket> {
  const socket = await openTestSocket(`${url}/sdk/v1/socket${query}`, 'sdk-1');
  sockets.push(socket);
  return socket;
}

/** A socket that has everything, and said who it is. */
async function openAs(key: string, connection = 1): Promise<TestSocket> {
  const socket = await open();
  await socket.until('payload-transferred');
  socket.send(hello(key, connection));
  await fleet.until(`join ${key}`);
  return socket;
}

function hello(key: string, connection = 1): object {
  return { kind: 'hello', key, session: `session of ${key}`, connection, via: 'socket', running: { state: 'e1:2' } };
}

/** Publishes a change of flag `c` whose frame has about so many bytes. */
function publish(version: number, sizeBytes = 10): void {
  const json = JSON.stringify({ key: 'c', version, salt: 'x'.repeat(sizeBytes) });
  channel.apply({ epoch: 'e1', version, objects: [buildWireFlag('c', version, json)] });
}

async function untilSubscribers(count: number): Promise<void> {
  while (channel.subscriberCount !== count) await settle();
}

/** Names of the next events up to the one of that name, with what they are about. */
async function eventsUntil(socket: TestSocket, name: string): Promise<readonly string[]> {
  const events = await socket.until(name);
  return events.map(({ event, data }) => {
    const { key, state, payloads, reason } = JSON.parse(data);
    return [event, key ?? state ?? payloads?.[0].intentCode ?? reason].filter(Boolean).join(' ');
  });
}

describe('a socket that opens', () => {
  test('is told how to report, and then everything', async () => {
    const socket = await open();
    expect(await socket.next()).toEqual({
      event: 'fleet',
      data: '{"delayMs":0,"spreadMs":20,"heartbeatMs":10000,"windowMs":5000}',
    });
    expect(await eventsUntil(socket, 'payload-transferred')).toEqual([
      'server-intent xfer-full',
      'put-object a',
      'put-object b',
      'payload-transferred e1:2',
    ]);
  });

  test.each([
    ['?basis=e1:1', ['fleet', 'server-intent xfer-changes', 'put-object b', 'payload-transferred e1:2']],
    ['?basis=e1%3A1', ['fleet', 'server-intent xfer-changes', 'put-object b', 'payload-transferred e1:2']],
    ['?basis=e0:9', ['fleet', 'server-intent xfer-full', 'put-object a', 'put-object b', 'payload-transferred e1:2']],
    [
      '?basis=nonsense',
      ['fleet', 'server-intent xfer-full', 'put-object a', 'put-object b', 'payload-transferred e1:2'],
    ],
  ])('with %s is told what it lacks', async (query, events) => {
    expect(await eventsUntil(await open(query), 'payload-transferred')).toEqual(events);
  });

  test('with everything is told so', async () => {
    expect(await eventsUntil(await open('?basis=e1:2'), 'server-intent')).toEqual(['fleet', 'server-intent none']);
  });

  test('ahead of the server hears nothing of flags until the server has caught up: it must not go back', async () => {
    const socket = await open('?basis=e1:5');
    expect((await socket.next()).event).toBe('fleet');
    publish(3);
    publish(4);
    publish(5);
    expect(await eventsUntil(socket, 'server-intent')).toEqual(['server-intent none']);
    publish(6);
    expect(await eventsUntil(socket, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:6']);
  });

  test('counts among those that the next is told to spread with', async () => {
    const all = await Promise.all(Array.from({ length: 700 }, () => open('?basis=e1:2')));
    const { data } = await (await open()).next();
    // 40 microseconds for each.
    expect(JSON.parse(data)).toEqual({ delayMs: 21, spreadMs: 28, heartbeatMs: 10_000, windowMs: 5000 });
    for (const socket of all) socket.cut();
    await untilSubscribers(1);
    expect(JSON.parse((await (await open()).next()).data)).toMatchObject({ spreadMs: 20 });
  });
});

test('who came when there were few is told when there are many: all would answer at once, else', async () => {
  const first = await open('?basis=e1:2');
  await first.until('server-intent');
  const openMany = (count: number) => Promise.all(Array.from({ length: count }, () => open('?basis=e1:2')));
  const many = await openMany(999);
  expect(await first.until('fleet')).toMatchObject([
    { data: '{"delayMs":30,"spreadMs":40,"heartbeatMs":10000,"windowMs":5000}' },
  ]);
  for (const socket of many) socket.cut();
  await untilSubscribers(1);
  // Again, after a time with few.
  await openMany(999);
  expect(await first.until('fleet')).toMatchObject([
    { data: '{"delayMs":30,"spreadMs":40,"heartbeatMs":10000,"windowMs":5000}' },
  ]);
});

describe('a change', () => {
  test('goes to every socket, and comes once', async () => {
    const [one, two] = [await open(), await open('?basis=e1:2')];
    await Promise.all([one.until('payload-transferred'), two.until('server-intent')]);
    publish(3);
    publish(4);
    for (const socket of [one, two]) {
      expect(await eventsUntil(socket, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:3']);
      expect(await eventsUntil(socket, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:4']);
    }
  });

  test('to another epoch brings everything anew', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    channel.apply({ epoch: 'e2', version: 1_000_003, objects: [buildWireFlag('d', 1_000_003)] });
    expect(await eventsUntil(socket, 'payload-transferred')).toEqual([
      'server-intent xfer-full',
      'put-object d',
      'payload-transferred e2:1000003',
    ]);
  });

  test('of 20 MB arrives whole, and what follows it in its place', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    publish(3, 20_000_000);
    publish(4);
    const [put] = await socket.until('payload-transferred');
    expect(JSON.parse(put?.data ?? '').object.salt).toBe('x'.repeat(20_000_000));
    expect(await eventsUntil(socket, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:4']);
  });

  test('of 20 MB is not broken by pings: they are answered when it has left', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    socket.webSocket.pause();
    publish(3, 20_000_000);
    const pongs: string[] = [];
    socket.webSocket.on('pong', (data: Buffer) => pongs.push(data.toString()));
    for (const text of ['one', 'two', '']) socket.webSocket.ping(text);
    socket.webSocket.resume();
    const [put] = await socket.until('payload-transferred');
    expect(JSON.parse(put?.data ?? '').object.salt).toHaveLength(20_000_000);
    while (pongs.length < 3) await once(socket.webSocket, 'pong');
    expect(pongs).toEqual(['one', 'two', '']);
  });

  test('does not go to sockets that closed', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    socket.close();
    expect(await socket.closed).toBe(1005);
    await untilSubscribers(0);
    publish(3);
    expect(socket.text).not.toContain('e1:3');
  });
});

describe('reports', () => {
  test('tell who it is and what it runs', async () => {
    const socket = await openAs('web-1');
    expect(fleet.arrivals).toMatchObject([{ key: 'web-1', isForeign: false, via: 'socket', connection: 1 }]);
    socket.send({ kind: 'acknowledgement', state: 'e1:3', heldMs: 5 });
    const refused = [{ kind: 'flag', key: 'c', version: 4, reason: 'because' }];
    socket.send({ kind: 'acknowledgement', state: 'e1:4', refused });
    socket.send({ kind: 'acknowledgement', state: 'e1:4', problem: 'no JSON' });
    await fleet.until('no JSON');
    expect(fleet.told).toEqual([
      'join web-1 e1:2 by socket',
      'web-1 e1:3',
      'web-1 e1:4 without flag c',
      'web-1 e1:4 refused: no JSON',
    ]);
  });

  test('may be binary, and come several at once', async () => {
    const socket = await open();
    socket.webSocket.send(Buffer.from(JSON.stringify(hello('web-1'))));
    for (let version = 3; version <= 200; version++) socket.send({ kind: 'acknowledgement', state: `e1:${version}` });
    await fleet.until('e1:200');
    expect(fleet.told).toHaveLength(199);
  });

  test('of nobody are not counted', async () => {
    const socket = await open();
    socket.send({ kind: 'acknowledgement', state: 'e1:2' });
    socket.send({ kind: 'goodbye' });
    socket.send({ kind: 'probe', id: 'p-1' });
    await fleet.until('p-1');
    expect(fleet.told).toEqual(['answer to probe p-1']);
    socket.cut();
    await untilSubscribers(0);
    expect(fleet.told).toEqual(['answer to probe p-1']);
  });

  test('of who it is may come again: the last counts', async () => {
    const socket = await openAs('web-1');
    socket.send(hello('web-2', 2));
    socket.send({ kind: 'acknowledgement', state: 'e1:3' });
    await fleet.until('e1:3');
    expect(fleet.told).toEqual(['join web-1 e1:2 by socket', 'web-1 left', 'join web-2 e1:2 by socket', 'web-2 e1:3']);
  });

  test('say goodbye, after which nobody is lost', async () => {
    const socket = await openAs('web-1');
    socket.send({ kind: 'goodbye' });
    socket.send({ kind: 'acknowledgement', state: 'e1:3' });
    socket.close();
    await untilSubscribers(0);
    expect(fleet.told).toEqual(['join web-1 e1:2 by socket', 'web-1 left']);
  });

  test('that are not understood are passed over, and told to whoever looks for them', async () => {
    const socket = await openAs('web-1');
    for (const text of [
      '',
      '{sorry',
      'null',
      '[]',
      '{"kind":5}',
      '{"kind":"hello"}',
      '{"kind":"acknowledgement","state":5}',
    ])
      socket.send(text);
    socket.send({ kind: 'later' });
    socket.send({ kind: '__proto__' });
    socket.webSocket.send(Buffer.from([0xff, 0xfe]));
    socket.send({ kind: 'acknowledgement', state: 'e1:3' });
    await fleet.until('e1:3');
    expect(fleet.told).toEqual(['join web-1 e1:2 by socket', 'web-1 e1:3']);
    expect(malformed).toHaveLength(8);
    expect(malformed).toContainEqual(expect.stringContaining('hello.key: expected a string'));
    expect(malformed).toContainEqual(expect.stringContaining('acknowledgement.state: expected a string'));
  });
});

describe('windows of telemetry', () => {
  const report = { kind: 'telemetry', session: 's-1', sequence: 1, agoMs: 5, window: { subjects: [] } };

  test('are said to be taken when they are kept, and not before', async () => {
    const kept = Promise.withResolvers<void>();
    const reports: object[] = [];
    recordWindow = (_, given) => {
      reports.push(given);
      return kept.promise;
    };
    const socket = await openAs('web-1');
    socket.send(report);
    socket.send({ kind: 'events', id: 'later', events: [] });
    expect((await socket.until('taken')).at(-1)?.data).toContain('"later"');
    kept.resolve();
    expect(JSON.parse((await socket.until('taken')).at(-1)?.data ?? '')).toEqual({
      id: 's-1/1',
      status: 202,
      at: platform.now(),
    });
    expect(reports).toEqual([report]);
  });

  test('that cannot be kept are not spoken of, so that they come again', async () => {
    recordWindow = async () => {
      throw new Error('the database is gone');
    };
    const socket = await openAs('web-1');
    const told = untilMalformed();
    socket.send(report);
    await told;
    expect(malformed).toEqual(['a window could not be kept: the database is gone']);
    socket.send({ kind: 'events', id: 'later', events: [] });
    expect((await socket.until('taken')).at(-1)?.data).toContain('"later"');
  });

  test('that are enormous are done with unread, so that they do not come again', async () => {
    recordWindow = () => expect.unreachable();
    const socket = await openAs('web-1');
    socket.send({ ...report, window: 'x'.repeat(5_000_000) });
    expect((await socket.until('taken')).at(-1)?.data).toContain('"status":413');
  });
});

describe('events', () => {
  test('are taken as if they had been posted, and that is answered', async () => {
    const socket = await openAs('web-1');
    const events = [{ kind: 'summary', features: {} }];
    socket.send({ kind: 'events', id: 'b-1', events });
    expect(await socket.next()).toEqual({
      event: 'taken',
      data: JSON.stringify({ id: 'b-1', status: 202, at: platform.now() }),
    });
    expect(recorded).toEqual([{ payloadId: 'b-1', events }]);
  });

  test('are taken from whoever has not said who it is, and of any size', async () => {
    const socket = await open();
    const events = Array.from({ length: 12_000 }, (_, at) => ({ kind: 'custom', data: `${at}`.padEnd(1000) }));
    socket.send({ kind: 'events', id: 'large', events });
    expect((await socket.until('taken')).at(-1)?.data).toContain('"id":"large"');
    expect(recorded).toEqual([{ payloadId: 'large', events }]);
  });

  test('are answered one by one, whatever their ids', async () => {
    const socket = await openAs('web-1');
    for (const id of ['one', 'two\n\nevent: fleet', 'one']) socket.send({ kind: 'events', id, events: [] });
    const ids = [];
    for (let at = 0; at < 3; at++) ids.push(JSON.parse((await socket.next()).data).id);
    expect(ids).toEqual(['one', 'two\n\nevent: fleet', 'one']);
  });
});

describe('an instance', () => {
  test.each<[string, (socket: TestSocket) => void]>([
    ['closes its socket', (socket) => socket.close()],
    ['is cut off', (socket) => socket.cut()],
  ])('that %s is lost as of its last word', async (_, end) => {
    const socket = await openAs('web-1');
    await platform.clock.advance(5 * second);
    socket.send({ kind: 'acknowledgement', state: 'e1:2' });
    await fleet.until('web-1 e1:2');
    await platform.clock.advance(7 * second);
    end(socket);
    await fleet.until('lost');
    expect(fleet.told.at(-1)).toBe('lost web-1 after 7000 ms');
    await untilSubscribers(0);
  });

  test('that reports nothing for a minute is cut off: its connection may be dead', async () => {
    const socket = await openAs('web-1');
    await platform.clock.advance(59 * second);
    expect(channel.subscriberCount).toBe(1);
    await platform.clock.advance(second);
    expect(await socket.closed).toBe(1006);
    await fleet.until('lost web-1 after 60000 ms');
    expect(keeper.dropped).toBe(0);
  });

  test('that reports now and then stays, whatever it reports', async () => {
    const socket = await openAs('web-1');
    const reports = [
      { kind: 'acknowledgement', state: 'e1:2' },
      { kind: 'probe', id: 'p' },
      { kind: 'events', id: 'b', events: [] },
    ];
    for (let times = 0; times < 30; times++) {
      await platform.clock.advance(55 * second);
      socket.send(reports[times % 3] ?? {});
      socket.send({ kind: 'events', id: `mark ${times}`, events: [] });
      await socket.untilText(`mark ${times}`);
    }
    expect(channel.subscriberCount).toBe(1);
  });

  test.each([hour, -hour])('stays when the time of day jumps by %i ms', async (jump) => {
    const socket = await openAs('web-1');
    platform.clock.setTimeOfDay(platform.now() + jump);
    await platform.clock.advance(second);
    await platform.clock.advance(19 * second);
    // The next sign of life comes in time for the client, which waits 45 seconds for it.
    await socket.untilText(':\n\n');
    expect(channel.subscriberCount).toBe(1);
    socket.cut();
    await fleet.until('lost');
    expect(fleet.told.at(-1)).toBe('lost web-1 after 20000 ms');
  });

  test('that keeps talking nonsense is gone after a minute', async () => {
    const socket = await openAs('web-1');
    for (let times = 0; times < 60; times++) {
      socket.send('nonsense');
      await untilMalformed();
      await platform.clock.advance(second);
    }
    expect(await socket.closed).toBe(1006);
  });

  test('may come back a thousand times: nothing is left of the times before', async () => {
    for (let times = 1; times <= 1000; times++) {
      const socket = await openTestSocket(`${url}/sdk/v1/socket?basis=e1:2`, 'sdk-1');
      socket.send(hello('web-1', times));
      await socket.next();
      socket.cut();
    }
    await untilSubscribers(0);
    // Luck decides when the next heartbeat comes: nobody is left to get one.
    let asked = 0;
    Object.assign(platform, { random: () => ++asked / 1_000_000 });
    await platform.clock.advance(minute);
    expect(asked).toBe(0);
    const last = await openAs('web-1', 1001);
    expect(JSON.parse(last.text.split('data: ')[1]?.split('\n')[0] ?? '')).toMatchObject({ spreadMs: 20 });
    expect(channel.subscriberCount).toBe(1);
    publish(3);
    expect(await eventsUntil(last, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:3']);
  });
});

describe('a silent socket', () => {
  test('is kept awake every 20 seconds or so, and is not held to report', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    const before = socket.text;
    await platform.clock.advance(19 * second);
    expect(socket.text).toBe(before);
    await platform.clock.advance(second);
    await socket.untilText(`${before}:\n\n`);
    for (let times = 2; times <= 10; times++) {
      await platform.clock.advance(20 * second);
      await socket.untilText(`${before}${':\n\n'.repeat(times)}`);
    }
    expect(channel.subscriberCount).toBe(1);
  });

  test('ends after hours, in good order, so that load spreads again', async () => {
    platform.randomValue = 0;
    const socket = await open();
    await socket.until('payload-transferred');
    await platform.clock.advance(4 * hour - second);
    expect(channel.subscriberCount).toBe(1);
    await platform.clock.advance(second);
    expect(await eventsUntil(socket, 'goodbye')).toEqual(['goodbye lifetime']);
    expect(await socket.closed).toBe(1001);
  });
});

describe('a client that never reads', () => {
  /** More than the buffers of both ends take in. */
  const tooMuch = 32_000_000;

  test('is dropped after thirty seconds, and has what it lacks when it comes back', async () => {
    const socket = await openAs('web-1');
    socket.webSocket.pause();
    publish(3, tooMuch);
    await platform.clock.advance(30 * second);
    expect(keeper.dropped).toBe(0);
    await platform.clock.advance(second);
    expect(keeper.dropped).toBe(1);
    await untilSubscribers(0);
    expect(fleet.told.at(-1)).toBe('lost web-1 after 31000 ms');
    const again = await open('?basis=e1:2');
    expect(await eventsUntil(again, 'payload-transferred')).toEqual([
      'fleet',
      'server-intent xfer-changes',
      'put-object c',
      'payload-transferred e1:3',
    ]);
  });

  test('is dropped also while it reports', async () => {
    const socket = await openAs('web-1');
    socket.webSocket.pause();
    publish(3, tooMuch);
    for (let version = 3; version <= 33; version++) {
      socket.send({ kind: 'acknowledgement', state: `e1:${version}` });
      await fleet.until(`e1:${version}`);
      await platform.clock.advance(second);
    }
    expect(keeper.dropped).toBe(1);
    await untilSubscribers(0);
  });

  test('holds nobody up', async () => {
    const [deaf, other] = [await openAs('web-1'), await open()];
    await other.until('payload-transferred');
    deaf.webSocket.pause();
    publish(3, tooMuch);
    await other.until('payload-transferred');
    publish(4);
    expect(await eventsUntil(other, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:4']);
  });
});

describe('the end', () => {
  test('of its key comes with word of why, and code 1001', async () => {
    const [one, two] = [await openAs('web-1'), await openAs('web-2')];
    channel.end('credential revoked');
    for (const socket of [one, two]) {
      expect(await eventsUntil(socket, 'goodbye')).toEqual(['goodbye credential revoked']);
      expect(await socket.closed).toBe(1001);
    }
    await fleet.until('lost web-2');
    expect(fleet.told.slice(2).sort()).toEqual(['lost web-1 after 0 ms', 'lost web-2 after 0 ms']);
  });

  test('comes after everything that was sent before', async () => {
    const socket = await open();
    publish(3, 8_000_000);
    channel.end('server is stopping');
    publish(4);
    const events = await eventsUntil(socket, 'goodbye');
    expect(events.slice(-3)).toEqual(['put-object c', 'payload-transferred e1:3', 'goodbye server is stopping']);
    expect(await socket.closed).toBe(1001);
  });

  test('is not broken by a client that still talks', async () => {
    const socket = await openAs('web-1');
    publish(3, 8_000_000);
    channel.end('server is stopping');
    for (let times = 0; times < 100; times++) {
      socket.webSocket.ping();
      socket.send({ kind: 'events', id: `${times}`, events: [] });
    }
    expect((await eventsUntil(socket, 'goodbye')).slice(-1)).toEqual(['goodbye server is stopping']);
    expect(await socket.closed).toBe(1001);
  });

  /** A client that never closes: it has shaken hands, and sends frames of its own making. */
  async function connectDeaf(): Promise<Socket> {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(
      'GET /sdk/v1/socket HTTP/1.1\r\nhost: x\r\nauthorization: sdk-1\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
        'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n',
    );
    await once(socket, 'data');
    await untilSubscribers(1);
    socket.resume();
    return socket;
  }

  function encodeMessage(report: object): Buffer {
    const content = Buffer.from(JSON.stringify(report));
    return Buffer.concat([
      Buffer.from([0x82, 0x80 | 126, content.length >> 8, content.length & 0xff, 0, 0, 0, 0]),
      content,
    ]);
  }

  test('of a key is the end also for whoever does not heed it: what it sends is not taken', async () => {
    const socket = await connectDeaf();
    const end = once(socket, 'end');
    socket.write(encodeMessage(hello('web-1')));
    await fleet.until('join web-1');
    channel.end('credential revoked');
    await end;
    socket.write(encodeMessage({ kind: 'events', id: 'late', events: [] }));
    socket.write(encodeMessage({ kind: 'acknowledgement', state: 'e1:9' }));
    socket.write(encodeMessage(hello('web-2')));
    // By the time that others have gone back and forth, the server has read that.
    for (let times = 0; times < 3; times++) await (await open()).until('payload-transferred');
    expect(recorded).toEqual([]);
    expect(fleet.told).toEqual(['join web-1 e1:2 by socket']);
    await platform.clock.advance(minute);
    await fleet.until('lost web-1');
    socket.destroy();
  });
});

describe('a client that breaks the protocol', () => {
  test('is cut off, and nobody else is', async () => {
    const [bad, good] = [await openAs('web-1'), await openAs('web-2')];
    // A client must mask what it sends.
    bad.webSocket.send('x', { mask: false });
    expect(await bad.closed).toBe(1002);
    await fleet.until('lost web-1');
    expect(malformed).toEqual([expect.stringContaining('MASK must be set')]);
    publish(3);
    expect(await eventsUntil(good, 'payload-transferred')).toEqual(['put-object c', 'payload-transferred e1:3']);
  });

  test('by a message above 64 MB is cut off before it has sent it', async () => {
    const bad = await openAs('web-1');
    bad.webSocket.send(Buffer.alloc(64 * 1024 * 1024 + 1, ' '));
    expect([1006, 1009]).toContain(await bad.closed);
    await fleet.until('lost web-1');
    expect(malformed).toEqual([expect.stringContaining('Max payload size exceeded')]);
  });
});

describe('a renewal', () => {
  test('is answered with its mark, how old what is known is by then, and how far the environment had come', async () => {
    const socket = await openAs('web-1');
    const asked = Promise.withResolvers<void>();
    confirmArrivals = async () => {
      await asked.promise;
      return { at: -300, states: { 'env-1': 'e1:7', other: 'e2:1' } };
    };
    socket.send({ kind: 'renewal', mark: 12.5 });
    await platform.clock.advance(200);
    asked.resolve();
    const [answer] = await socket.until('lease');
    expect(answer).toEqual({ event: 'lease', data: '{"mark":12.5,"ageMs":500,"state":"e1:7"}' });
  });

  test('is asked about only after the instance was told of, and is a sign of life', async () => {
    const socket = await open();
    await socket.until('payload-transferred');
    let toldBefore: readonly string[] = [];
    confirmArrivals = async () => {
      toldBefore = [...fleet.told];
      return { at: 0, states: { 'env-1': 'e1:2' } };
    };
    // Nobody waits for whoever has not said who it is.
    socket.send({ kind: 'renewal', mark: 1 });
    socket.send(hello('web-1'));
    socket.send({ kind: 'renewal', mark: 2 });
    expect((await socket.until('lease')).at(-1)?.data).toContain('"mark":2');
    expect(toldBefore).toEqual(['join web-1 e1:2 by socket']);
    for (let times = 0; times < 3; times++) {
      await platform.clock.advance(50_000);
      socket.send({ kind: 'renewal', mark: 3 });
      await socket.until('lease');
    }
    expect(channel.subscriberCount).toBe(1);
  });

  test.each<[string, DataPlaneHost['confirmArrivals']]>([
    ['nobody above can be asked', () => Promise.reject(new Error('the link is down'))],
    ['what is above does not serve the environment', async () => ({ at: 0, states: { other: 'e1:1' } })],
  ])('is not answered where %s', async (_, confirm) => {
    const socket = await openAs('web-1');
    confirmArrivals = confirm;
    socket.send({ kind: 'renewal', mark: 1 });
    socket.send({ kind: 'events', id: 'b-1', events: [] });
    expect((await socket.until('taken')).map(({ event }) => event)).not.toContain('lease');
    await settle();
    publish(3);
    expect((await socket.until('payload-transferred')).map(({ event }) => event)).not.toContain('lease');
  });
});
