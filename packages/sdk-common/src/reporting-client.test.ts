import { createFakeLog, createFakePlatform, type FakePlatform, flagOf, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { aroundAll, Client } from './client.ts';
import { dialSocket, dialStream } from './data/dial.ts';
import { createPollSource } from './data/poll-source.ts';
import { createStreamSource } from './data/stream-source.ts';
import { EventSender } from './events/event-sender.ts';
import { createPostReports } from './fleet/post-reports.ts';
import { Reporter } from './fleet/reporter.ts';

/** A client with all its ways to the server, over a network in the hands of the test. */

const options = { protocol: 'fdv2', baseUrl: 'http://server', headers: {}, firstRetryMs: 1000 } as const;

function create(): { platform: FakePlatform; client: Client } {
  const [platform, log] = [createFakePlatform(), createFakeLog()];
  const identity = { key: 'web-1', session: 's-1', sdk: 'sluice-test/1', about: {} };
  const reporter = new Reporter({ identity, post: createPostReports(options, platform) }, platform);
  const client = new Client(
    {
      sdkKey: 'key',
      surroundings: aroundAll({ context: undefined, ambient: [] }),
      hooks: [],
      reporter,
      telemetry: undefined,
      sources: [
        {
          origin: 'socket',
          create: (sink) =>
            createStreamSource(
              { ...options, dial: dialSocket(options, platform), firstByteMs: 10_000 },
              sink,
              platform,
            ),
        },
        {
          origin: 'stream',
          create: (sink) => createStreamSource({ ...options, dial: dialStream(options, platform) }, sink, platform),
        },
        { origin: 'poll', create: (sink) => createPollSource({ ...options, periodMs: 30_000 }, sink, platform) },
      ],
      cache: undefined,
      events: {
        capacity: 100,
        flushPeriodMs: 5000,
        contextCapacity: 100,
        contextPeriodMs: 300_000,
        allAttributesPrivate: false,
        privateAttributes: [],
        omitAnonymousContexts: false,
        migrationOperations: true,
        sender: new EventSender({ ...options, gzip: false, reporter, log }, platform),
      },
      bigSegments: undefined,
      log,
    },
    platform,
  );
  return { platform, client };
}

const invitation = 'event: fleet\ndata: {"delayMs":0,"spreadMs":100,"heartbeatMs":10000}\n\n';

function payload(version: number): string {
  const object = { version, kind: 'flag', key: 'flag', object: flagOf('flag', { version }) };
  return [
    'event: server-intent\ndata: {"payloads":[{"intentCode":"xfer-full"}]}\n\n',
    `event: put-object\ndata: ${JSON.stringify(object)}\n\n`,
    `event: payload-transferred\ndata: {"state":"e1:${version}"}\n\n`,
  ].join('');
}

/** What was sent by the last socket, as `kind state`. */
function sentBySocket({ sockets }: FakePlatform): readonly string[] {
  return sockets.last.sent.map(({ kind, state, running }) => [kind, state ?? running?.state].filter(Boolean).join(' '));
}

/** What was posted below a path, parsed. */
function posted({ http }: FakePlatform, path: string) {
  return http.exchanges
    .filter(({ request }) => request.method === 'POST' && request.url.endsWith(path))
    .map(({ request }) => JSON.parse(request.body ?? ''));
}

async function openSocket(platform: FakePlatform, text: string): Promise<void> {
  platform.sockets.last.open();
  platform.sockets.last.push(text);
  await settle();
}

describe('a client with a socket', () => {
  test('says who it is, what it runs, what it counted and goodbye by it, and needs no other connection', async () => {
    const { platform, client } = create();
    await settle();
    await openSocket(platform, invitation + payload(3));
    expect(client.status).toMatchObject({ state: 'live', origin: 'socket' });
    await platform.clock.advance(100);
    client.enabled('flag', { kind: 'user', key: 'ann' });
    const closing = client.close();
    await settle();
    const events = platform.sockets.last.sent.at(-1);
    expect(events.events.map(({ kind }: { kind: string }) => kind)).toContain('summary');
    platform.sockets.last.push(`event: taken\ndata: {"id":"${events.id}","status":202,"at":5}\n\n`);
    await closing;
    // What it leaves is told before it goes.
    const told = ['hello', 'acknowledgement e1:3', 'events', 'acknowledgement e1:3', 'goodbye'];
    expect(sentBySocket(platform)).toEqual(told);
    expect(platform.http.exchanges).toEqual([]);
    expect(platform.sockets.last.isAborted).toBe(true);
    expect(platform.clock.waiting).toEqual([]);
  });

  test('tells what its application refuses: with the payload, as soon as that changes, and until it is accepted', async () => {
    const { platform, client } = create();
    const reason = 'mode "cached" is not in this build';
    client.onChange('flag', () => {
      if (client.findFlag('flag')?.version === 4) client.refusals.refuse('flag', 4, reason);
      else client.refusals.accept('flag');
    });
    await settle();
    await openSocket(platform, invitation + payload(3));
    await platform.clock.advance(100);
    platform.sockets.last.push(payload(4));
    await platform.clock.advance(100);
    client.refusals.accept('flag');
    await platform.clock.advance(100);
    client.refusals.refuse('flag', 4, reason);
    await platform.clock.advance(100);
    platform.sockets.last.push(payload(5));
    await platform.clock.advance(100);
    const refused = [{ kind: 'flag', key: 'flag', version: 4, reason }];
    expect(platform.sockets.last.sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:3', heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', refused, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', refused, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:5', heldMs: 50 },
    ]);
    await client.close();
  });

  test('goes on telling by it when a stream that stood in for it ends before the socket has brought anything', async () => {
    const { platform, client } = create();
    await settle();
    platform.sockets.last.respond(503);
    await platform.clock.advance(10_000);
    expect(platform.http.last.request.url).toContain('/sdk/stream');
    // The server is busy: the payload waits for its turn, and the stream is turned away.
    await openSocket(platform, invitation);
    platform.http.last.respond(503);
    await settle();
    platform.sockets.last.push(payload(3));
    await settle();
    expect(client.status).toMatchObject({ state: 'live', origin: 'socket' });
    await platform.clock.advance(100);
    expect(sentBySocket(platform)).toEqual(['hello', 'acknowledgement e1:3']);
    await client.close();
  });
});

