import type { EnvironmentFlagView } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { compareLines } from './list-lines.ts';

function buildFlag(part: Partial<EnvironmentFlagView>): EnvironmentFlagView {
  return {
    key: 'f',
    kind: 'release',
    name: 'f',
    description: '',
    tags: [],
    owner: '',
    variations: [
      { id: 'on', value: true },
      { id: 'off', value: false },
    ],
    clientSide: { web: false, mobile: false },
    archived: false,
    on: true,
    offVariation: 'off',
    fallthrough: { variation: 'on' },
    targets: [],
    rules: [],
    prerequisites: [],
    version: 1,
    ...part,
  };
}

const rule = { id: 'r', clauses: [{ attribute: 'plan', op: 'in', values: ['a'] }], variation: 'on' };

test('lines of two flags stand side by side, in the order in which they decide', () => {
  const rows = compareLines([
    buildFlag({}),
    buildFlag({ on: false, rules: [rule], targets: [{ variation: 'on', contextKind: 'user', keys: ['a', 'b'] }] }),
  ]);
  expect(rows.map(({ label, isSame }) => [label, isSame])).toEqual([
    ['Turned', false],
    ['Always on, user', false],
    ['Rule 1', false],
    ['Everyone else', true],
    ['While off', true],
  ]);
  expect(rows[0]?.texts).toEqual(['on', 'off']);
  expect(rows[1]?.texts).toEqual([undefined, 'a, b']);
});

test('of many targets the first are named', () => {
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8'];
  const [, targets] = compareLines([buildFlag({ targets: [{ variation: 'on', contextKind: 'user', keys }] })]);
  expect(targets?.texts).toEqual(['1, 2, 3, 4, 5, 6, 2 more']);
});

test('rules are the same by what they say, whatever their ids are', () => {
  const rows = compareLines([buildFlag({ rules: [rule] }), buildFlag({ rules: [{ ...rule, id: 'other' }] })]);
  expect(rows.every(({ isSame }) => isSame)).toBe(true);
});
