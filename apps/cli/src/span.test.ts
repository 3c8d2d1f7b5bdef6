import { expect, test } from 'vitest';
import { formatAgo, formatSpan, parseSpan, type SpanFormat } from './span.ts';

test.each([
  [0, '0 ms'],
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1000, '1.00 s'],
  [9999, '10.00 s'],
  [10_000, '10 s'],
  [119_999, '120 s'],
  [120_000, '2 min'],
  [7_199_999, '120 min'],
  [7_200_000, '2 h'],
  [172_799_999, '48 h'],
  [172_800_000, '2 d'],
])('%d milliseconds are told as %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test.each([
  [-5, '0 s ago'],
  [1499, '1 s ago'],
  [120_000, '2 min ago'],
])('what was %d milliseconds ago was %s', (ms, text) => {
  expect(formatAgo(ms)).toBe(text);
});

const days: SpanFormat = { units: ['m', 'h', 'd'], examples: '30m, 4h or 2d' };

test.each([
  ['30m', 1_800_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
])('%s is %d milliseconds', (given, ms) => {
  expect(parseSpan('--expires', given, days)).toBe(ms);
});

test.each(['4', '4 h', '4H', '10s', '-4h', '', 'h', '1h30m', '1e3h'])(
  '"%s" is no time in minutes, hours or days',
  (given) => {
    const sentence = `--expires must be a time such as 30m, 4h or 2d, got "${given}"`;
    expect(() => parseSpan('--expires', given, days)).toThrow(sentence);
  },
);

test('a number without a unit is in the usual one where there is one', () => {
  expect(parseSpan('--timeout', '5', { ...days, unit: 'm' })).toBe(300_000);
});
