import { expect, test } from 'vitest';
import { type BrokenRule, proveSchedules } from './schedules.ts';

test('1,000 schedules lose no acknowledged write, end with equal stores, and read what was acknowledged', async () => {
  const report = await proveSchedules({ schedules: 1000 });
  expect(report.violations).toEqual([]);
  // There was something to find.
  expect(report.acknowledged).toBeGreaterThan(5000);
  expect(report.reads).toBeGreaterThan(2000);
  expect(report.crashes).toBeGreaterThan(500);
  expect(report.stageChanges).toBeGreaterThan(1000);
  expect(report.compared).toBeGreaterThan(300);
}, 120_000);

test.each<[BrokenRule, RegExp]>([
  ['guard', /in the old store|lost|is not what was written|missed|after/],
  ['tombstones', /in the old store|lost|missed/],
  // Also a write that is older than one that was acknowledged before it.
  ['mixtures', /missed|lost|after/],
])(
  'that would be found out without %s',
  async (broken, message) => {
    const { violations } = await proveSchedules({ schedules: 1000, broken, stopsEarly: true });
    expect(violations[0]).toMatch(message);
  },
  60_000,
);
