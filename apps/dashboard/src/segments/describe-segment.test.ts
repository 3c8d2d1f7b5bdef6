import { expect, test } from 'vitest';
import { describeMembers, describeUses } from './describe-segment.ts';

test.each([
  [{ included: 0, excluded: 0, rules: 0 }, 'nobody'],
  [{ included: 0, excluded: 3, rules: 0 }, 'nobody, 3 kept out'],
  [{ included: 1, excluded: 0, rules: 1 }, '1 key, 1 rule'],
  [{ included: 1203, excluded: 4, rules: 2 }, '1,203 keys, 2 rules, 4 kept out'],
])('who is in a segment is said: %j', (row, words) => {
  expect(describeMembers(row)).toBe(words);
});

test.each([
  [{ flags: 0, segments: 0, examples: [] }, 'nobody'],
  [{ flags: 1, segments: 0, examples: ['a'] }, 'a'],
  [{ flags: 3, segments: 1, examples: ['a', 'b', 'c'] }, 'a, b, 1 more flag, 1 segment'],
  [{ flags: 40, segments: 2, examples: ['a', 'b', 'c', 'd', 'e'] }, 'a, b, 38 more flags, 2 segments'],
])('who uses a segment is said: %j', (uses, words) => {
  expect(describeUses(uses)).toBe(words);
});
