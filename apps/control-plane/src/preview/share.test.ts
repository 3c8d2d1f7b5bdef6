import { createRandom } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { describeShare } from './share.ts';

describe('the share that a sample shows', () => {
  test.each([
    [2780, 20_000, 1_000_000, 13.9, 0.47],
    [0, 20_000, 1_000_000, 0, 0.01],
    [10_000, 20_000, 1_000_000, 50, 0.69],
    [5, 10, 10, 50, 0],
    [0, 0, 0, 0, 100],
  ])('%i of %i, of %i seen', (changed, sampled, seen, sharePercent, marginPercent) => {
    expect(describeShare(changed, sampled, seen)).toEqual({ changed, sharePercent, marginPercent });
  });

  test.each([0.02, 0.3, 0.5])('is as near to the share of all, %d, as it says in 95 of 100 samples', (share) => {
    const random = createRandom(11);
    const runs = 1000;
    let within = 0;
    for (let run = 0; run < runs; run++) {
      const changed = Array.from({ length: 500 }, () => random.chance(share)).filter(Boolean).length;
      const { sharePercent, marginPercent } = describeShare(changed, 500, 1e9);
      if (Math.abs(sharePercent - share * 100) <= marginPercent) within++;
    }
    expect(within / runs).toBeGreaterThan(0.92);
    expect(within / runs).toBeLessThan(0.975);
  });
});
