import { expect, test } from 'vitest';
import { type FlagForm, toDefinition } from './to-definition.ts';

const form: FlagForm = { key: ' checkout ', kind: 'release', owner: '', values: '' };

test('a release without variations has those that a flag has unless told otherwise', () => {
  expect(toDefinition(form)).toEqual({ key: 'checkout', kind: 'release' });
});

test('variations of a release are JSON where they can be', () => {
  expect(toDefinition({ ...form, values: 'v1, 2' })).toMatchObject({
    variations: [
      { id: 'v1', value: 'v1' },
      { id: '2', value: 2 },
    ],
  });
});

test('modes are names', () => {
  const { variations } = toDefinition({ ...form, kind: 'valve', values: 'normal, cached' });
  expect(variations).toEqual([
    { id: 'normal', value: 'normal' },
    { id: 'cached', value: 'cached' },
  ]);
});

test.each<[string, unknown]>([
  ['60', 60],
  ['"60"', '60'],
  ['slow, but sure', 'slow, but sure'],
  ['{"a":[1]}', { a: [1] }],
])('the value of a config %s', (values, value) => {
  expect(toDefinition({ ...form, kind: 'config', owner: ' ops ', values })).toEqual({
    key: 'checkout',
    kind: 'config',
    owner: 'ops',
    value,
  });
});
