import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullWeight, setWeight } from './weights.ts';

test('the others share the rest in their proportion', () => {
  expect(setWeight([10_000, 60_000, 30_000], 0, 25_000)).toEqual([25_000, 50_000, 25_000]);
});

test('others that have nothing share it equally', () => {
  expect(setWeight([100_000, 0, 0], 0, 40_000)).toEqual([40_000, 30_000, 30_000]);
});

test('one alone has all', () => {
  expect(setWeight([100_000], 0, 3)).toEqual([100_000]);
});

test('the sum is all, and none is negative, whatever is set', () => {
  const weights = fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 8 }).map((parts) =>
    setWeight(
      parts.map(() => 0),
      0,
      parts[0] ?? 0,
    ),
  );
  fc.assert(
    fc.property(weights, fc.nat({ max: 7 }), fc.integer({ min: -5000, max: 120_000 }), (before, at, weight) => {
      const after = setWeight(before, at % before.length, weight);
      expect(after.reduce((sum, each) => sum + each, 0)).toBe(fullWeight);
      expect(Math.min(...after)).toBeGreaterThanOrEqual(0);
    }),
  );
});
