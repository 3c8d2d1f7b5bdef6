import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

const signal = new AbortController().signal;

function create({ rate = 100, share = 1 } = {}) {
  const clock = new FakeClock();
  let current = rate;
  const pace = new Pace({ rate: () => current, share: () => share, targetP99Ms: 100, clock });
  let taken = 0;
  const take = async (): Promise<void> => {
    for (;;) {
      await pace.take(signal);
      taken++;
    }
  };
  void take();
  /** How many rows are let through in a time. */
  const count = async (ms: number): Promise<number> => {
    const before = taken;
    await clock.advance(ms);
    return taken - before;
  };
  const setRate = (to: number): void => {
    current = to;
  };
  /** A second in which writes take so long. */
  const live = async (durationMs: number, failures = 0): Promise<void> => {
    for (let at = 0; at < 20; at++) {
      if (at === 10) await clock.advance(1000);
      pace.note(durationMs, at >= failures);
    }
  };
  return { pace, clock, count, setRate, live };
}

test('as many rows go as the rate says, whatever it is by now', async () => {
  const { count, setRate, pace } = create();
  await count(1000);
  expect(Math.abs((await count(10_000)) - 1000)).toBeLessThan(20);
  setRate(1000);
  await count(1000);
  expect(Math.abs((await count(10_000)) - 10_000)).toBeLessThan(200);
  setRate(0);
  await count(1000);
  expect([await count(10_000), pace.reason]).toEqual([0, 'the rate is 0']);
  setRate(100);
  expect(await count(2000)).toBeGreaterThan(100);
});

test('a share of the rate is for the workers of other processes', async () => {
  const { count } = create({ share: 0.25 });
  await count(1000);
  expect(Math.abs((await count(10_000)) - 250)).toBeLessThan(10);
});

test('it halves when the target is slow, and recovers by 5% every 10 s', async () => {
  const { pace, live, count } = create();
  await live(10);
  expect([pace.factor, pace.reason]).toEqual([1, undefined]);
  await live(140);
  expect([pace.factor, pace.reason]).toEqual([0.5, 'writes to the new store take 140 ms (p99), more than 100 ms']);
  expect(Math.abs((await count(5000)) - 250)).toBeLessThan(10);
  await live(140);
  expect(pace.factor).toBe(0.25);
  for (let second = 0; second < 10; second++) await live(10);
  expect(pace.factor).toBeCloseTo(0.25 * 1.05);
  expect(pace.reason).toBeDefined();
  for (let second = 0; second < 300; second++) await live(10);
  expect([pace.factor, pace.reason]).toEqual([1, undefined]);
});

test('it halves when more than 1% of the writes fail', async () => {
  const { pace, live } = create();
  await live(10, 3);
  expect([pace.factor, pace.reason]).toEqual([0.5, '15% of the writes to the new store fail']);
});

test('it recovers as well where rows are there already and nothing is written, and not while it rests', async () => {
  const { pace, live, count, setRate } = create();
  for (let second = 0; second < 5; second++) await live(500);
  expect(pace.factor).toBe(1 / 32);
  setRate(0);
  await count(100_000);
  expect(pace.factor).toBe(1 / 32);
  setRate(100);
  await count(50_000);
  expect(pace.factor).toBeGreaterThan(1.05 ** 3 / 32);
  expect(pace.factor).toBeLessThan(1.05 ** 7 / 32);
  // With what is written again it goes by that.
  await live(500);
  expect(pace.factor).toBeLessThan(1.05 ** 7 / 64);
});

test('it never stops altogether', async () => {
  const { pace, live } = create();
  for (let second = 0; second < 20; second++) await live(500);
  expect(pace.factor).toBe(1 / 64);
});
