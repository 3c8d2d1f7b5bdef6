import { describe, expect, test } from 'vitest';
import { keepValues, parseValues, tryPatterns, type ValueType, valueTypeOf, writeValue } from './operators.ts';

describe('values as one types them', () => {
  test.each<[string, ValueType, readonly unknown[]]>([
    ['enterprise, business', 'any', ['enterprise', 'business']],
    ['a\nb,\n c ', 'any', ['a', 'b', 'c']],
    ['1, "1", true, "true"', 'any', [1, '1', true, 'true']],
    ['1, "1", true, a', 'text', ['1', 'true', 'a']],
    ['007', 'any', ['007']],
    ['12345678901234567890', 'any', ['12345678901234567890']],
    ['a, a', 'any', ['a']],
    ['"Smith, John", " b ",c', 'any', ['Smith, John', ' b ', 'c']],
    ['"say ""hi, you""", 5" pipe', 'text', ['say "hi, you"', '5" pipe']],
    ['"two\nlines", ""', 'any', ['two\nlines', '']],
    ['1764500000000, 2026-11-30', 'date', [1764500000000, '2026-11-30']],
    ['^"a", b$', 'pattern', ['^"a", b$']],
    ['1.5, -2', 'number', [1.5, -2]],
    ['^a{1,2}$', 'pattern', ['^a{1,2}$']],
    ['10.0.0.0/8, 2001:db8::/32', 'network', ['10.0.0.0/8', '2001:db8::/32']],
    ['', 'any', []],
  ])('%j as %s', (text, type, values) => {
    expect(parseValues(text, type)).toEqual({ values });
  });

  test.each<[string, ValueType, string]>([
    ['12x', 'number', '12x is not a number'],
    ['tomorrow', 'date', 'tomorrow is not a date like 2026-11-30T09:00:00Z'],
    ['v2', 'version', 'v2 is not a version like 2.14.0'],
    ['10.0.0/8', 'network', 'An IPv4 range has four parts, like 10.0.0.0/8; got 10.0.0/8'],
    ['"Smith, John', 'text', '"Smith: put the whole value in quotes, and write a quote in it twice, like "say ""hi"""'],
    ['10.0.0.0/33', 'network', '10.0.0.0/33: after the slash stands a number from 0 to 32'],
  ])('%j as %s is refused', (text, type, fault) => {
    expect(parseValues(text, type).fault).toBe(fault);
  });

  test('of a key are text, whatever they look like', () => {
    expect([valueTypeOf({ op: 'in' }), valueTypeOf({ op: 'in', attribute: 'key' })]).toEqual(['text', 'text']);
    expect(valueTypeOf({ op: 'in', attribute: 'seats' })).toBe('any');
    expect(valueTypeOf({ op: 'lessThan', attribute: 'key' })).toBe('number');
    for (const value of ['42', 'true', '"a"', 'a']) {
      expect(parseValues(writeValue(value, 'text'), 'text').values).toEqual([value]);
    }
  });

  test('are kept where the test becomes another that can have them', () => {
    const was = { op: 'in', attribute: 'seats', values: [42, 'many'] };
    expect(keepValues(was, { op: 'in', attribute: 'plan' })).toEqual([42, 'many']);
    expect(keepValues(was, { op: 'in', attribute: 'key' })).toEqual(['42', 'many']);
    expect(keepValues(was, { op: 'startsWith', attribute: 'seats' })).toEqual(['42', 'many']);
    expect(keepValues({ ...was, attribute: 'key' }, was)).toEqual([42, 'many']);
    expect(keepValues(was, { op: 'lessThan', attribute: 'seats' })).toEqual([]);
  });

  test.each<[ValueType, readonly (string | number | boolean)[]]>([
    ['any', ['a', '1', 1, true, 'true', -2.5, '007', 1e21, 1e-7, '1e-7', 1234567890123456]],
    ['any', ['Smith, John', ' a ', '', '"', 'a\nb', '"a", "b"', ',', 'Infinity']],
    ['text', ['Smith, John', '42', 'true', '"a"', 'say "hi"']],
    ['number', [0, -2.5, 1e21]],
    ['date', [1764500000000, '2026-11-30T09:00:00Z']],
    ['version', ['2.14.0', '3.0.0-beta.1']],
    ['path', ['/orders/{a,b}/*']],
  ])('of type %s are written so that they are read as the same', (type, values) => {
    const text = values.map((value) => writeValue(value, type)).join(', ');
    expect(parseValues(text, type)).toEqual({ values });
  });
});

test('patterns are taken as they are, and tried as far as the browser can', () => {
  expect(parseValues('(?i)^ann@\n(?P<who>x)', 'pattern')).toEqual({ values: ['(?i)^ann@', '(?P<who>x)'] });
  expect(tryPatterns(['(?i)^ann@'], 'ANN@example.com')).toBe(true);
  expect(tryPatterns(['^ann@'], 'ANN@example.com')).toBe(false);
  expect(tryPatterns(['(?P<who>x)'], 'x')).toBeUndefined();
  expect(tryPatterns(['(?P<who>x)', '^ann'], 'ann')).toBe(true);
  expect(tryPatterns(['(?P<who>x)', '^ann'], 'bob')).toBeUndefined();
});
