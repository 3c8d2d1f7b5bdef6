import { createSseParser, type Payload, type SseEvent } from '@sluice/protocol';
import { buildPayload, buildTombstone, buildWireFlag, createFakeServerPlatform, FakeClock } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { Channel, Outflow, type StreamProtocol, type Subscriber } from './index.ts';

const outflow = new Outflow(createFakeServerPlatform());

/** A stream that keeps what it is sent. */
interface Recorder extends Subscriber {
  readonly frames: readonly Uint8Array[];
  readonly isEnded: boolean;
  /** What came since this was asked last, as `event` or `event key`. */
  take(): readonly string[];
}

function createRecorder({
  protocol = 'fdv2',
  ...rest
}: {
  protocol?: StreamProtocol;
  basis?: [epoch: string, version: number];
  credentialId?: string;
} = {}): Recorder {
  const frames: Uint8Array[] = [];
  let isEnded = false;
  let taken = 0;
  return {
    protocol,
    basis: rest.basis === undefined ? undefined : { epoch: rest.basis[0], version: rest.basis[1] },
    credentialId: rest.credentialId ?? 'key-1',
    send: (frame) => void frames.push(frame),
    end: () => {
      isEnded = true;
    },
    frames,
    get isEnded() {
      return isEnded;
    },
    take: () => {
      const events = frames.slice(taken).flatMap(parse);
      taken = frames.length;
      return events.map(summarise);
    },
  };
}

function parse(frame: Uint8Array): readonly SseEvent[] {
  return createSseParser().push(Buffer.from(frame).toString());
}

function summarise({ event, data }: SseEvent): string {
  const { key, path, state, payloads, reason } = JSON.parse(data);
  const what = key ?? (path === '/' ? undefined : path) ?? state ?? payloads?.[0].intentCode ?? reason;
  return what === undefined ? event : `${event} ${what}`;
}

/** A channel at version 3 with flags `a` and `b`. */
function createChannel(): Channel {
  return new Channel(buildPayload(buildWireFlag('a', 1), buildWireFlag('b', 3)), outflow);
}

function subscribe(channel: Channel, ...parts: Parameters<typeof createRecorder>): Recorder {
  const recorder = createRecorder(...parts);
  channel.subscribe(recorder);
  return recorder;
}

describe('a stream that opens', () => {
  test('gets everything over fdv1', () => {
    const [event] = parse(subscribe(createChannel(), { protocol: 'fdv1' }).frames[0] ?? new Uint8Array());
    expect(event?.event).toBe('put');
    expect(Object.keys(JSON.parse(event?.data ?? '').data.flags)).toEqual(['a', 'b']);
  });

  test.each<[string, [string, number] | undefined, readonly string[]]>([
    [
      'everything without a selector',
      undefined,
      ['server-intent xfer-full', 'put-object a', 'put-object b', 'payload-transferred e1:3'],
    ],
    [
      'everything with a selector of another epoch',
      ['e0', 3],
      ['server-intent xfer-full', 'put-object a', 'put-object b', 'payload-transferred e1:3'],
    ],
    [
      'what changed since its selector',
      ['e1', 2],
      ['server-intent xfer-changes', 'put-object b', 'payload-transferred e1:3'],
    ],
    ['word that it has everything', ['e1', 3], ['server-intent none']],
    ['nothing while it is ahead', ['e1', 4], []],
  ])('gets over fdv2 %s', (_, basis, events) => {
    expect(subscribe(createChannel(), basis === undefined ? {} : { basis }).take()).toEqual(events);
  });
});

