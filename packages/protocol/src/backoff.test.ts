import { describe, expect, test } from 'vitest';
import { createBackoff } from './backoff.ts';

describe('back-off', () => {
  const almostOne = { random: () => 1 - Number.EPSILON };

  test('doubles its bound with each attempt, up to the most', () => {
    const backoff = createBackoff({ firstMs: 1000, mostMs: 30_000 }, almostOne);
    const delays = Array.from({ length: 8 }, () => backoff.next());
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('takes any delay up to the bound, none included', () => {
    let value = 0;
    const backoff = createBackoff({ firstMs: 1000, mostMs: 30_000 }, { random: () => value });
    expect(backoff.next()).toBe(0);
    value = 0.25;
    expect(backoff.next()).toBe(500);
    value = 0.5;
    expect(backoff.next()).toBe(2000);
  });

  test('begins anew after a reset', () => {
    const backoff = createBackoff({ firstMs: 1000, mostMs: 30_000 }, almostOne);
    for (let attempt = 0; attempt < 5; attempt++) backoff.next();
    backoff.reset();
    expect([backoff.next(), backoff.next()]).toEqual([1000, 2000]);
  });

  test('reaches the most from the smallest beginning', () => {
    const backoff = createBackoff({ firstMs: 1, mostMs: 30_000 }, almostOne);
    const delays = Array.from({ length: 17 }, () => backoff.next());
    expect(delays.slice(-3)).toEqual([16_384, 30_000, 30_000]);
  });

  test('stays at the most after thousands of attempts', () => {
    const backoff = createBackoff({ firstMs: 1000, mostMs: 30_000 }, almostOne);
    for (let attempt = 0; attempt < 5000; attempt++) backoff.next();
    expect(backoff.next()).toBe(30_000);
  });
});
