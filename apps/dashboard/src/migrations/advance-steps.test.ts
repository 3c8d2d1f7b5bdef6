import { expect, test } from 'vitest';
import { listSteps, parseShare } from './advance-steps.ts';

test('steps go on from what is there', () => {
  expect(listSteps(0)).toEqual([1000, 5000, 10_000, 25_000, 50_000, 100_000]);
  expect(listSteps(25_000)).toEqual([50_000, 100_000]);
  expect(listSteps(99_999)).toEqual([100_000]);
  expect(listSteps(100_000)).toEqual([]);
});

test.each([
  ['25', 25_000],
  [' 2.5 % ', 2500],
  ['0.001', 1],
  ['100', 100_000],
  ['0', undefined],
  ['100.1', undefined],
  ['', undefined],
  ['a quarter', undefined],
  ['1e2', undefined],
])('a share is read from %j', (text, weight) => {
  expect(parseShare(text)).toBe(weight);
});