describe('a change', () => {
  const update: Payload = { epoch: 'e1', version: 5, objects: [buildWireFlag('a', 5), buildTombstone('b', 5)] };

  test('goes to every stream, in its protocol', () => {
    const channel = createChannel();
    const [one, two] = [subscribe(channel, { protocol: 'fdv1' }), subscribe(channel)];
    one.take();
    two.take();
    channel.apply(update);
    expect(one.take()).toEqual(['patch /flags/a', 'delete /flags/b']);
    expect(two.take()).toEqual(['put-object a', 'delete-object b', 'payload-transferred e1:5']);
    expect(channel.selector).toEqual({ epoch: 'e1', version: 5 });
  });

  test('is encoded once, whoever gets it', () => {
    const channel = createChannel();
    let encodings = 0;
    const [plain] = update.objects;
    const watched = {
      kind: 'flag',
      key: 'a',
      version: 5,
      get json() {
        encodings++;
        return plain?.json;
      },
    } as const;
    const streams = Array.from({ length: 50 }, () => subscribe(channel));
    encodings = 0;
    channel.apply({ ...update, objects: [watched] });
    const frames = new Set(streams.map(({ frames: [, frame] }) => frame));
    expect(frames.size).toBe(1);
    // Once for the log, once or twice for the frame: not once for each stream.
    expect(encodings).toBeLessThanOrEqual(5);
  });

  test.each([10, 20_000])('costs the same among %i flags: the JSON of no other is looked at', (count) => {
    let looks = 0;
    const flags = Array.from({ length: count }, (_, at) => {
      const { json, ...flag } = buildWireFlag(`flag-${at}`, at + 1);
      return {
        ...flag,
        get json() {
          looks++;
          return json;
        },
      };
    });
    const channel = new Channel(buildPayload(...flags), outflow);
    const stream = subscribe(channel, { basis: ['e1', count] });
    looks = 0;
    channel.apply({ epoch: 'e1', version: count + 1, objects: [buildWireFlag('flag-3', count + 1)] });
    const late = subscribe(channel, { basis: ['e1', count] });
    channel.encodePoll({ epoch: 'e1', version: count });
    expect(looks).toBe(0);
    for (const { frames } of [stream, late]) expect(Buffer.from(frames.at(-1) ?? []).toString()).toContain('flag-3');
  });

  test('that says nothing over fdv1 has left for its clients, which have all there is', () => {
    const channel = createChannel();
    const passed: number[] = [];
    channel.subscribe({ ...createRecorder({ protocol: 'fdv1' }), pass: (version) => void passed.push(version) });
    channel.apply({ epoch: 'e1', version: 4, objects: [] });
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('c', 5)] });
    expect(passed).toEqual([4]);
  });

  test('says nothing over fdv1, and the new version over fdv2, when no object changed', () => {
    const channel = createChannel();
    const [one, two] = [subscribe(channel, { protocol: 'fdv1' }), subscribe(channel)];
    channel.apply({ epoch: 'e1', version: 4, objects: [] });
    expect(one.frames).toHaveLength(1);
    expect(two.take().slice(-1)).toEqual(['payload-transferred e1:4']);
  });

  test('that was heard already is nothing new', () => {
    const channel = createChannel();
    const stream = subscribe(channel);
    channel.apply({ epoch: 'e1', version: 3, objects: [buildWireFlag('a', 2)] });
    channel.apply({ epoch: 'e1', version: 2, objects: [buildWireFlag('a', 2)] });
    expect(stream.frames).toHaveLength(1);
    expect(channel.log.find('flag', 'a')?.version).toBe(1);
  });

  test('does not go to streams that left', () => {
    const channel = createChannel();
    const stream = subscribe(channel);
    channel.unsubscribe(stream);
    channel.apply(update);
    expect(stream.frames).toHaveLength(1);
    expect(channel.subscriberCount).toBe(0);
  });
});

describe('frames', () => {
  test('of the whole payload are encoded once until something changes', () => {
    const channel = createChannel();
    const first = (protocol: StreamProtocol) => subscribe(channel, { protocol }).frames[0];
    for (const protocol of ['fdv1', 'fdv2'] as const) expect(first(protocol)).toBe(first(protocol));
    expect(channel.encodeAll()).toBe(channel.encodeAll());
    expect(channel.encodePoll(undefined)).toBe(channel.encodePoll(undefined));
    const before = channel.encodeAll();
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('c', 4)] });
    expect(channel.encodeAll()).not.toBe(before);
    expect(Object.keys(JSON.parse(Buffer.from(channel.encodeAll()).toString()).flags)).toEqual(['a', 'b', 'c']);
  });
});

