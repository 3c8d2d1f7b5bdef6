import { expect, test } from 'vitest';
import { sayScope } from './say-scope.ts';
import { createPart, toClauses } from './scope.ts';

const scope = 'everyone where …';
const of = (...parts: Parameters<typeof toClauses>[0]) => ({ when: toClauses(parts), scope });

test('a scope is said as one would say it', () => {
  expect(sayScope(of())).toBe('Everyone');
  expect(sayScope(of(createPart('account', ['acme'])))).toBe('Account acme only');
  expect(sayScope(of(createPart('account', ['a', 'b', 'c', 'd', 'e']), createPart('route', ['/feed'])))).toBe(
    'Account a, b, c and 2 more, route /feed only',
  );
  expect(sayScope(of(createPart('instances', ['eu-1b'])))).toBe('Instances with zone eu-1b only');
});

test('a scope that needs more words has those of the server', () => {
  const when = [{ contextKind: 'account', attribute: 'plan', op: 'in', values: ['gold'] }];
  expect(sayScope({ when, scope: 'everyone where account plan is "gold"', exempt: true })).toBe(
    'Everyone where account plan is "gold", whatever else is tripped',
  );
  expect(sayScope({ when: [], scope: '10% of accounts', share: { contextKind: 'account', weight: 10_000 } })).toBe(
    '10% of accounts',
  );
});
