import { createFakePlatform, type FakeExchange, type FakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type DialOptions, dialSocket, dialStream } from './dial.ts';
import type { Send, Source, SourceFailure } from './source.ts';
import { createStreamSource } from './stream-source.ts';

interface Setting {
  readonly platform: FakePlatform;
  readonly source: Source;
  /** What the source told: `commit`, `confirm`, or a failure. */
  readonly told: (string | SourceFailure)[];
  readonly failures: SourceFailure[];
  state: string | undefined;
}

function start({
  protocol = 'fdv2',
  firstRetryMs = 1000,
}: Partial<DialOptions & { firstRetryMs: number }> = {}): Setting {
  const platform = createFakePlatform();
  const told: (string | SourceFailure)[] = [];
  const failures: SourceFailure[] = [];
  const setting: Omit<Setting, 'source'> = { platform, told, failures, state: undefined };
  const sink = {
    get state() {
      return setting.state;
    },
    commit: async () => void told.push('commit'),
    confirm: () => void told.push('confirm'),
    fail: (failure: SourceFailure) => {
      told.push(failure);
      failures.push(failure);
    },
    notice: () => undefined,
    line: (send: Send | undefined) => void told.push(send === undefined ? 'no line' : 'line'),
  };
  const dial = dialStream({ protocol, baseUrl: 'http://server', headers: { authorization: 'key' } }, platform);
  const source = createStreamSource({ protocol, dial, firstRetryMs }, sink, platform);
  source.start();
  return Object.assign(setting, { source });
}

const upToDate = 'event: server-intent\ndata: {"payloads":[{"intentCode":"none"}]}\n\n';

async function answer(exchange: FakeExchange, status: number, headers: Record<string, string> = {}): Promise<void> {
  exchange.respond(status, '', headers);
  await settle();
}

describe('a stream', () => {
  test('is asked for with our headers, and from where the client is', async () => {
    const setting = start();
    expect(setting.platform.http.last.request).toEqual({
      method: 'GET',
      url: 'http://server/sdk/stream',
      headers: { authorization: 'key', accept: 'text/event-stream', 'cache-control': 'no-cache' },
    });
    setting.state = 'a b&c';
    setting.platform.http.last.fail(new Error('broken'));
    await setting.platform.clock.advance(1000);
    expect(setting.platform.http.last.request.url).toBe('http://server/sdk/stream?basis=a%20b%26c');
  });

  test('of the first protocol has its own path and no basis', () => {
    const setting = start({ protocol: 'fdv1' });
    setting.state = 'a';
    expect(setting.platform.http.last.request.url).toBe('http://server/all');
  });

  test('is read however it is cut into chunks', async () => {
    const { platform, told } = start();
    platform.http.last.open();
    for (const character of `${upToDate}: a comment\n\n${upToDate}`) platform.http.last.push(character);
    await settle();
    expect(told).toEqual(['confirm', 'confirm']);
  });
});

test('a stream that ends takes no line away: it had none, and a socket that is open beside it may', async () => {
  const { platform, told } = start();
  platform.http.last.open();
  platform.http.last.push(upToDate);
  platform.http.last.end();
  await settle();
  expect(told).toEqual(['confirm', { kind: 'network', message: 'the server ended the connection' }]);
});

test('a long transfer gives way to other work', async () => {
  const { platform, told } = start();
  let turns = 0;
  let elapsed = 0;
  // Every look at the clock takes a while.
  platform.clock.elapsed = () => ++elapsed;
  platform.clock.turn = async () => void turns++;
  platform.http.last.open();
  platform.http.last.push(upToDate.repeat(100));
  await settle();
  expect(told).toHaveLength(100);
  expect(turns).toBeGreaterThan(5);
});

describe('the watchdog', () => {
  test('ends a stream that brings no byte for 45 seconds', async () => {
    const { platform, failures } = start();
    const { clock, http } = platform;
    http.last.open();
    await clock.advance(44_999);
    http.last.push(':\n\n');
    await clock.advance(44_999);
    expect(http.last.isAborted).toBe(false);
    http.last.push(':');
    await clock.advance(44_999);
    expect(http.last.isAborted).toBe(false);
    await clock.advance(1);
    expect(http.last.isAborted).toBe(true);
    expect(failures).toEqual([{ kind: 'silent', message: 'the connection brought nothing for 45 s' }]);
    await clock.advance(1000);
    expect(http.exchanges).toHaveLength(2);
  });

  test('ends a request that gets no answer', async () => {
    const { platform, failures } = start();
    await platform.clock.advance(45_000);
    expect(platform.http.exchanges[0]?.isAborted).toBe(true);
    expect(failures).toMatchObject([{ kind: 'silent' }]);
  });

  test('measures time that passed, not the time of day', async () => {
    const { platform, failures } = start();
    platform.http.last.open();
    platform.clock.setTimeOfDay(0);
    await platform.clock.advance(44_999);
    platform.clock.setTimeOfDay(4_000_000_000_000);
    await settle();
    expect(failures).toEqual([]);
  });
});