describe('a client that is ahead of the source', () => {
  test('hears nothing of changes until the source caught up, and then that it has everything', () => {
    const channel = createChannel();
    const stream = subscribe(channel, { basis: ['e1', 5] });
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('a', 4)] });
    expect(stream.take()).toEqual([]);
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('b', 5)] });
    expect(stream.take()).toEqual(['server-intent none']);
    channel.apply({ epoch: 'e1', version: 6, objects: [buildWireFlag('a', 6)] });
    expect(stream.take()).toEqual(['put-object a', 'payload-transferred e1:6']);
  });

  test('gets what it lacks when the source passes it at once', () => {
    const channel = createChannel();
    const stream = subscribe(channel, { basis: ['e1', 4] });
    channel.apply({ epoch: 'e1', version: 6, objects: [buildWireFlag('a', 4), buildWireFlag('b', 6)] });
    expect(stream.take()).toEqual(['server-intent xfer-changes', 'put-object b', 'payload-transferred e1:6']);
  });

  test('or may be, as it comes from another epoch, waits until the source knows that it is current', () => {
    let isCurrent = false;
    const channel = new Channel(buildPayload(buildWireFlag('a', 1)), outflow, () => isCurrent);
    const [client, nobody] = [subscribe(channel, { basis: ['e2', 1_000_003] }), subscribe(channel)];
    const poll = () => Buffer.from(channel.encodePoll({ epoch: 'e2', version: 1_000_003 })).toString();
    expect(client.take()).toEqual([]);
    expect(nobody.take()).toContain('server-intent xfer-full');
    expect(poll()).toContain('"none"');
    isCurrent = true;
    channel.confirm();
    expect(client.take()).toContain('server-intent xfer-full');
    expect(nobody.take()).toEqual([]);
    expect(poll()).toContain('"xfer-full"');
  });

  test('is told by a poll to keep what it has', () => {
    const body = JSON.parse(Buffer.from(createChannel().encodePoll({ epoch: 'e1', version: 9 })).toString());
    expect(body.events).toHaveLength(1);
    expect(body.events[0].data.payloads[0].intentCode).toBe('none');
  });
});

describe('a new epoch', () => {
  test('replaces everything, for every stream, also one that waited', () => {
    const channel = createChannel();
    const [one, two, ahead] = [
      subscribe(channel, { protocol: 'fdv1' }),
      subscribe(channel),
      subscribe(channel, { basis: ['e1', 9] }),
    ];
    one.take();
    two.take();
    channel.apply({ epoch: 'e2', version: 1_000_003, objects: [buildWireFlag('c', 1_000_003)] });
    expect(one.take()).toEqual(['put']);
    const everything = ['server-intent xfer-full', 'put-object c', 'payload-transferred e2:1000003'];
    expect(two.take()).toEqual(everything);
    expect(ahead.take()).toEqual(everything);
    expect(channel.log.find('flag', 'a')).toBeUndefined();
    channel.apply({ epoch: 'e2', version: 1_000_004, objects: [buildWireFlag('d', 1_000_004)] });
    expect(ahead.take()).toEqual(['put-object d', 'payload-transferred e2:1000004']);
  });

  test('replaces what a client was sent meanwhile, also where it came with the very state of the new one', () => {
    const channel = createChannel();
    const client = subscribe(channel, { basis: ['e2', 1_000_003] });
    expect(client.take()).toContain('server-intent xfer-full');
    channel.apply({ epoch: 'e2', version: 1_000_003, objects: [buildWireFlag('c', 1_000_003)] });
    expect(client.take()).toEqual(['server-intent xfer-full', 'put-object c', 'payload-transferred e2:1000003']);
  });
});

describe('a poll', () => {
  test('over fdv2 is full, a delta by selector, or word that there is nothing', () => {
    const channel = createChannel();
    const poll = (basis?: { epoch: string; version: number }) =>
      JSON.parse(Buffer.from(channel.encodePoll(basis)).toString()).events.map(
        ({ event, data }: { event: string; data: unknown }) => summarise({ event, data: JSON.stringify(data) }),
      );
    expect(poll()).toEqual(['server-intent xfer-full', 'put-object a', 'put-object b', 'payload-transferred e1:3']);
    expect(poll({ epoch: 'e1', version: 1 })).toEqual([
      'server-intent xfer-changes',
      'put-object b',
      'payload-transferred e1:3',
    ]);
    expect(poll({ epoch: 'e1', version: 3 })).toEqual(['server-intent none']);
    expect(poll({ epoch: 'e0', version: 3 })[0]).toBe('server-intent xfer-full');
  });

  test('tells what was deleted since the selector', () => {
    const channel = createChannel();
    channel.apply({ epoch: 'e1', version: 4, objects: [buildTombstone('a', 4)] });
    expect(Buffer.from(channel.encodePoll({ epoch: 'e1', version: 3 })).toString()).toContain('"delete-object"');
    expect(Buffer.from(channel.encodePoll(undefined)).toString()).not.toContain('"delete-object"');
  });
});

