import { expect, test } from 'vitest';
import { type FlagForm, findValuesFault, toDefinition } from './to-definition.ts';

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

test('a comma within JSON is part of it, and what is spelled as JSON has no id yet', () => {
  expect(toDefinition({ ...form, values: '"hello, world", {"a": 1, "b": [2, 3]} , plain' }).variations).toEqual([
    { value: 'hello, world' },
    { value: { a: 1, b: [2, 3] } },
    { id: 'plain', value: 'plain' },
  ]);
});

test('what begins like JSON and is none is refused', () => {
  for (const values of ['{oops', '[1, 2', '"slow', ' {"a": 1,}']) {
    for (const kind of ['config', 'release'] as const) {
      expect(findValuesFault({ kind, values })).toBe(
        `${values.trim()} begins like JSON and is none: is a quote or a bracket missing?`,
      );
    }
  }
  for (const values of ['{"a": 1}', '"slow"', 'slow', '60', '']) {
    for (const kind of ['config', 'release'] as const) expect(findValuesFault({ kind, values })).toBeUndefined();
  }
  expect(findValuesFault({ kind: 'release', values: 'v1, {oops, v2' })).toContain('{oops, v2 begins');
});

test('a number that would become another one is refused', () => {
  for (const kind of ['config', 'release'] as const)
    expect(findValuesFault({ kind, values: '12345678901234567890' })).toContain('expected a number');
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
