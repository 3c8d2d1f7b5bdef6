import { createFakePlatform, type FakePlatform, flagOf, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { createPollSource, type PollOptions } from './poll-source.ts';
import type { Source, SourceFailure } from './source.ts';

interface Setting {
  readonly platform: FakePlatform;
  readonly source: Source;
  readonly told: (string | SourceFailure)[];
  state: string | undefined;
}

function start(options: Partial<PollOptions> = {}): Setting {
  const platform = createFakePlatform();
  const told: (string | SourceFailure)[] = [];
  const setting: Omit<Setting, 'source'> = { platform, told, state: undefined };
  const sink = {
    get state() {
      return setting.state;
    },
    commit: async () => void told.push('commit'),
    confirm: () => void told.push('confirm'),
    fail: (failure: SourceFailure) => void told.push(failure),
    notice: () => undefined,
    line: () => undefined,
  };
  const source = createPollSource(
    { protocol: 'fdv1', baseUrl: 'http://server', headers: { authorization: 'key' }, periodMs: 30_000, ...options },
    sink,
    platform,
  );
  source.start();
  return Object.assign(setting, { source });
}

const body = JSON.stringify({ flags: { flag: flagOf('flag') }, segments: {} });

async function respond({ platform }: Setting, ...answer: Parameters<FakePlatform['http']['last']['respond']>) {
  platform.http.last.respond(...answer);
  await settle();
}

describe('a poll', () => {
  test('asks for packed answers, with our headers', () => {
    const { platform } = start();
    expect(platform.http.last.request).toEqual({
      method: 'GET',
      url: 'http://server/sdk/latest-all',
      headers: { authorization: 'key', 'accept-encoding': 'gzip' },
    });
  });

  test('comes once a period, sooner or later by a tenth', async () => {
    const setting = start();
    const { platform } = setting;
    for (const [random, delay] of [
      [0, 27_000],
      [0.5, 30_000],
      [1, 33_000],
    ] as const) {
      platform.randomValue = random;
      await respond(setting, 200, body);
      expect(platform.clock.waiting).toEqual([delay]);
      await platform.clock.advance(delay);
    }
    expect(setting.told).toEqual(['commit', 'commit', 'commit']);
    expect(platform.http.exchanges).toHaveLength(4);
  });

  test('names the answer that it has, as long as it asks for the same', async () => {
    const setting = start({ protocol: 'fdv2' });
    const { platform } = setting;
    const none = JSON.stringify({ events: [{ event: 'server-intent', data: { payloads: [{ intentCode: 'none' }] } }] });
    await respond(setting, 200, none, { etag: '"one"' });
    await platform.clock.advance(30_000);
    expect(platform.http.last.request.headers['if-none-match']).toBe('"one"');
    await respond(setting, 304);
    expect(setting.told).toEqual(['confirm', 'confirm']);
    setting.state = 'a b';
    await platform.clock.advance(30_000);
    expect(platform.http.last.request.url).toBe('http://server/sdk/poll?basis=a%20b');
    expect(platform.http.last.request.headers).not.toHaveProperty('if-none-match');
  });

  test('does not name an answer that it could not use', async () => {
    const setting = start();
    await respond(setting, 200, '{sorry', { etag: '"one"' });
    await setting.platform.clock.advance(30_000);
    expect(setting.platform.http.last.request.headers).not.toHaveProperty('if-none-match');
    expect(setting.told).toMatchObject([{ kind: 'refused' }]);
  });

  test('is given up after a minute without an answer, and the next one comes', async () => {
    const setting = start();
    const { clock, http } = setting.platform;
    await clock.advance(59_999);
    expect(http.last.isAborted).toBe(false);
    await clock.advance(1);
    expect(http.last.isAborted).toBe(true);
    expect(setting.told).toEqual([{ kind: 'network', message: 'no answer within 60 s' }]);
    await clock.advance(30_000);
    expect(http.exchanges).toHaveLength(2);
  });

  test.each([
    [503, 'status', 30_000],
    [400, 'status', 30_000],
    [204, 'status', 30_000],
    [401, 'rejected', 300_000],
    [404, 'rejected', 300_000],
  ])('after a %i fails by %s, and waits %i ms', async (status, kind, delay) => {
    const setting = start();
    await respond(setting, status);
    expect(setting.told).toMatchObject([{ kind, status }]);
    expect(setting.platform.clock.waiting).toEqual([delay]);
  });

  test('waits for so long as the server asks, but not shorter than usual', async () => {
    const setting = start();
    await respond(setting, 503, '', { 'retry-after': '120' });
    expect(setting.platform.clock.waiting).toEqual([120_000]);
    await setting.platform.clock.advance(120_000);
    await respond(setting, 503, '', { 'retry-after': '1' });
    expect(setting.platform.clock.waiting).toEqual([30_000]);
  });

  test('without a complete transfer brings nothing', async () => {
    const setting = start({ protocol: 'fdv2' });
    await respond(setting, 200, '{"events":[]}');
    expect(setting.told).toEqual([{ kind: 'refused', message: 'the poll brought no complete transfer' }]);
  });

  test('of a long transfer gives way to other work', async () => {
    const setting = start({ protocol: 'fdv2' });
    let turns = 0;
    let elapsed = 0;
    // Every look at the clock takes a while.
    setting.platform.clock.elapsed = () => ++elapsed;
    setting.platform.clock.turn = async () => void turns++;
    const intent = { event: 'server-intent', data: { payloads: [{ intentCode: 'none' }] } };
    await respond(setting, 200, JSON.stringify({ events: Array.from({ length: 100 }, () => intent) }));
    expect(setting.told).toHaveLength(100);
    expect(turns).toBeGreaterThan(5);
  });

  test('after closing is none', async () => {
    const setting = start();
    setting.source.close();
    await settle();
    expect(setting.platform.http.last.isAborted).toBe(true);
    expect(setting.platform.clock.waiting).toEqual([]);
    const waiting = start();
    await respond(waiting, 200, body);
    waiting.source.close();
    expect(waiting.platform.clock.waiting).toEqual([]);
  });
});
