import { expect, test } from 'vitest';
import { decidedShares, formatPoints } from './decided.ts';

const rule = { kind: 'rule', rule: 'a' } as const;
const rest = { kind: 'fallthrough' } as const;
const now = {
  flag: 'f',
  sampled: 40,
  seen: 40,
  lines: [
    { ...rule, count: 10 },
    { ...rest, count: 30 },
  ],
};

test('every line has its share of the sample', () => {
  const decided = decidedShares(now, undefined);
  expect(decided(rule)).toEqual({ share: 0.25 });
  expect(decided({ kind: 'off' })).toEqual({ share: 0 });
});

test('an edit moves shares from line to line', () => {
  const decided = decidedShares(now, {
    before: now.lines,
    after: [
      { ...rule, count: 10 },
      { kind: 'rule', rule: 'new', count: 20 },
      { ...rest, count: 10 },
    ],
  });
  expect(decided(rest)).toEqual({ share: 0.25, difference: -0.5 });
  expect(decided({ kind: 'rule', rule: 'new' })).toEqual({ share: 0.5, difference: 0.5 });
  expect(decided(rule)).toEqual({ share: 0.25, difference: 0 });
});

test('of nobody there is no share', () => {
  expect(decidedShares({ ...now, lines: [] }, undefined)(rest)).toBeUndefined();
  expect(decidedShares(undefined, undefined)(rest)).toBeUndefined();
});

test('differences are percentage points, and none where one would not see any', () => {
  expect([0.0689, -0.043, 0.0001, 0].map(formatPoints)).toEqual(['+6.9', '−4.3', undefined, undefined]);
});
