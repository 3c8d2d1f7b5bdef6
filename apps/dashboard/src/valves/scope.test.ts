import { describe, expect, test } from 'vitest';
import { createPart, estimateReach, findScopeFault, readParts, splitValues, toClauses } from './scope.ts';

const top = (count: number, overcountAtMost = 0) => ({ count, overcountAtMost });
const telemetry = {
  calls: [
    { mode: 'normal', cause: 'normal', outcome: 'ok', count: 150 },
    { mode: 'cached', cause: 'rule', outcome: 'ok', count: 50 },
  ],
  accounts: [
    { account: 'acme', ...top(76) },
    { account: 'globex', ...top(20, 3) },
  ],
  routes: [{ route: '/search', ...top(100) }],
};

describe('the scope of a trip', () => {
  test('becomes clauses, and is read from them', () => {
    const parts = [
      createPart('account', ['acme', 'globex']),
      createPart('route', ['/search']),
      { ...createPart('instances', ['eu-1b']), attribute: 'zone' },
    ];
    const clauses = toClauses(parts);
    expect(clauses).toEqual([
      { contextKind: 'account', attribute: 'key', op: 'in', values: ['acme', 'globex'] },
      { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] },
      { contextKind: 'instance', attribute: 'zone', op: 'in', values: ['eu-1b'] },
    ]);
    expect(readParts(clauses)).toEqual(parts);
    expect(readParts([])).toEqual([]);
  });

  test('takes an address as a range of one', () => {
    expect(toClauses([createPart('ip', ['10.1.2.3', '10.0.0.0/8', '::1'])])[0]?.values).toEqual([
      '10.1.2.3/32',
      '10.0.0.0/8',
      '::1/128',
    ]);
  });

  test('is not read from clauses that say more', () => {
    expect(readParts([{ contextKind: 'account', attribute: 'plan', op: 'in', values: ['gold'] }])).toBeUndefined();
    expect(
      readParts([{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'], negate: true }]),
    ).toBeUndefined();
    expect(readParts([{ contextKind: 'request', attribute: 'route', op: 'glob', values: ['/a/*'] }])).toBeUndefined();
  });

  test('says what is missing or wrong', () => {
    expect(findScopeFault([])).toBeUndefined();
    expect(findScopeFault([createPart('account')])).toBe('Name the account');
    expect(findScopeFault([createPart('ip', ['10.0.0.0/8', '10.0.0/8'])])).toContain('10.0.0/8 is no IP range');
    expect(findScopeFault([createPart('ip', ['10.0.0.7'])])).toBeUndefined();
  });

  test('takes values apart at commas, each once', () => {
    expect(splitValues(' acme, globex,,acme ')).toEqual(['acme', 'globex']);
  });
});

describe('how many calls a scope concerns', () => {
  test.each([
    ['everyone', [], { share: 1, isAtMost: false }],
    ['an account', [createPart('account', ['acme'])], { share: 0.38, isAtMost: false }],
    ['an account that may be overcounted', [createPart('account', ['globex'])], { share: 0.1, isAtMost: true }],
    ['an account that did not call', [createPart('account', ['hooli'])], { share: 0, isAtMost: false }],
    [
      'an account on a route',
      [createPart('account', ['acme']), createPart('route', ['/search'])],
      { share: 0.38, isAtMost: true },
    ],
    ['what parts cannot say', undefined, { share: undefined, isAtMost: true }],
    ['a range', [createPart('ip', ['10.0.0.0/8'])], { share: undefined, isAtMost: true }],
    [
      'a range of an account',
      [createPart('ip', ['10.0.0.0/8']), createPart('account', ['acme'])],
      { share: 0.38, isAtMost: true },
    ],
  ])('%s', (_, parts, reach) => {
    expect(estimateReach(parts, telemetry)).toEqual(reach);
  });

  test('is bounded by the last of a full list where somebody is not in it', () => {
    const accounts = Array.from({ length: 50 }, (_, index) => ({ account: `a-${index}`, ...top(4) }));
    expect(estimateReach([createPart('account', ['hooli'])], { ...telemetry, accounts })).toEqual({
      share: 0.02,
      isAtMost: true,
    });
  });

  test('is not known where there was no call', () => {
    const nothing = { calls: [], accounts: [], routes: [] };
    expect(estimateReach([createPart('account', ['acme'])], nothing).share).toBeUndefined();
  });
});
