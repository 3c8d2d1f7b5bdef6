import { expect, test } from 'vitest';
import { nameRules, withoutRuleIds } from './name-rules.ts';

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

test('where rules have no numbers, nobody reads their ids', () => {
  expect(withoutRuleIds('rule `4060dn` added: if user plan is "a": `on`')).toBe(
    'rule added: if user plan is "a": `on`',
  );
  expect(withoutRuleIds('rule `r1` changed: plan is "a" → plan is "b"')).toBe(
    'rule changed: plan is "a" → plan is "b"',
  );
  expect(withoutRuleIds('rules in a new order: `4060dn`, `tv20h9`')).toBe('rules in a new order');
  expect(withoutRuleIds('rule 1 (`4060dn`) matches, user plan is "a": serves `on`')).toBe(
    'rule 1 matches, user plan is "a": serves `on`',
  );
  expect(withoutRuleIds('everyone gets `a`')).toBe('everyone gets `a`');
});