describe('a client whose socket does not get through', () => {
  test('takes a stream and posts what it runs, until a socket gets through', async () => {
    const { platform, client } = create();
    await settle();
    platform.sockets.last.respond(426);
    await settle();
    platform.http.last.open();
    platform.http.last.push(invitation + payload(3));
    await settle();
    expect(client.status).toMatchObject({ state: 'live', origin: 'stream' });
    await platform.clock.advance(100);
    expect(posted(platform, '/sdk/v1/reports')).toMatchObject([
      [{ kind: 'hello', connection: 1, via: 'stream', running: { state: 'e1:3' } }],
    ]);
    await platform.clock.advance(1000);
    await openSocket(platform, `${invitation}event: server-intent\ndata: {"payloads":[{"intentCode":"none"}]}\n\n`);
    expect(client.status).toMatchObject({ state: 'live', origin: 'socket' });
    expect(platform.sockets.last.request.url).toContain('basis=e1%3A3');
    expect(platform.sockets.last.sent).toMatchObject([{ kind: 'hello', connection: 2, via: 'socket' }]);
    expect(platform.http.exchanges[0]?.isAborted).toBe(true);
    await platform.clock.advance(10_000);
    expect(posted(platform, '/sdk/v1/reports')).toHaveLength(1);
    expect(sentBySocket(platform)).toEqual(['hello e1:3', 'acknowledgement e1:3']);
    await client.close();
  });

  test('posts its events', async () => {
    const { platform, client } = create();
    await settle();
    platform.sockets.last.respond(426);
    await settle();
    platform.http.last.open();
    platform.http.last.push(payload(3));
    await settle();
    client.enabled('flag', { kind: 'user', key: 'ann' });
    void client.flush();
    await settle();
    expect(posted(platform, '/bulk')).toHaveLength(1);
    platform.http.last.respond(202);
    await client.close();
  });
});
