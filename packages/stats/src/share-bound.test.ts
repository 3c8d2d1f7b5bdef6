import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findShareBound, findTrialsNeeded } from './share-bound.ts';

/** The probability of at most so many hits, term by term as the definition says. */
function probabilityOfAtMost(hits: number, trials: number, share: number): number {
  // Or the first term is too small for a number.
  if (share > 0.5) return 1 - probabilityOfAtMost(trials - hits - 1, trials, 1 - share);
  let [term, sum] = [(1 - share) ** trials, (1 - share) ** trials];
  for (let count = 1; count <= hits; count++) {
    term *= ((trials - count + 1) / count) * (share / (1 - share));
    sum += term;
  }
  return sum;
}

const samples = fc
  .record({ trials: fc.integer({ min: 1, max: 300 }), hits: fc.nat(300) })
  .filter(({ hits, trials }) => hits < trials);

describe('the bound of a share', () => {
  // With 50 digits, from the definition. The first three are in textbooks, as upper ends of two-sided 95%.
  test.each<[number, number, number, number]>([
    [1, 10, 0.975, 0.445016117028195],
    [5, 10, 0.975, 0.812913971552601],
    [10, 100, 0.975, 0.176222597740023],
    [0, 3000, 0.95, 0.000998079011996587],
    [1, 4742, 0.95, 0.000999998368139577],
    [3, 10_000, 0.95, 0.0007751813790101],
    [27, 100_000, 0.95, 0.000372322567221636],
    [16, 31, 0.95, 0.673260635102493],
    [1, 2, 0.95, 0.974679434480896],
    [99, 100, 0.95, 0.999487198583738],
    [2000, 3000, 0.99, 0.686623819157504],
    [1, 10 ** 9, 0.95, 4.74386450951039e-9],
    [1000, 10 ** 12, 0.95, 1.05360312210506e-9],
  ])('for %i in %i with %f is as it was computed elsewhere', (hits, trials, confidence, bound) => {
    expect(findShareBound(hits, trials, confidence) / bound).toBeCloseTo(1, 12);
  });

  test('is the share at which so few are found with the probability that is left', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ({ hits, trials }, confidence) => {
        const bound = findShareBound(hits, trials, confidence);
        expect(bound).toBeGreaterThan(hits / trials);
        expect(probabilityOfAtMost(hits, trials, bound)).toBeCloseTo(1 - confidence, 9);
      }),
    );
  });

  test('falls with more trials, and rises with more hits and confidence', () => {
    fc.assert(
      fc.property(samples, ({ hits, trials }) => {
        const bound = findShareBound(hits, trials);
        expect(findShareBound(hits, trials + 1)).toBeLessThan(bound);
        expect(findShareBound(hits + 1, trials)).toBeGreaterThan(bound);
        expect(findShareBound(hits, trials, 0.99)).toBeGreaterThan(bound);
      }),
    );
  });

  test('is all where nothing was tried, or nothing else was found', () => {
    expect([findShareBound(0, 0), findShareBound(3, 3), findShareBound(4, 3)]).toEqual([1, 1, 1]);
  });

  test('is found at once, and not too low, however large the counts are', () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const share of [1e-9, 0.001, 0.5, 0.999]) {
      const bound = findShareBound(Math.floor(most * share), most);
      expect(bound).toBeGreaterThan(share);
      expect(bound / share).toBeLessThan(1.01);
    }
    expect(findShareBound(most - 1, most)).toBe(1);
    expect(findShareBound(0, most)).toBeCloseTo(3.3e-16, 17);
  });
});

describe('the trials that are needed', () => {
  // The first is the rule of three, made exact.
  test.each([
    [0, 0.001, 2995],
    [1, 0.001, 4742],
    [0, 0.5, 5],
  ])('for %i hits and a share of %f are %i', (hits, share, trials) => {
    expect(findTrialsNeeded(hits, share)).toBe(trials);
  });

  test('are just enough, however many hits there are', () => {
    for (const hits of [2, 9, 500, 100_000]) {
      const trials = findTrialsNeeded(hits, 0.001);
      expect(findShareBound(hits, trials)).toBeLessThanOrEqual(0.001);
      expect(findShareBound(hits, trials - 1)).toBeGreaterThan(0.001);
    }
  });
});