describe('ending streams', () => {
  test('says goodbye over fdv2 and nothing over fdv1, and forgets them', () => {
    const channel = createChannel();
    const [one, two] = [subscribe(channel, { protocol: 'fdv1' }), subscribe(channel)];
    one.take();
    two.take();
    channel.end('server is stopping');
    expect(one.take()).toEqual([]);
    expect(two.take()).toEqual(['goodbye server is stopping']);
    expect([one.isEnded, two.isEnded, channel.subscriberCount]).toEqual([true, true, 0]);
  });

  test('ends only those that are picked', () => {
    const channel = createChannel();
    const [revoked, other] = [
      subscribe(channel, { credentialId: 'key-1' }),
      subscribe(channel, { credentialId: 'key-2' }),
    ];
    channel.end('credential revoked', [revoked]);
    expect([revoked.isEnded, other.isEnded]).toEqual([true, false]);
  });
});

/** The content of WebSocket messages, as RFC 6455 frames what a server sends. */
function unframe(bytes: Uint8Array): string {
  const view = Buffer.from(bytes);
  let content = '';
  for (let at = 0; at < view.length; ) {
    expect(view[at]).toBe(0x82);
    const short = view[at + 1] ?? 0;
    const [start, length] = short < 126 ? [at + 2, short] : [at + 4, view.readUInt16BE(at + 2)];
    content += view.subarray(start, start + length).toString();
    at = start + length;
  }
  return content;
}

describe('over a socket', () => {
  test('goes what goes over fdv2, with other frames around it', () => {
    const channel = createChannel();
    const [stream, socket] = [subscribe(channel), subscribe(channel, { protocol: 'socket' })];
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('a', 5), buildTombstone('b', 5)] });
    channel.apply({ epoch: 'e1', version: 6, objects: [] });
    channel.apply({ epoch: 'e2', version: 1, objects: [buildWireFlag('c', 1)] });
    channel.end('because');
    expect(stream.frames).toHaveLength(5);
    expect(socket.frames.map(unframe)).toEqual(stream.frames.map((frame) => Buffer.from(frame).toString()));
    expect(socket.isEnded).toBe(true);
  });

  test.each<[string, [string, number], string]>([
    ['what changed', ['e1', 2], 'xfer-changes'],
    ['word that all is there', ['e1', 3], '"none"'],
    ['everything', ['e0', 3], 'xfer-full'],
  ])('goes to a client by its selector: %s', (_, basis, intent) => {
    const { frames } = subscribe(createChannel(), { protocol: 'socket', basis });
    expect(frames.map(unframe).join()).toContain(intent);
  });

  test('goes one and the same frame to all', () => {
    const channel = createChannel();
    const sockets = Array.from({ length: 50 }, () => subscribe(channel, { protocol: 'socket' }));
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('a', 4)] });
    for (const at of [0, 1]) expect(new Set(sockets.map(({ frames }) => frames[at])).size).toBe(1);
  });
});

describe('an event that is not about flags', () => {
  const probe: SseEvent = { event: 'probe', data: '{"key":"p-1"}' };

  test('goes to those sockets that are picked', () => {
    const channel = createChannel();
    const protocols = ['fdv1', 'fdv2', 'socket', 'socket'] as const;
    const streams = protocols.map((protocol) => subscribe(channel, { protocol }));
    const before = streams.map(({ frames }) => frames.length);
    const picks = [false, true];
    channel.tell(probe, () => picks.shift() === true);
    expect(streams.map(({ frames }, at) => frames.length - (before[at] ?? 0))).toEqual([0, 0, 0, 1]);
    expect(unframe(streams[3]?.frames.at(-1) ?? Buffer.alloc(0))).toContain('event: probe\ndata: {"key":"p-1"}');
    expect(picks).toEqual([]);
  });

  test('goes also to a client that is ahead, and alters nothing about what it gets', () => {
    const channel = createChannel();
    const { frames } = subscribe(channel, { protocol: 'socket', basis: ['e1', 4] });
    channel.tell(probe, () => true);
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('a', 5)] });
    expect(
      frames
        .map(unframe)
        .join('')
        .match(/(?<=event: ).*/g),
    ).toEqual(['probe', 'server-intent', 'put-object', 'payload-transferred']);
  });
});

