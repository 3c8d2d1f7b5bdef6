import { expect, test } from 'vitest';
import { formatNumber, formatTable } from './table.ts';

test('columns are as wide as their widest entry, names to the left and numbers to the right', () => {
  const table = {
    title: 'Speed',
    header: ['', 'ours', 'theirs'],
    rows: [
      ['a', '1', '1,000'],
      ['longer', '22', '-'],
    ],
  };
  expect(formatTable(table).split('\n')).toEqual([
    'Speed',
    '',
    '        ours  theirs',
    '------  ----  ------',
    'a          1   1,000',
    'longer    22       -',
    '',
  ]);
});

test.each([
  [0, '0.00'],
  [0.0567, '0.06'],
  [21.44, '21.4'],
  [183.2, '183'],
  [1830, '1,830'],
  [-0.002, '-0.00'],
])('%d is shown as %s', (value, shown) => {
  expect(formatNumber(value)).toBe(shown);
});
