import { describe, expect, test } from 'vitest';
import { findValueFaults, spellPath } from './find-value-faults.ts';

function faultsOf(schema: Readonly<Record<string, unknown>>, value: unknown): readonly string[] {
  // What a test writes is JSON.
  return findValueFaults(schema, value as never).map(({ path, message }) => `${spellPath(path)}: ${message}`);
}

const bounded = { type: 'integer', minimum: 5, maximum: 3600, multipleOf: 5 };

describe('what is wrong with a value while it is typed', () => {
  test.each([
    [60, []],
    [5, []],
    [3600, []],
    [0, [': 0 is below the minimum of 5']],
    [3605, [': 3605 is above the maximum of 3600']],
    [62, [': expected a multiple of 5, got 62']],
    [1.5, [': expected a whole number, got 1.5']],
    ['60', [': expected a whole number, got "60"']],
    [null, [': expected a whole number']],
  ])('of a number with bounds: %j', (value, expected) => {
    expect(faultsOf(bounded, value)).toEqual(expected);
  });

  test('is not that floating point cannot hold a tenth', () => {
    expect(faultsOf({ type: 'number', multipleOf: 0.1 }, 0.3)).toEqual([]);
  });

  test('is said where it is, in objects and lists and behind references', () => {
    const schema = {
      type: 'object',
      required: ['limits', 'mode'],
      additionalProperties: false,
      properties: {
        mode: { enum: ['fast', 'safe'] },
        limits: { type: 'array', minItems: 1, items: { $ref: '#/$defs/limit' } },
      },
      $defs: { limit: { type: 'object', properties: { soft: bounded, name: { type: 'string', minLength: 1 } } } },
    };
    expect(faultsOf(schema, { mode: 'fast', limits: [{ soft: 10 }] })).toEqual([]);
    expect(faultsOf(schema, { mode: 'slow', limits: [{ soft: 10 }, { soft: 0, name: '' }], else: 1 })).toEqual([
      'mode: expected one of "fast", "safe", got "slow"',
      'limits[1].soft: 0 is below the minimum of 5',
      'limits[1].name: expected at least 1 character, got 0',
      'else: there is no else in the schema',
    ]);
    expect(faultsOf(schema, { limits: [] })).toEqual([': mode is missing', 'limits: expected at least 1 entry, got 0']);
  });

  test('of what may be of several shapes is said where the nearest one says it', () => {
    const either = { anyOf: [{ enum: ['all'] }, { type: 'array', items: { type: 'string' } }] };
    expect(['all', [], ['a']].flatMap((value) => faultsOf(either, value))).toEqual([]);
    expect(faultsOf(either, 'al')).toEqual([': expected one of "all", got "al"']);
    expect(faultsOf(either, ['a', 1])).toEqual(['[1]: expected a text, got 1']);
  });
});
