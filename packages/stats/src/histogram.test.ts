import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

/** Milliseconds over the whole range, from a thousandth to an hour, each power of ten alike. */
const durations = fc.double({ min: -3, max: 6.6, noNaN: true }).map((power) => 10 ** power);

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The exact quantile, by sorting. */
function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}

describe('quantiles', () => {
  test('are within 1.6% of the exact ones, and within half a thousandth of the smallest', () => {
    fc.assert(
      fc.property(
        fc.array(durations, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const exact = quantileOf(values, share);
          const found = histogramOf(values).quantile(share) ?? Number.NaN;
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.max(exact / 64, 0.001) + 1e-9);
        },
      ),
    );
  });

  test('of nothing are unknown', () => {
    expect(new Histogram().quantile(0.5)).toBeUndefined();
  });

  test('of what cannot be a duration are at the ends', () => {
    const histogram = histogramOf([Number.NaN, -5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(histogram.count).toBe(4);
    expect(histogram.quantile(0.75)).toBe(0);
    expect(histogram.quantile(1)).toBeGreaterThan(4_200_000);
  });

  test('do not exceed the largest value by more than what a bucket is wide', () => {
    expect(histogramOf([100, 200, 300]).quantile(1)).toBeLessThan(305);
    expect(histogramOf([0, 0, 0]).quantile(0.5)).toBe(0);
  });
});

test('merging is the same as recording everything in one', () => {
  fc.assert(
    fc.property(fc.array(durations), fc.array(durations), (one, other) => {
      const merged = histogramOf(one);
      merged.merge(histogramOf(other));
      const together = histogramOf([...one, ...other]);
      expect(merged.encode()).toEqual(together.encode());
      expect(merged.count).toBe(together.count);
    }),
  );
});

describe('encoded', () => {
  test('it is read as it was, and is short', () => {
    fc.assert(
      fc.property(fc.array(durations), (values) => {
        const histogram = histogramOf(values);
        const encoded = histogram.encode();
        const parsed = Histogram.parse(JSON.parse(JSON.stringify(encoded)));
        expect(parsed?.encode()).toEqual(encoded);
        expect(parsed?.count).toBe(values.length);
        expect(encoded.length).toBeLessThanOrEqual(2 * values.length);
      }),
    );
  });

  test.each([
    ['no list', {}],
    ['half a pair', [1]],
    ['a negative count', [1, -1]],
    ['a count of nothing', [1, 0]],
    ['a count that is no integer', [1, 1.5]],
    ['a count that is no number', [1, '1']],
    ['what JSON makes of NaN', [1, null]],
    ['more than can be told', [1, 2 ** 53]],
    ['a negative bucket', [-1, 1]],
    ['the same bucket twice', [1, 1, 0, 1]],
    ['a bucket beyond the last', [896, 1]],
    ['a bucket beyond the last, in steps', [800, 1, 96, 1]],
    ['more pairs than buckets', new Array(1794).fill(1)],
  ])('%s is refused', (_, encoded) => {
    expect(Histogram.parse(encoded)).toBeUndefined();
  });

  test('the last bucket is known, and the first may be said outright', () => {
    expect(Histogram.parse([895, 1])?.quantile(0.5)).toBeGreaterThan(4_200_000);
    expect(Histogram.parse([0, 3])?.quantile(0.5)).toBe(0);
  });
});

test('counts stay countable, however large they are made', () => {
  const histogram = Histogram.parse([7, Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER]) ?? new Histogram();
  histogram.merge(histogram);
  expect(histogram.count).toBe(Number.MAX_SAFE_INTEGER);
  expect(histogram.encode()).toEqual([7, Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER]);
});
