import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOutput, toPlain } from './output.ts';

function capture(): { readonly written: string[]; readonly output: ReturnType<typeof createOutput> } {
  const written: string[] = [];
  return { written, output: createOutput({ print: (text) => void written.push(text), width: 80 }) };
}

describe('what is printed for people', () => {
  test.each([
    ['a\nb', String.raw`a\nb`],
    ['a\rb\tc', String.raw`a\rb\tc`],
    ['\u001b[31mred\u001b[0m', String.raw`\u001b[31mred\u001b[0m`],
    ['ding\u0007', String.raw`ding\u0007`],
    ['\u007f \u0080 \u009b2J', String.raw`\u007f \u0080 \u009b2J`],
    ['a\u2028b\u2029c', String.raw`a\u2028b\u2029c`],
    ['txt.\u202egnp', String.raw`txt.\u202egnp`],
    ['\u2066left\u2069', String.raw`\u2066left\u2069`],
    ['Grüße, 東京 👩‍🚒 مرحبا C:\\new', 'Grüße, 東京 👩‍🚒 مرحبا C:\\new'],
    ['', ''],
  ])('does nothing to a terminal: %j', (text, plain) => {
    expect(toPlain(text)).toBe(plain);
  });

  test('is one line, whatever it is, and the same when it was made plain before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = toPlain(text);
        expect(plain).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        expect(toPlain(plain)).toBe(plain);
      }),
    );
  });

  test('is several lines only where they are given as such', () => {
    const { written, output } = capture();
    output.print('one\ntwo');
    output.print(['three', 'four\u001b']);
    expect(written).toEqual([String.raw`one\ntwo`, `three\n${String.raw`four\u001b`}`]);
  });
});

test('what is printed for programs is exact', () => {
  const { written, output } = capture();
  const value = { name: 'a\nb\u202e\u009b' };
  output.printJson(value);
  expect(written[0]).toContain('\u202e\u009b');
  expect(JSON.parse(written[0] ?? '')).toEqual(value);
});
