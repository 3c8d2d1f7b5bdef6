import { expect, test } from 'vitest';
import { countOf, formatAgo } from './duration.ts';

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
