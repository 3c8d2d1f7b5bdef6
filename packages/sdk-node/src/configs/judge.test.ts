import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { JudgedOptions } from './config-options.ts';
import { createJudge } from './judge.ts';
import type { StandardSchema } from './standard-schema.ts';

const ttl = { default: 60, min: 1, max: 3600, unit: 's' };

describe('a value that the code cannot work with is refused with the reason', () => {
  test.each<[JudgedOptions, unknown, string]>([
    [ttl, 0, 'must be at least 1 s, got 0'],
    [ttl, -0, 'must be at least 1 s, got 0'],
    [ttl, 3601, 'must be at most 3600 s, got 3601'],
    [ttl, Number.NaN, 'must be a finite number, got NaN'],
    [ttl, Number.POSITIVE_INFINITY, 'must be a finite number, got Infinity'],
    [ttl, 1e308, 'must be at most 3600 s, got 1e+308'],
    [ttl, '60', 'must be a number, got "60"'],
    [ttl, null, 'must be a number, got null'],
    [ttl, undefined, 'must be a number, got undefined'],
    [{ default: 5, step: 5 }, 7, 'must be a multiple of 5, got 7'],
    [{ default: 6, min: 1, step: 5 }, 10, 'must be a multiple of 5 above 1, got 10'],
    [{ default: 'a' }, 5, 'must be a string, got 5'],
    [{ default: true }, 'true', 'must be a boolean, got "true"'],
    [{ default: [1] }, { 0: 1 }, 'must be an array, got {"0":1}'],
    [{ default: { a: 1 } }, [1], 'must be an object, got [1]'],
    [{ default: { a: 1 } }, null, 'must be an object, got null'],
    [{ default: 'a' }, ['x'.repeat(100)], `must be a string, got ["${'x'.repeat(38)}…`],
    [{ default: 'a', oneOf: ['a', 'b'] }, 'c', 'must be one of "a", "b", got "c"'],
    [{ default: 1, validate: () => false }, 2, 'validate refuses 2'],
    [{ default: 1, validate: () => 'only odd ones' }, 2, 'only odd ones'],
    [
      {
        default: 1,
        validate: () => {
          throw new Error('broken');
        },
      },
      2,
      'broken',
    ],
    [
      { default: 1, schema: z.object({ a: z.object({ b: z.number() }) }) },
      { a: { b: 'c' } },
      expect.stringMatching(/expected number, received string \(a\.b\)$/),
    ],
    [{ default: 1, schema: z.number().refine(async () => true) }, 2, expect.stringContaining('later')],
  ])('%j: %s', (options, value, refused) => {
    expect(createJudge('key', options)(value)).toEqual({ refused });
  });

  test('and so is what a schema promises for later, though it fails then', async () => {
    const schema: StandardSchema<number> = {
      '~standard': { version: 1, validate: () => Promise.reject(new Error('later')) },
    };
    expect(createJudge('key', { default: 1, schema })(2)).toEqual({ refused: 'the schema answers only later' });
    await new Promise((resolve) => setImmediate(resolve));
  });
});

test.each<[JudgedOptions, unknown]>([
  [ttl, 1],
  [ttl, 3600],
  [ttl, 1.5],
  [{ default: 0, step: 0.1 }, 0.3],
  [{ default: 0, step: 0.1 }, 1_234_567.8],
  [{ default: 6, min: 1, step: 5 }, 11],
  [{ default: null }, 'anything'],
  [{ default: { a: 1 } }, { b: 2 }],
  [{ default: [1], oneOf: [[1], [2]] }, [2]],
  [{ default: 1, validate: () => undefined }, 2],
  [{ default: 1, validate: () => true }, 2],
])('%j accepts %j', (options, value) => {
  expect(createJudge('key', options)(value)).toEqual({ value });
});

test('a schema makes of a value what the application gets', () => {
  const schema = z.string().transform(Number);
  expect(createJudge('key', { default: 60, schema, min: 1 })('120')).toEqual({ value: 120 });
  expect(createJudge('key', { default: 60, schema, min: 1 })('0')).toEqual({ refused: 'must be at least 1, got 0' });
});

test('whoever judges a value cannot change it', () => {
  const validate = (value: { list: number[] }): undefined => void value.list.push(2);
  const verdict = createJudge('key', { default: { list: [] }, validate })({ list: [1] });
  expect(verdict).toEqual({ refused: expect.stringContaining('not extensible') });
});

test.each<[object, string]>([
  [{ default: 0, min: 1 }, 'default must be at least 1, got 0'],
  [{ default: Number.NaN }, 'default must be a finite number, got NaN'],
  [{ default: 'c', oneOf: ['a', 'b'] }, 'default must be one of "a", "b", got "c"'],
  [{ default: undefined }, 'default must be JSON'],
  [{ default: () => 1 }, 'default must be JSON'],
  [{ default: 5, min: 10, max: 1 }, 'min must not be above max, got 10 and 1'],
  [{ default: 5, min: Number.NaN }, 'min must not be above max, got NaN and Infinity'],
  [{ default: 5, step: 0 }, 'step must be above 0, got 0'],
  [{ default: 5, schema: {} }, 'schema must implement Standard Schema, as those of zod and valibot do'],
])('options that contradict themselves are refused at once: %j', (options, message) => {
  // What callers without types may pass.
  expect(() => createJudge('cache.ttl', options as JudgedOptions)).toThrow(
    expect.objectContaining({ name: 'SluiceError', code: 'invalid-options', message: `config cache.ttl: ${message}` }),
  );
});

test('whatever comes is accepted or refused, and nothing is thrown', () => {
  const judges = [
    createJudge('key', ttl),
    createJudge('key', { default: null, oneOf: [null, 'a', { a: [1] }] }),
    createJudge('key', { default: {}, schema: z.looseObject({ a: z.number().optional() }) }),
  ];
  const hostile = [
    JSON.parse('{"__proto__":{"toString":1},"constructor":null}'),
    JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
    '\ud800',
    new Map([[1n, Symbol.iterator]]),
    { toJSON: () => 1n },
  ];
  for (const judge of judges) for (const value of hostile) expect(judge(value)).toBeTypeOf('object');
  fc.assert(
    fc.property(fc.anything(), (value) => {
      for (const judge of judges) {
        const verdict = judge(value);
        expect('refused' in verdict ? typeof verdict.refused : 'value').toMatch(/^(?:string|value)$/);
      }
    }),
  );
});
