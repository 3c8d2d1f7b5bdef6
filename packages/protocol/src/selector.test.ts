import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeSelector, parseSelector } from './index.ts';

describe('a selector', () => {
  test('comes back as it was minted', () => {
    const selector = { epoch: 'k3v9x0ab', version: 1_000_012 };
    expect(encodeSelector(selector)).toBe('k3v9x0ab:1000012');
    expect(parseSelector(encodeSelector(selector))).toEqual(selector);
  });

  test('has only characters that need no escaping, as clients do not escape it', () => {
    const text = encodeSelector({ epoch: 'k3v9x0ab', version: 12 });
    expect(text).toMatch(/^[A-Za-z0-9():_.-]+$/);
    expect(new URLSearchParams(`basis=${text}`).get('basis')).toBe(text);
  });

  test.each([
    undefined,
    null,
    '',
    ':',
    'e1',
    'e1:',
    ':1',
    'e1:-1',
    'e1:1.5',
    'e1:1e3',
    'e1:1 ',
    'e 1:1',
    '(p:p1:5)',
    'e1:1:2',
    `e1:${'9'.repeat(16)}`,
    `${'e'.repeat(65)}:1`,
  ])('is none when it reads %j', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });

  test('is parsed to safe integers or not at all, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9_-]{1,70}:\d{1,20}$/)), (text) => {
        const selector = parseSelector(text);
        if (selector === undefined) return;
        expect(Number.isSafeInteger(selector.version)).toBe(true);
        expect(parseSelector(encodeSelector(selector))).toEqual(selector);
      }),
    );
  });
});
