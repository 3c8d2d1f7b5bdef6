import { expect, test } from 'vitest';
import { logLength } from './log-length.ts';

test('one of many is seen, none is nothing, and most is all', () => {
  expect(logLength(1, 10_000)).toBeGreaterThan(0.07);
  expect(logLength(0, 10_000)).toBe(0);
  expect(logLength(10_000, 10_000)).toBe(1);
  expect(logLength(0, 0)).toBe(0);
});
