import { expect, test } from 'vitest';
import { readJson } from './read-json.ts';

test('JSON is read, also where its value is null', () => {
  expect([readJson('{"a": [1]}'), readJson('null')]).toEqual([
    { value: { a: [1] }, isJson: true },
    { value: null, isJson: true },
  ]);
});

test('what is none says what is wrong, and what would be lost says where', () => {
  expect(readJson('{oops')).toEqual({ fault: expect.stringMatching(/^Not JSON: /), isJson: false });
  expect(readJson('{"a": 1, "a": 2}')).toEqual({
    fault: 'a: expected each name once, got it twice',
    isJson: true,
  });
  expect(readJson('12345678901234567890')).toEqual({
    fault: 'expected a number that 64-bit floating point can hold, got 12345678901234567890',
    isJson: true,
  });
});
