import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { LinkKeys, SdkKeyEntry } from '@sluice/protocol';
import { createFakeServerPlatform, type FakeServerPlatform, RecordingFleet, settle, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Channel } from './channel.ts';
import { type LinkHost, LinkServer, linkPath } from './link-server.ts';
import { createListener, listen } from './listener.ts';
import { Outflow } from './outflow.ts';

/** The upper end of links, on a real server; what it takes from its program is at hand. */

const sdkKey: SdkKeyEntry = { hash: 'hash-1', credentialId: 'credential-1', environmentId: 'env' };
const keys: LinkKeys = { environmentIds: ['env'], sdkKeys: [sdkKey], edgeKeys: [] };

let platform: FakeServerPlatform;
let fleet: RecordingFleet;
let channel: Channel;
let links: LinkServer;
let server: Server;
let port: number;
let counted: string[];
let used: string[];
let seen: [environmentId: string, contexts: readonly unknown[]][];
let listKeys: () => Promise<LinkKeys | undefined>;
let admitRelay: LinkHost['admitRelay'];
let confirmArrivals: LinkHost['confirmArrivals'];
const sockets: { terminate(): void }[] = [];

beforeEach(async () => {
  platform = createFakeServerPlatform();
  fleet = new RecordingFleet();
  channel = new Channel({ epoch: 'e1', version: 1, objects: [] }, new Outflow(platform));
  counted = [];
  seen = [];
  used = [];
  listKeys = async () => keys;
  admitRelay = async () => ({ credentialId: 'edge-1', name: 'fra' });
  const host: LinkHost = {
    path: [],
    admitRelay: (key) => admitRelay(key),
    findChannel: async () => channel,
    listKeys: () => listKeys(),
    findSdkKey: async (hash) => (hash === sdkKey.hash ? sdkKey : undefined),
    recordCounts: async (_, { id }) => void counted.push(id),
    recordContexts: (environmentId, contexts) => void seen.push([environmentId, contexts]),
    recordWindow: async (_, { session, sequence }) => {
      if (session === 'unkept') throw new Error('the database is gone');
      counted.push(`${session}/${sequence}`);
    },
    confirmArrivals: () => confirmArrivals(),
    noteUse: (credentialIds) => void used.push(...credentialIds),
    retryAfterSeconds: () => 1,
    logWarning: () => undefined,
    logError: () => undefined,
    logDebug: () => undefined,
  };
  links = new LinkServer(host, fleet, platform);
  server = createListener(
    { tlsCert: undefined, tlsKey: undefined },
    {
      request: (_, response) => void response.writeHead(404).end(),
      upgrade: (request, socket, head) => void links.handleUpgrade(request, socket, head),
    },
  );
  ({ port } = await listen(server, { host: '127.0.0.1', port: 0 }));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  links.close();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

interface TestRelay {
  readonly socket: WebSocket;
  readonly messages: readonly string[];
  send(message: object): void;
}

async function openRelay(session: string): Promise<TestRelay> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${linkPath}`, { headers: { authorization: 'edge-key' } });
  sockets.push(socket);
  socket.on('error', () => undefined);
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  await once(socket, 'open');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  send({ kind: 'hello', session, states: {} });
  return { socket, messages, send };
}

const arrival = {
  member: 1,
  key: 'web-1',
  session: 's-1',
  connection: 1,
  isForeign: false,
  sdk: 'test/1',
  via: 'socket',
  about: {},
  running: {},
};
const joined = { kind: 'joined', environmentId: 'env', arrivals: [arrival] };

/** A connection that does what no library does. */
async function openRaw(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push({ terminate: () => socket.destroy() });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    [
      `GET ${linkPath} HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Authorization: edge-key',
      '\r\n',
    ].join('\r\n'),
  );
  return socket;
}

function frame(message: object): Uint8Array {
  const content = Buffer.from(JSON.stringify(message));
  const head =
    content.length < 126
      ? Buffer.from([0x81, 0x80 | content.length])
      : Buffer.from([0x81, 0xfe, content.length >> 8, content.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), content]);
}

