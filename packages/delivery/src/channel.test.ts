import { createSseParser, type Payload, type SseEvent } from '@sluice/protocol';
import { buildPayload, buildTombstone, buildWireFlag, createFakeServerPlatform } from '@sluice/testkit';
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
