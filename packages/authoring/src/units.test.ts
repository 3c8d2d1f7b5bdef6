import { describe, expect, test } from 'vitest';
import { describeValue, parseQuantity, type Unit } from './index.ts';

describe('a quantity', () => {
  test.each<[string, Unit | undefined, number]>([
    ['240', 's', 240],
    ['4min', 's', 240],
    ['4m', 's', 240],
    ['1.5 h', 'min', 90],
    ['0.1s', 'ms', 100],
    ['250ms', 's', 0.25],
    ['2GiB', 'MiB', 2048],
    ['60/min', '/s', 1],
    ['50%', '%', 50],
    ['-3', undefined, -3],
  ])('%s is, in %s, %d', (text, unit, value) => {
    expect(parseQuantity(text, unit, 'value')).toBe(value);
  });

  test.each<[string, Unit | undefined, string]>([
    ['4min', 'MiB', 'a number, with or without one of the units B, KiB, MiB, GiB'],
    ['4m', 'MiB', 'a number, with or without one of the units B, KiB, MiB, GiB'],
    ['soon', 's', 'a number, with or without one of the units ms, s, min, h'],
    ['4min', undefined, 'a number'],
    ['', 's', 'a number, with'],
    ['1e3', undefined, 'a number'],
  ])('%s in %s is refused', (text, unit, expected) => {
    expect(parseQuantity(text, unit, 'value')).toEqual({
      kind: 'problem',
      path: 'value',
      message: expect.stringContaining(`expected ${expected}`),
    });
  });

  test('is told with its unit', () => {
    expect([describeValue('240', 's'), describeValue('100', '/s'), describeValue('"info"', undefined)]).toEqual([
      '240 s',
      '100/s',
      '"info"',
    ]);
  });
});
