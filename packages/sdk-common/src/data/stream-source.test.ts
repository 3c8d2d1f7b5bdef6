import { createFakePlatform, type FakeExchange, type FakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type DialOptions, dialStream } from './dial.ts';
import type { Source, SourceFailure } from './source.ts';
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
    line: () => undefined,
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