/** A channel whose deliveries the test lets go on, turn by turn. */
function createSlowChannel(flagBytes: number): {
  readonly channel: Channel;
  readonly clock: FakeClock;
  /** Goes through all turns that wait. */
  readonly goOn: () => void;
} {
  const [clock, works]: [FakeClock, (() => void)[]] = [new FakeClock(), []];
  const slow = new Outflow({
    later: (work) => void works.push(work),
    after: (delayMs, work) => clock.after(delayMs, work),
  });
  const json = JSON.stringify({ key: 'a', version: 3, salt: 'x'.repeat(flagBytes) });
  const channel = new Channel(buildPayload(buildWireFlag('a', 3, json)), slow);
  return {
    channel,
    clock,
    goOn: () => {
      for (let work = works.shift(); work !== undefined; work = works.shift()) work();
    },
  };
}

describe('many streams', () => {
  test('get changes slice by slice, each stream in order', () => {
    const { channel, goOn } = createSlowChannel(10);
    const streams = Array.from({ length: 600 }, () => subscribe(channel));
    for (const stream of streams) stream.take();
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('b', 4)] });
    expect(streams.filter(({ frames }) => frames.length === 2)).toHaveLength(256);
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('c', 5)] });
    goOn();
    const both = ['put-object b', 'payload-transferred e1:4', 'put-object c', 'payload-transferred e1:5'];
    for (const stream of streams) expect(stream.take()).toEqual(both);
  });

  test('that come or go in the middle of it get nothing twice, and nothing too little', () => {
    const { channel, goOn } = createSlowChannel(10);
    const streams = Array.from({ length: 600 }, () => subscribe(channel));
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('b', 4)] });
    const fresh = subscribe(channel);
    const resumed = subscribe(channel, { basis: ['e1', 3] });
    const ahead = subscribe(channel, { basis: ['e1', 5] });
    const [leaving] = streams.slice(-1);
    if (leaving !== undefined) channel.unsubscribe(leaving);
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('c', 5)] });
    goOn();
    const change = ['put-object c', 'payload-transferred e1:5'];
    expect(fresh.take()).toEqual([
      'server-intent xfer-full',
      'put-object a',
      'put-object b',
      'payload-transferred e1:4',
      ...change,
    ]);
    expect(resumed.take()).toEqual([
      'server-intent xfer-changes',
      'put-object b',
      'payload-transferred e1:4',
      ...change,
    ]);
    expect(ahead.take()).toEqual(['server-intent none']);
    expect(leaving?.frames).toHaveLength(1);
  });

  test('get a new epoch in its place among the changes', () => {
    const { channel, goOn } = createSlowChannel(10);
    const streams = Array.from({ length: 600 }, () => subscribe(channel));
    for (const stream of streams) stream.take();
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('b', 4)] });
    channel.apply({ epoch: 'e2', version: 1_000_004, objects: [buildWireFlag('c', 1_000_004)] });
    channel.apply({ epoch: 'e2', version: 1_000_005, objects: [buildWireFlag('d', 1_000_005)] });
    goOn();
    for (const stream of streams) {
      const last = stream.take().slice(-4);
      // Whoever got the epoch late got the change after it with it.
      expect(last.at(-1)).toBe('payload-transferred e2:1000005');
      expect(last).toContain('put-object d');
    }
  });
});

