import { describe, expect, test } from 'vitest';
import { createScale, listTicks, reachOf, roundTo, writeQuantity } from './scale.ts';

const seconds = createScale({ min: 5, max: 3600, step: 1, shown: [60] });

describe('a ruler', () => {
  test('goes from bound to bound, and equal factors are equally far', () => {
    expect([seconds.placeOf(5), seconds.placeOf(3600)]).toEqual([0, 1]);
    expect(seconds.placeOf(20) - seconds.placeOf(10)).toBeCloseTo(seconds.placeOf(2000) - seconds.placeOf(1000), 10);
    expect([seconds.placeOf(1), seconds.placeOf(9999)]).toEqual([0, 1]);
  });

  test('gives the value of a place back, to the step', () => {
    for (const value of [5, 60, 61, 3599, 3600]) expect(seconds.valueAt(seconds.placeOf(value))).toBe(value);
    expect(createScale({ min: 0, max: 1, step: 0.1, shown: [] }).valueAt(0.5)).toBe(0.2);
    expect(seconds.valueAt(-1)).toBe(5);
  });

  test('may begin at nothing, below it, and have no end', () => {
    const open = createScale({ min: undefined, max: undefined, step: 1, shown: [30] });
    expect([open.min, open.max]).toEqual([0, 300]);
    expect([open.placeOf(0), open.placeOf(300)]).toEqual([0, 1]);
    const signed = createScale({ min: -10, max: 10, step: 1, shown: [] });
    expect([-10, 0, 7, 10].map((value) => signed.valueAt(signed.placeOf(value)))).toEqual([-10, 0, 7, 10]);
    const same = createScale({ min: 3, max: 3, step: 1, shown: [3] });
    expect(same.placeOf(3)).toBe(0);
  });

  test('is tinted as far as one change may go, and no further than the bounds', () => {
    expect(reachOf(120, 4, seconds)).toEqual([30, 480]);
    expect(reachOf(10, 4, seconds)).toEqual([5, 40]);
    expect(reachOf(-8, 2, createScale({ min: -20, max: 20, step: 1, shown: [] }))).toEqual([-16, -4]);
  });

  test('has marks at round values, both bounds among them, none of which touch', () => {
    expect(listTicks(seconds, 's')).toEqual([5, 10, 30, 60, 120, 300, 600, 1800, 3600]);
    expect(listTicks(createScale({ min: 1, max: 100, step: 1, shown: [] }), undefined)).toEqual([
      1, 2, 5, 10, 20, 50, 100,
    ]);
  });
});

test('a step is rounded to without what floating point leaves', () => {
  expect(roundTo(0.30000000000000004, 0.1)).toBe(0.3);
});

test.each([
  [60, 's', '60 s'],
  [120, 's', '120 s'],
  [300, 's', '5 min'],
  [3600, 's', '1 h'],
  [3700, 's', '3700 s'],
  [90, 'min', '90 min'],
  [16_384, 'KiB', '16 MiB'],
  [100, '/s', '100/s'],
  [25, '%', '25%'],
  [1.5, 'h', '1.5 h'],
  [12_000, undefined, '12,000'],
] as const)('%d in %s is said as %s', (value, unit, words) => {
  expect(writeQuantity(value, unit)).toBe(words);
});
