import { expect, test } from 'vitest';
import { proveHalfWrites } from './half-writes.ts';

test('stores agree again after a process was killed between its two writes, 20 times', async () => {
  const { violations, halves, acknowledged } = await proveHalfWrites({ kills: 20 });
  expect(violations).toEqual([]);
  // The kills came where they were to come.
  expect(halves).toBeGreaterThan(0);
  expect(acknowledged).toBeGreaterThan(20);
}, 120_000);

test('that would be found out if there were no journal', async () => {
  const { violations } = await proveHalfWrites({ kills: 2, hasJournal: false });
  expect(violations).not.toEqual([]);
}, 60_000);
