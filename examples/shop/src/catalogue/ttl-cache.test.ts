import { expect, test } from 'vitest';
import { TtlCache } from './ttl-cache.ts';

function createCache(maxEntries = 10) {
  const state = { now: 0, ttl: 60, lookUps: 0 };
  const cache = new TtlCache<number>({ ttlSeconds: () => state.ttl, now: () => state.now, maxEntries });
  return { state, get: (key: string) => cache.get(key, () => ++state.lookUps) };
}

test('an entry stays as long as it was promised, whatever the time to live is now', () => {
  const { state, get } = createCache();
  get('lamp');
  state.ttl = 240;
  state.now = 59_999;
  expect(get('lamp')).toBe(1);
  state.now = 60_000;
  expect(get('lamp')).toBe(2);
  state.now = 299_999;
  expect(get('lamp')).toBe(2);
  state.now = 300_000;
  expect(get('lamp')).toBe(3);
});

test('the oldest entry goes when there are too many', () => {
  const { state, get } = createCache(2);
  for (const key of ['lamp', 'chair', 'bowl']) get(key);
  get('bowl');
  get('chair');
  expect(state.lookUps).toBe(3);
  get('lamp');
  expect(state.lookUps).toBe(4);
});
