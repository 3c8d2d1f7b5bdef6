import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonLoss } from './json-loss.ts';

const message = (token: string): string => `expected a number that 64-bit floating point can hold, got ${token}`;

describe('numbers that would become others are found:', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '123456789012345678901234567890',
    '1e400',
    '-1e400',
    '1e-400',
    '0.5e-400',
  ])('%s', (token) => {
    expect(findJsonLoss(token)).toMatchObject({ path: '', message: message(token) });
    expect(findJsonLoss(`{"a": [1, {"b": ${token}}]}`)).toMatchObject({ path: 'a[1].b', message: message(token) });
  });

  test('and a very long one is told in short', () => {
    expect(findJsonLoss('9'.repeat(500))?.message).toBe(message(`${'9'.repeat(77)}...`));
  });
});

test.each([
  '0',
  '-0',
  '0.0e9',
  '9007199254740991',
  '9007199254740992',
  '9007199254740994',
  '113755255662909780',
  '1e21',
  '1e308',
  '0.1',
  '5e-324',
])('the number %s is kept', (token) => {
  expect(findJsonLoss(token)).toBeUndefined();
});

describe('names that stand twice are found:', () => {
  test.each([
    ['{"a": 1, "a": 1}', 'a'],
    ['{"a": {"b": 1, "c": [], "b": {}}}', 'a.b'],
    ['[{}, {"x": "}", "\\u0078": 1}]', '[1].x'],
    ['{"a\\"b": 1, "a\\"b": 2}', 'a"b'],
    ['{"": 1, "": 2}', ''],
  ])('%s', (text, path) => {
    expect(findJsonLoss(text)).toMatchObject({ path, message: 'expected each name once, got it twice' });
  });

  test('those of other objects are others', () => {
    expect(
      findJsonLoss('{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 2}], "c": "a", "d": ["a", "a"]}'),
    ).toBeUndefined();
  });
});

test('nothing is found in what was written from values, however it is spaced', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }),
      fc.constantFrom(undefined, 1, '\t'),
      (value, space) => {
        expect(findJsonLoss(JSON.stringify(value, undefined, space))).toBeUndefined();
      },
    ),
  );
});

test('deep and large texts are read without recursion', () => {
  expect(findJsonLoss(`${'['.repeat(100_000)}1e999${']'.repeat(100_000)}`)?.path).toHaveLength(300_000);
  expect(findJsonLoss(`"${'\\"'.repeat(1_000_000)}"`)).toBeUndefined();
});
