import { expect, test } from 'vitest';
import { nameRules } from './name-rules.ts';

test('a rule is named by its number, one that goes by the number that it had', () => {
  expect(nameRules('rule `b` added: always: `on`', ['a', 'b'], ['a'])).toBe('Rule 2 added: always: `on`');
  expect(nameRules('rule `gone` removed: if', ['a'], ['x', 'gone'])).toBe('Rule 2 removed: if');
});

test('of a rule that asks the same, only what it serves is told twice', () => {
  const same =
    'rule `b` changed: if user plan is "a: b": 10% `on` of users → if user plan is "a: b": 25% `on` of users';
  expect(nameRules(same, ['b'], ['b'])).toBe('Rule 1, if user plan is "a: b": 10% `on` of users → 25% `on` of users');
  const other = 'rule `b` changed: if user plan is "a": `on` → if user plan is "b": `on`';
  expect(nameRules(other, ['b'], ['b'])).toBe('Rule 1: if user plan is "a": `on` → if user plan is "b": `on`');
});

test('what else stands between backticks stays', () => {
  expect(nameRules('everyone gets `a` instead of `b`', ['a', 'b'], [])).toBe('everyone gets `a` instead of `b`');
  expect(nameRules('rule `unknown` removed', ['a'], [])).toBe('rule `unknown` removed');
});
