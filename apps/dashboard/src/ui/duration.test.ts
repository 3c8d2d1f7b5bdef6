import { expect, test } from 'vitest';
import { countOf, formatAgo, formatClock, localizeTimes } from './duration.ts';

test('what happened within the last second was just now', () => {
  expect([-5, 0, 999, 1000, 3_600_000].map(formatAgo)).toEqual([
    'just now',
    'just now',
    'just now',
    '1 s ago',
    '1 h ago',
  ]);
});

test('of one thing there is one', () => {
  expect([0, 1, 1200].map((count) => countOf(count, 'instance'))).toEqual([
    '0 instances',
    '1 instance',
    '1,200 instances',
  ]);
  expect([countOf(1, 'entry', 'entries'), countOf(2, 'entry', 'entries')]).toEqual(['1 entry', '2 entries']);
});

test('times of the server are said in the zone of the reader, and what only looks like one stays', () => {
  const now = Date.UTC(2026, 10, 26, 12);
  const at = Date.UTC(2026, 10, 28, 16, 5);
  expect(localizeTimes('tripped until 2026-11-28 16:05 UTC: slow', now)).toBe(
    `tripped until ${formatClock(at, now)}: slow`,
  );
  expect(localizeTimes('2026-13-40 99:99 UTC', now)).toBe('2026-13-40 99:99 UTC');
});