describe('large payloads', () => {
  /** A stream that takes in what it is sent when the test says so. */
  function createSlowReader(basis?: [string, number]) {
    const recorder = createRecorder(basis === undefined ? {} : { basis });
    const versions: number[] = [];
    const waiting: (() => void)[] = [];
    return {
      ...recorder,
      get isEnded() {
        return recorder.isEnded;
      },
      versions,
      send: (frame: Uint8Array, version: number, onLeft: () => void = () => undefined) => {
        recorder.send(frame, version);
        versions.push(version);
        waiting.push(onLeft);
      },
      /** Takes in what was sent first. */
      left: () => waiting.shift()?.(),
    };
  }

  const twentyMb = 20_000_000;

  test('leave for so many clients at once, and for the next when one has left', () => {
    const { channel } = createSlowChannel(twentyMb);
    const readers = Array.from({ length: 5 }, () => createSlowReader());
    for (const reader of readers) channel.subscribe(reader);
    expect(readers.map(({ versions }) => versions)).toEqual([[3], [3], [3], [], []]);
    readers[1]?.left();
    expect(readers.map(({ versions }) => versions)).toEqual([[3], [3], [3], [3], []]);
  });

  test('contain what changed while a client waited, and nothing comes twice', () => {
    const { channel, goOn } = createSlowChannel(twentyMb);
    const readers = Array.from({ length: 4 }, () => createSlowReader());
    for (const reader of readers) channel.subscribe(reader);
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('b', 4)] });
    goOn();
    expect(readers.map(({ versions }) => versions)).toEqual([[3, 4], [3, 4], [3, 4], []]);
    readers[0]?.left();
    channel.apply({ epoch: 'e1', version: 5, objects: [buildWireFlag('c', 5)] });
    goOn();
    const [, , , last] = readers;
    expect(last?.versions).toEqual([4, 5]);
    expect(last?.take()).toEqual([
      'server-intent xfer-full',
      'put-object a',
      'put-object b',
      'payload-transferred e1:4',
      'put-object c',
      'payload-transferred e1:5',
    ]);
  });

  test('are those of the new epoch when that came while a client waited', () => {
    const { channel, goOn } = createSlowChannel(twentyMb);
    const readers = Array.from({ length: 4 }, () => createSlowReader());
    for (const reader of readers) channel.subscribe(reader);
    channel.apply({ epoch: 'e2', version: 1_000_004, objects: [buildWireFlag('b', 1_000_004)] });
    goOn();
    expect(readers.map(({ versions }) => versions)).toEqual([[3, 1_000_004], [3, 1_000_004], [3, 1_000_004], []]);
    readers[0]?.left();
    expect(readers[3]?.take()).toEqual(['server-intent xfer-full', 'put-object b', 'payload-transferred e2:1000004']);
  });

  test('are not sent to clients that left while they waited, and hold nobody up', () => {
    const { channel } = createSlowChannel(twentyMb);
    const readers = Array.from({ length: 6 }, () => createSlowReader());
    for (const reader of readers) channel.subscribe(reader);
    const [first, , , waiting] = readers;
    if (waiting !== undefined) channel.unsubscribe(waiting);
    // Whoever leaves in the middle makes room.
    if (first !== undefined) channel.unsubscribe(first);
    expect(readers.map(({ versions }) => versions.length)).toEqual([1, 1, 1, 0, 1, 0]);
    channel.end('server is stopping');
    expect(readers.map(({ isEnded }) => isEnded)).toEqual([false, true, true, false, true, true]);
    expect(readers[5]?.take()).toEqual(['goodbye server is stopping']);
  });

  test('do not wait longer than two seconds for a client that does not read', async () => {
    const { channel, clock } = createSlowChannel(twentyMb);
    const readers = Array.from({ length: 4 }, () => createSlowReader());
    for (const reader of readers) channel.subscribe(reader);
    await clock.advance(1999);
    expect(readers[3]?.versions).toEqual([]);
    await clock.advance(1);
    expect(readers[3]?.versions).toEqual([3]);
  });

  test('do not hold up those who lack little', () => {
    const { channel, goOn } = createSlowChannel(twentyMb);
    for (let at = 0; at < 5; at++) channel.subscribe(createSlowReader());
    channel.apply({ epoch: 'e1', version: 4, objects: [buildWireFlag('b', 4)] });
    goOn();
    const resumed = createSlowReader(['e1', 3]);
    channel.subscribe(resumed);
    expect(resumed.take()).toEqual(['server-intent xfer-changes', 'put-object b', 'payload-transferred e1:4']);
  });
});