/** Time passes as it does: each second is looked at, and what comes of it happens. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await platform.clock.advance(1000);
    await settle();
  }
}

describe('whoever asks for a link', () => {
  test('and is gone before its key was looked up ends nothing but itself', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<'unknown'>();
    admitRelay = () => {
      asked.resolve();
      return answer.promise;
    };
    const socket = await openRaw();
    await asked.promise;
    socket.resetAndDestroy();
    await once(socket, 'close');
    await settle();
    answer.resolve('unknown');
    await settle();
    admitRelay = async () => ({ credentialId: 'edge-1', name: 'fra' });
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    expect(links.list()).toHaveLength(1);
  });
});

describe('a key that a relay asks about', () => {
  test('is answered when it is known what the relay may serve: it would be called nobody’s, else', async () => {
    const known = Promise.withResolvers<LinkKeys>();
    listKeys = () => known.promise;
    const relay = await openRelay('r-1');
    relay.send({ kind: 'lookup', id: 1, hash: sdkKey.hash });
    relay.send({ kind: 'lookup', id: 2, hash: 'nobody' });
    await settle();
    expect(relay.messages).toEqual([]);
    known.resolve(keys);
    const answers = () => relay.messages.filter((text) => text.includes('"found"'));
    await until(() => answers().length === 2);
    expect(answers().map((text) => JSON.parse(text))).toEqual([
      { kind: 'found', id: 1, key: sdkKey },
      { kind: 'found', id: 2 },
    ]);
  });

  test('of an environment that was made meanwhile is its', async () => {
    listKeys = async () => ({ ...keys, environmentIds: [] });
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    listKeys = async () => keys;
    relay.send({ kind: 'lookup', id: 1, hash: sdkKey.hash });
    await until(() => relay.messages.some((text) => text.includes('"found"')));
    expect(relay.messages.find((text) => text.includes('"found"'))).toContain(sdkKey.credentialId);
  });
});

describe('a relay that comes again', () => {
  test('gives up its link of before, also where that was not noticed: its instances are told of anew', async () => {
    const first = await openRelay('r-1');
    await until(() => first.messages.length > 0);
    first.send(joined);
    await fleet.until('join');
    const other = await openRelay('r-2');
    await until(() => other.messages.length > 0);
    const second = await openRelay('r-1');
    await until(() => second.messages.length > 0);
    second.send(joined);
    await until(() => fleet.told.length === 3);
    const join = 'join web-1 nothing by socket';
    expect(fleet.told).toEqual([join, 'lost web-1 after 0 ms', join]);
    await until(() => first.socket.readyState === WebSocket.CLOSED);
    expect(links.list()).toHaveLength(2);
  });
});

describe('counts of a relay', () => {
  test('of what it may not serve are not kept, and taken: it would send them for ever', async () => {
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    for (const environmentId of ['other', 'env'])
      relay.send({ kind: 'counted', id: `c-${environmentId}`, environmentId, agoMs: 0, counts: [] });
    const taken = () => relay.messages.filter((text) => text.includes('"taken"')).map((text) => JSON.parse(text).id);
    await until(() => taken().length === 2);
    expect([taken(), counted]).toEqual([['c-other', 'c-env'], ['c-env']]);
  });
});

test('contexts of a relay are taken in, but of what it may not serve', async () => {
  const relay = await openRelay('r-1');
  await until(() => relay.messages.length > 0);
  const contexts = [{ kind: 'user', key: 'ann' }];
  for (const environmentId of ['other', 'env']) relay.send({ kind: 'seen', environmentId, contexts });
  await until(() => seen.length > 0);
  expect(seen).toEqual([['env', contexts]]);
});

describe('a window of telemetry that a relay passes on', () => {
  const window = { kind: 'telemetry', environmentId: 'env', session: 's-1', sequence: 7, agoMs: 0, window: {} };

  test('is kept, and the relay is told so; one that is not kept is not spoken of', async () => {
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    relay.send({ ...window, id: 'w-1', session: 'unkept' });
    relay.send({ ...window, id: 'w-2' });
    await until(() => relay.messages.some((message) => message.includes('taken')));
    expect(relay.messages.filter((message) => message.includes('taken'))).toEqual(['{"kind":"taken","id":"w-2"}']);
    expect(counted).toEqual(['s-1/7']);
  });

  test('of an environment that it may not serve is not kept, and not to be sent again', async () => {
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    relay.send({ ...window, id: 'w-1', environmentId: 'other' });
    await until(() => relay.messages.some((message) => message.includes('taken')));
    expect(counted).toEqual([]);
  });
});

describe('what a relay says of keys', () => {
  test('is heard of those that it was told: the SDK keys are in use, and the edges connected while the link lasts', async () => {
    const edgeKeys = [{ hash: 'hash-2', credentialId: 'edge-2', name: 'ams', environmentIds: ['env'] }];
    listKeys = async () => ({ ...keys, edgeKeys });
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    expect([...links.edges]).toEqual(['edge-1']);
    relay.send({ kind: 'used', sdkKeys: ['credential-1', 'made-up'], edges: ['edge-2', 'made-up'] });
    await until(() => used.length > 0);
    expect([used, [...links.edges]]).toEqual([['credential-1'], ['edge-1', 'edge-2']]);
    relay.socket.terminate();
    await until(() => links.edges.size === 0);
  });

  test('of a worker names edges, and never the worker', async () => {
    admitRelay = async () => ({ credentialId: 'worker', name: undefined });
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    expect([links.list().length, links.edges.size]).toEqual([1, 0]);
  });
});

describe('a relay whose key was revoked', () => {
  test('is not heard any more, and is cut off when it does not leave', async () => {
    const socket = await openRaw();
    socket.resume();
    socket.write(frame({ kind: 'hello', session: 'r-1', states: {} }));
    await until(() => channel.subscriberCount === 1);
    const ended = once(socket, 'end');
    listKeys = async () => undefined;
    links.refreshKeys();
    await ended;
    socket.write(frame(joined));
    socket.write(frame({ kind: 'counted', id: 'c-1', environmentId: 'env', agoMs: 0, counts: [] }));
    await settle();
    const closed = once(socket, 'close');
    await pass(10);
    socket.end();
    await closed;
    expect([fleet.arrivals, counted, links.list()]).toEqual([[], [], []]);
  });
});

describe('a relay that never reads', () => {
  test('is cut off, however much it says itself', async () => {
    const socket = await openRaw();
    socket.pause();
    socket.write(frame({ kind: 'hello', session: 'r-1', states: {} }));
    await until(() => channel.subscriberCount === 1);
    const json = (version: number) => JSON.stringify({ key: 'f', version, data: 'x'.repeat(1_000_000) });
    for (let version = 2; version < 20; version++) {
      const object = { kind: 'flag' as const, key: 'f', version, json: json(version) };
      channel.apply({ epoch: 'e1', version, objects: [object] });
    }
    for (let beat = 0; beat < 12 && links.list().length > 0; beat++) {
      socket.write(frame({ kind: 'heartbeat' }));
      await pass(5);
    }
    expect(links.list()).toEqual([]);
    expect(channel.subscriberCount).toBe(0);
  });
});

describe('a relay that asks whether its instances are known', () => {
  const answersOf = ({ messages }: TestRelay): unknown[] =>
    messages.filter((text) => text.includes('"confirmed"')).map((text) => JSON.parse(text));

  test('is answered about all whom it told of before, with the environments that it serves', async () => {
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    let toldBefore: readonly string[] = [];
    confirmArrivals = async () => {
      toldBefore = [...fleet.told];
      return { at: platform.elapsed() - 700, states: { env: 'e1:4', other: 'e1:9' } };
    };
    relay.send(joined);
    relay.send({ kind: 'confirm', id: 8 });
    await until(() => answersOf(relay).length > 0);
    expect(answersOf(relay)).toEqual([{ kind: 'confirmed', id: 8, agoMs: 700, states: { env: 'e1:4' } }]);
    expect(toldBefore).toEqual(['join web-1 nothing by socket']);
  });

  test('hears nothing where that cannot be known', async () => {
    const relay = await openRelay('r-1');
    await until(() => relay.messages.length > 0);
    confirmArrivals = () => Promise.reject(new Error('the database is gone'));
    relay.send({ kind: 'confirm', id: 1 });
    relay.send({ kind: 'lookup', id: 2, hash: 'nobody' });
    await until(() => relay.messages.some((text) => text.includes('"found"')));
    await settle();
    expect(answersOf(relay)).toEqual([]);
  });
});
