import { createFakeLog, createFakePlatform, type FakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { BigSegmentCache, type BigSegmentOptions } from './big-segments.ts';

interface Setting {
  readonly platform: FakePlatform;
  readonly cache: BigSegmentCache;
  /** What the store was asked: hashes, and `metadata`. */
  readonly asked: string[];
  /** What the store says; an error makes it fail. */
  lastUpToDate: number | Error | undefined;
  memberships: Record<string, Record<string, boolean>> | Error;
  /** Set: answers to queries wait for it. */
  gate: Promise<void> | undefined;
}

function create(options: Partial<BigSegmentOptions> = {}): Setting {
  const platform = createFakePlatform();
  const setting: Omit<Setting, 'cache'> = {
    platform,
    asked: [],
    lastUpToDate: platform.clock.now(),
    memberships: {},
    gate: undefined,
  };
  const store = {
    getMetadata: async () => {
      setting.asked.push('metadata');
      if (setting.lastUpToDate instanceof Error) throw setting.lastUpToDate;
      return setting.lastUpToDate === undefined ? undefined : { lastUpToDate: setting.lastUpToDate };
    },
    getMembership: async (hash: string) => {
      setting.asked.push(hash);
      await setting.gate;
      if (setting.memberships instanceof Error) throw setting.memberships;
      return setting.memberships[hash];
    },
  };
  const cache = new BigSegmentCache(
    { store, cacheSize: 2, cacheMs: 5000, statusPeriodMs: 5000, staleAfterMs: 120_000, ...options },
    platform,
    createFakeLog(),
  );
  return Object.assign(setting, { cache });
}

const hashOf = (key: string): string => createFakePlatform().hash.sha256Base64(key);

describe('preparing', () => {
  test('loads what is asked for, and only that', async () => {
    const setting = create();
    setting.memberships = { [hashOf('ann')]: { 'big.g1': true } };
    await setting.cache.prepare((bigSegments) => {
      bigSegments.find('ann');
      bigSegments.find('ann');
    });
    expect(setting.asked).toEqual(['metadata', hashOf('ann')]);
    expect(setting.cache.find('ann')).toEqual({ status: 'HEALTHY', membership: { 'big.g1': true } });
    expect(setting.cache.find('bob')).toEqual({ status: 'STORE_ERROR', membership: {} });
    await setting.cache.prepare(() => undefined);
    expect(setting.asked).toHaveLength(2);
  });

  test('loads what the first membership leads to', async () => {
    const setting = create();
    setting.memberships = { [hashOf('ann')]: { 'big.g1': false } };
    await setting.cache.prepare((bigSegments) => {
      if (bigSegments.find('ann').membership['big.g1'] === false) bigSegments.find('bob');
    });
    expect(setting.asked).toEqual(['metadata', hashOf('ann'), hashOf('bob')]);
  });

  test('ends even when nothing stays for any time, or too many are asked for', async () => {
    const setting = create({ cacheMs: 0 });
    await setting.cache.prepare((bigSegments) => void bigSegments.find('ann'));
    expect(setting.asked).toHaveLength(2);
    const small = create({ cacheSize: 1 });
    await small.cache.prepare((bigSegments) => ['a', 'b', 'c'].map((key) => bigSegments.find(key)));
    expect(small.asked).toEqual(['metadata', hashOf('a'), hashOf('b'), hashOf('c')]);
  });

  test('shares a query with whoever prepares the same at the same time', async () => {
    const setting = create();
    const { promise, resolve } = Promise.withResolvers<void>();
    setting.gate = promise;
    const prepare = () => setting.cache.prepare((bigSegments) => void bigSegments.find('ann'));
    await setting.cache.readStatus();
    const both = Promise.all([prepare(), prepare()]);
    await settle();
    resolve();
    await both;
    expect(setting.asked).toEqual(['metadata', hashOf('ann')]);
  });
});

describe('a membership', () => {
  const load = (setting: Setting, key: string) => setting.cache.prepare((bigSegments) => void bigSegments.find(key));

  test('is kept for so long as was said, by a clock that never goes back', async () => {
    const setting = create();
    await load(setting, 'ann');
    setting.platform.clock.setTimeOfDay(0);
    await setting.platform.clock.advance(4999);
    expect(setting.cache.find('ann').status).not.toBe('STORE_ERROR');
    await setting.platform.clock.advance(1);
    expect(setting.cache.find('ann').status).toBe('STORE_ERROR');
  });

  test('is unknown while the store fails, and known when it works again', async () => {
    const setting = create();
    setting.memberships = new Error('broken');
    await load(setting, 'ann');
    expect(setting.cache.find('ann').status).toBe('STORE_ERROR');
    setting.memberships = { [hashOf('ann')]: { 'big.g1': true } };
    await load(setting, 'ann');
    expect(setting.cache.find('ann').status).toBe('STORE_ERROR');
    await setting.platform.clock.advance(5000);
    await load(setting, 'ann');
    expect(setting.cache.find('ann').status).toBe('HEALTHY');
  });

  test('that was loaded again is not the first to be forgotten', async () => {
    const setting = create();
    await load(setting, 'ann');
    await setting.platform.clock.advance(3000);
    await load(setting, 'bob');
    await setting.platform.clock.advance(2000);
    await load(setting, 'ann');
    await load(setting, 'cid');
    expect(setting.cache.find('ann').status).toBe('HEALTHY');
    expect(setting.cache.find('bob').status).toBe('STORE_ERROR');
  });

  test('is not remembered for contexts that are only evaluated', () => {
    const setting = create();
    for (let index = 0; index < 10_000; index++) setting.cache.find(`context-${index}`);
    expect(setting.asked).toEqual([]);
  });
});

describe('the status', () => {
  test.each([
    [0, false],
    [120_000, false],
    [120_001, true],
  ])('of data that is %i ms old is stale: %s', async (ageMs, stale) => {
    const setting = create();
    setting.lastUpToDate = setting.platform.clock.now() - ageMs;
    expect(await setting.cache.readStatus()).toEqual({ available: true, stale });
    await setting.cache.prepare((bigSegments) => void bigSegments.find('ann'));
    expect(setting.cache.find('ann').status).toBe(stale ? 'STALE' : 'HEALTHY');
  });

  test('of a store without data is stale, and of one that fails not available', async () => {
    const setting = create();
    setting.lastUpToDate = undefined;
    expect(await setting.cache.readStatus()).toEqual({ available: true, stale: true });
    setting.lastUpToDate = new Error('broken');
    expect(await setting.cache.readStatus()).toEqual({ available: false, stale: false });
  });

  test('is read once a period, until the cache is closed', async () => {
    const setting = create();
    setting.cache.start();
    await setting.platform.clock.advance(15_000);
    expect(setting.asked).toEqual(['metadata', 'metadata', 'metadata']);
    const { promise, resolve } = Promise.withResolvers<void>();
    const reading = setting.cache.readStatus().then(() => promise);
    setting.cache.close();
    resolve();
    await reading;
    expect(setting.platform.clock.waiting).toEqual([]);
  });

  test('that is being read when the cache is closed is the last', async () => {
    const setting = create();
    setting.cache.start();
    const advancing = setting.platform.clock.advance(5000);
    await settle();
    setting.cache.close();
    await advancing;
    expect(setting.platform.clock.waiting).toEqual([]);
  });
});
