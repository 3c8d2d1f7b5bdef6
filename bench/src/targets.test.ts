import { expect, test } from 'vitest';
import { findMisses, type Target } from './targets.ts';

test.each<[string, number, Target, boolean]>([
  ['at least: equal', 20, { atLeast: 20 }, true],
  ['at least: less', 19.99, { atLeast: 20 }, false],
  ['above: equal', 1, { above: 1 }, false],
  ['above: more', 1.01, { above: 1 }, true],
  ['below: equal', 1, { below: 1 }, false],
  ['below: less', 0.99, { below: 1 }, true],
])('%s', (_, measured, target, isReached) => {
  expect(findMisses({ speed: measured }, { speed: target })).toHaveLength(isReached ? 0 : 1);
});

test('a miss says what was expected and what was measured', () => {
  expect(findMisses({ speed: 12.3456 }, { speed: { atLeast: 20 } })).toEqual(['speed: must be at least 20, is 12.35']);
});

test('a target whose measure is not there is missed', () => {
  expect(findMisses({}, { speed: { atLeast: 20 } })).toEqual(['speed: was not measured']);
});
