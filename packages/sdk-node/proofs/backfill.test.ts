import { expect, test } from 'vitest';
import { proveBackfill } from './backfill.ts';

test('a store is filled while records are written and removed, and workers are killed', async () => {
  const { violations, kills, puts, removed } = await proveBackfill({
    ...{ rows: 5000, rate: 1500, kills: 3, killWithinMs: 500 },
    removesPerSecond: 60,
  });
  expect(violations).toEqual([]);
  expect(kills).toBe(3);
  expect(puts).toBeGreaterThan(2000);
  expect(removed).toBeGreaterThan(50);
}, 120_000);

const mostRounds = 5;

test.each([
  ['guard', /^a write was undone/],
  ['tombstones', /was removed, and is back$|undefined in the old store/],
] as const)(
  'without the %s that would be found out',
  async (without, expected) => {
    let found: readonly string[] = [];
    // Whether a write meets the copy of its row is chance.
    for (let round = 0; round < mostRounds && !found.some((each) => expected.test(each)); round++) {
      const { violations } = await proveBackfill({
        ...{ rows: 1500, rate: 1000, kills: 0, killWithinMs: 0, without },
        removesPerSecond: 300,
      });
      found = violations;
    }
    expect(found).toContainEqual(expect.stringMatching(expected));
  },
  240_000,
);
