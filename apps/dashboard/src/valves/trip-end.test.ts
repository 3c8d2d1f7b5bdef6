import { expect, test } from 'vitest';
import { findEnd, findEndFault, toLocalField } from './trip-end.ts';

const now = Date.UTC(2026, 10, 27, 14, 12);
const hourMs = 3_600_000;

test('a trip ends after a while, at a time, or when it was to end', () => {
  expect(findEnd({ choice: '4h', picked: '' }, now)).toBe(now + 4 * hourMs);
  expect(findEnd({ choice: 'keep', picked: '', kept: now + 5 }, now)).toBe(now + 5);
  expect(findEnd({ choice: 'pick', picked: '' }, now)).toBeUndefined();
  expect(findEnd({ choice: 'pick', picked: toLocalField(now + hourMs) }, now)).toBe(now + hourMs);
});

test.each([
  [undefined, 'Pick when'],
  [now - 1, 'past'],
  [now + 30_000, 'less than a minute'],
  [now + 169 * hourMs, 'at most 7 days'],
])('a trip that ends at %s cannot be', (end, fault) => {
  expect(findEndFault(end, now)).toContain(fault);
});

test('a trip of a minute to 7 days can be', () => {
  expect(findEndFault(now + 60_000, now)).toBeUndefined();
  expect(findEndFault(now + 168 * hourMs, now)).toBeUndefined();
});