describe('the next attempt', () => {
  /** The delays before so many attempts, each ended by `end`. */
  async function collectDelays(platform: FakePlatform, count: number, end: () => void): Promise<number[]> {
    const delays: number[] = [];
    for (let attempt = 0; attempt < count; attempt++) {
      end();
      await settle();
      const [delay = -1] = platform.clock.waiting;
      delays.push(delay);
      await platform.clock.advance(delay);
    }
    return delays;
  }

  test('waits longer each time, up to 30 seconds', async () => {
    const { platform } = start();
    platform.randomValue = 0.999_999;
    const delays = await collectDelays(platform, 7, () => platform.http.last.fail(new Error('refused')));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(platform.http.exchanges).toHaveLength(8);
  });

  test('waits for as long as it was told to at first', async () => {
    const { platform } = start({ firstRetryMs: 10 });
    platform.randomValue = 0.999_999;
    expect(await collectDelays(platform, 3, () => platform.http.last.respond(503))).toEqual([10, 20, 40]);
  });

  test('waits shortly again only after a stream that lasted for a minute', async () => {
    const { platform } = start();
    const { clock, http } = platform;
    platform.randomValue = 0.999_999;
    async function lastFor(ms: number): Promise<number | undefined> {
      http.last.open();
      for (let passed = 0; passed < ms; passed += 20_000) {
        http.last.push(':\n\n');
        await clock.advance(Math.min(20_000, ms - passed));
      }
      http.last.end();
      await settle();
      const [delay = 0] = clock.waiting;
      await clock.advance(delay);
      return delay;
    }
    expect(await lastFor(59_999)).toBe(1000);
    expect(await lastFor(59_999)).toBe(2000);
    expect(await lastFor(60_000)).toBe(1000);
    expect(await lastFor(59_999)).toBe(2000);
  });

  test('waits for so long as the server asks', async () => {
    const { platform } = start();
    await answer(platform.http.last, 503, { 'retry-after': '120' });
    expect(platform.clock.waiting).toEqual([120_000]);
    await platform.clock.advance(120_000);
    await answer(platform.http.last, 503, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' });
    expect(platform.clock.waiting).toEqual([1000]);
  });

  test.each([401, 403, 404, 405, 410])('waits for minutes after a %i', async (status) => {
    const { platform, failures } = start();
    platform.randomValue = 0;
    await answer(platform.http.last, status);
    expect(failures).toMatchObject([{ kind: 'rejected', status }]);
    expect(platform.clock.waiting).toEqual([150_000]);
    await platform.clock.advance(150_000);
    platform.randomValue = 1;
    await answer(platform.http.last, status);
    expect(platform.clock.waiting).toEqual([300_000]);
  });

  test.each([204, 304, 400, 408, 429, 500, 503])('does not wait for minutes after a %i', async (status) => {
    const { platform, failures } = start();
    await answer(platform.http.last, status);
    expect(failures).toMatchObject([{ kind: 'status', status }]);
    expect(platform.clock.waiting).toEqual([500]);
  });

  test.each([
    ['what is malformed', 'event: server-intent\ndata: {sorry\n\n', 'refused'],
    ['a goodbye', 'event: goodbye\ndata: {"reason":"because"}\n\n', 'network'],
  ])('comes after %s, and what follows is not read', async (_, text, kind) => {
    const { platform, told } = start();
    platform.http.last.open();
    platform.http.last.push(`${text}${upToDate}`);
    await settle();
    expect(told).toMatchObject([{ kind }]);
    expect(platform.http.last.isAborted).toBe(true);
    expect(platform.clock.waiting).toEqual([500]);
  });
});

describe('closing', () => {
  test('ends the stream, and nothing comes after', async () => {
    const { platform, source } = start();
    platform.http.last.open();
    await settle();
    source.close();
    await settle();
    expect(platform.http.last.isAborted).toBe(true);
    expect(platform.clock.waiting).toEqual([]);
    await platform.clock.advance(1_000_000);
    expect(platform.http.exchanges).toHaveLength(1);
  });

  test('ends the waiting for the next attempt', async () => {
    const { platform, source } = start();
    await answer(platform.http.last, 503);
    source.close();
    expect(platform.clock.waiting).toEqual([]);
  });
});

describe('a socket', () => {
  interface SocketSetting {
    readonly platform: FakePlatform;
    readonly source: Source;
    /** What the source told, in words. */
    readonly told: string[];
    /** The line that was told last. */
    line: Send | undefined;
  }

  function open(options: { readonly firstByteMs?: number } = { firstByteMs: 10_000 }): SocketSetting {
    const platform = createFakePlatform();
    const setting: Omit<SocketSetting, 'source'> = { platform, told: [], line: undefined };
    const { told } = setting;
    const dial = dialSocket({ baseUrl: 'http://server', headers: { authorization: 'key' } }, platform);
    const source = createStreamSource(
      { protocol: 'fdv2', dial, firstRetryMs: 1000, ...options },
      {
        state: 'e1:3',
        commit: async ({ state }) => void told.push(`commit ${state}`),
        confirm: () => void told.push('confirm'),
        fail: ({ kind }) => void told.push(kind),
        notice: ({ event }) => void told.push(event),
        line: (send) => {
          setting.line = send;
          told.push(send === undefined ? 'no line' : 'line');
        },
      },
      platform,
    );
    source.start();
    return Object.assign(setting, { source });
  }

  const greeting = 'event: fleet\ndata: {"delayMs":0,"spreadMs":20,"heartbeatMs":10000}\n\n';

  test('brings what is in its text, and word about the connection, in order', async () => {
    const { platform, told } = open();
    expect(platform.sockets.last.request.url).toBe('ws://server/sdk/v1/socket?basis=e1%3A3');
    platform.sockets.last.open();
    platform.sockets.last.push(`${greeting}${upToDate}event: payload-transferred\ndata: {"state":"e1:4"}\n\n`);
    await settle();
    expect(told).toEqual(['line', 'fleet', 'confirm', 'commit e1:4']);
    expect(platform.http.exchanges).toEqual([]);
  });

  test('carries text from the moment that it is open until it ends', async () => {
    const setting = open();
    const { platform, told } = setting;
    platform.sockets.last.open();
    await settle();
    setting.line?.('{"kind":"probe"}');
    expect(platform.sockets.last.sent).toEqual([{ kind: 'probe' }]);
    platform.sockets.last.end();
    await settle();
    expect(told).toEqual(['line', 'no line', 'network']);
    expect(setting.line).toBeUndefined();
  });

  test('that was never open takes back no line: another connection may have one', async () => {
    const { platform, told } = open();
    platform.sockets.last.respond(503);
    await platform.clock.advance(1000);
    platform.sockets.last.fail(new Error('refused'));
    await settle();
    expect(told).toEqual(['status', 'network']);
  });

  test('has one line at a time, however often it is opened', async () => {
    const { platform, told } = open();
    for (let times = 0; times < 3; times++) {
      platform.sockets.last.open();
      platform.sockets.last.push(greeting);
      await settle();
      platform.sockets.last.fail(new Error('reset'));
      await platform.clock.advance(30_000);
    }
    expect(told.filter((word) => word.endsWith('line'))).toEqual(
      Array.from({ length: 3 }, () => ['line', 'no line']).flat(),
    );
    expect(platform.sockets.exchanges.every(({ isAborted }, at) => isAborted || at === 3)).toBe(true);
  });

  describe('whose first byte', () => {
    test('takes ten seconds does not get through', async () => {
      const { platform, told } = open();
      platform.sockets.last.open();
      await platform.clock.advance(9999);
      expect(platform.sockets.last.isAborted).toBe(false);
      await platform.clock.advance(1);
      expect(platform.sockets.exchanges[0]?.isAborted).toBe(true);
      expect(told).toEqual(['line', 'no line', 'unfit']);
    });

    test('comes in time may keep the next one waiting for 45 seconds', async () => {
      const { platform, told } = open();
      platform.sockets.last.open();
      await platform.clock.advance(9999);
      platform.sockets.last.push(':');
      await platform.clock.advance(44_999);
      expect(told).toEqual(['line']);
      await platform.clock.advance(1);
      expect(told).toEqual(['line', 'no line', 'silent']);
    });

    test('is waited for from when the socket is open', async () => {
      const { platform, told } = open();
      await platform.clock.advance(30_000);
      platform.sockets.last.open();
      await platform.clock.advance(9999);
      expect(told).toEqual(['line']);
      platform.sockets.last.push(greeting);
      await platform.clock.advance(44_999);
      expect(told).toEqual(['line', 'fleet']);
    });

    test('is waited for as any other when nothing else is asked for', async () => {
      const { platform, told } = open({});
      platform.sockets.last.open();
      await platform.clock.advance(44_999);
      expect(told).toEqual(['line']);
      await platform.clock.advance(1);
      expect(told).toEqual(['line', 'no line', 'silent']);
    });
  });

  test('whose wish is never answered is given up after 45 seconds', async () => {
    const { platform, told } = open();
    await platform.clock.advance(45_000);
    expect(platform.sockets.exchanges[0]?.isAborted).toBe(true);
    expect(told).toEqual(['silent']);
  });

  describe('that does not get through', () => {
    /** How long the source waits before the next attempt. */
    async function delayAfter(platform: FakePlatform, end: () => void): Promise<number> {
      end();
      await settle();
      const [delay = -1] = platform.clock.waiting;
      await platform.clock.advance(delay);
      return delay;
    }

    test('is tried again twice soon, and then every four to six minutes', async () => {
      const { platform, told } = open();
      platform.randomValue = 0.999_999;
      const refuse = () => platform.sockets.last.respond(426);
      const delays: number[] = [];
      for (let times = 0; times < 4; times++) delays.push(await delayAfter(platform, refuse));
      expect(delays.map(Math.round)).toEqual([1000, 2000, 360_000, 360_000]);
      platform.randomValue = 0;
      expect(await delayAfter(platform, refuse)).toBe(240_000);
      expect(told).toEqual(Array.from({ length: 5 }, () => 'unfit'));
      expect(platform.sockets.exchanges).toHaveLength(6);
    });

    test('for whatever reason counts alike', async () => {
      const { platform } = open();
      const ends = [
        () => platform.sockets.last.respond(200),
        () => platform.sockets.last.break(),
        () => platform.sockets.last.respond(501),
      ];
      const delays: number[] = [];
      for (const end of ends) delays.push(await delayAfter(platform, end));
      expect(delays).toEqual([500, 1000, 300_000]);
    });

    test('is tried soon again after one that did', async () => {
      const { platform } = open();
      for (let times = 0; times < 3; times++) await delayAfter(platform, () => platform.sockets.last.respond(426));
      platform.sockets.last.open();
      platform.sockets.last.push(':');
      expect(await delayAfter(platform, () => platform.sockets.last.end())).toBeLessThan(30_000);
      expect(await delayAfter(platform, () => platform.sockets.last.respond(426))).toBeLessThan(30_000);
      expect(await delayAfter(platform, () => platform.sockets.last.respond(426))).toBeLessThan(30_000);
      expect(await delayAfter(platform, () => platform.sockets.last.respond(426))).toBe(300_000);
    });

    test('is not tried soon again because it opened and brought nothing', async () => {
      const { platform, told } = open();
      for (let times = 0; times < 3; times++) {
        platform.sockets.last.open();
        await platform.clock.advance(10_000);
        if (times < 2) await platform.clock.advance(platform.clock.waiting[0] ?? 0);
      }
      expect(told.filter((word) => word === 'unfit')).toHaveLength(3);
      expect(platform.clock.waiting).toEqual([300_000]);
    });

    test('is tried again as late as the server asks, if that is later', async () => {
      const { platform } = open();
      expect(await delayAfter(platform, () => platform.sockets.last.respond(404, { 'retry-after': '60' }))).toBe(
        60_000,
      );
      await delayAfter(platform, () => platform.sockets.last.respond(404));
      expect(await delayAfter(platform, () => platform.sockets.last.respond(404, { 'retry-after': '60' }))).toBe(
        300_000,
      );
    });
  });

  test.each([
    [401, 'rejected', 225_000],
    [503, 'status', 500],
  ])('that is answered %i is %s, and tried again after %i ms', async (status, kind, delayMs) => {
    const { platform, told } = open();
    platform.sockets.last.respond(status);
    await settle();
    expect([told, platform.clock.waiting]).toEqual([[kind], [delayMs]]);
  });

  test('that brings what is malformed is closed', async () => {
    const { platform, told } = open();
    platform.sockets.last.open();
    platform.sockets.last.push(`${greeting}event: server-intent\ndata: {}\n\n${upToDate}`);
    await settle();
    expect(told).toEqual(['line', 'fleet', 'no line', 'refused']);
    expect(platform.sockets.last.isAborted).toBe(true);
  });

  describe('that is closed', () => {
    test.each<[string, (platform: FakePlatform) => void]>([
      ['before there is an answer', () => undefined],
      ['while it is open', ({ sockets }) => sockets.last.open()],
    ])('%s tells nothing more and opens nothing more', async (_, prepare) => {
      const { platform, source, told } = open();
      prepare(platform);
      await settle();
      told.length = 0;
      source.close();
      platform.sockets.last.open();
      await platform.clock.advance(1_000_000);
      expect(told).toEqual([]);
      expect(platform.sockets.exchanges).toHaveLength(1);
      expect(platform.sockets.last.isAborted).toBe(true);
      expect(platform.clock.waiting).toEqual([]);
    });

    test('while its answer is on the way gives no line', async () => {
      const { platform, source, told } = open();
      platform.sockets.last.open();
      source.close();
      await settle();
      expect(told).toEqual([]);
      expect(platform.sockets.last.isAborted).toBe(true);
    });
  });
});
