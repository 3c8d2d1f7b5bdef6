import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { formatFields, formatTable } from './table.ts';

const endless = Number.POSITIVE_INFINITY;

describe('a table', () => {
  test('has its columns under their headings', () => {
    expect(
      formatTable(
        ['KEY', 'STATE', 'SERVES'],
        [
          ['a', 'on', 'blue'],
          ['long-key', 'off', ''],
        ],
        endless,
      ),
    ).toEqual(['KEY       STATE  SERVES', 'a         on     blue', 'long-key  off']);
    expect(formatTable(['KEY', 'STATE'], [], endless)).toEqual(['KEY  STATE']);
  });

  test('stays in line with wide characters, marks, and emoji of several code points', () => {
    const names = ['東京', 'zürich', 'e\u0301', '👩‍🚒', '🇳🇱', 'ｗｉｄｅ', ''];
    const rows = formatTable(
      ['NAME', 'NEXT'],
      names.map((name) => [name, '|']),
      endless,
    );
    expect(new Set(rows.slice(1).map((row) => stringWidth(row)))).toEqual(new Set([11]));
    expect(rows[1]).toBe('東京      |');
  });

  test('is not cut where nobody looks at it', () => {
    const long = 'x'.repeat(5000);
    expect(formatTable(['A', 'B'], [[long, long]], endless)[1]).toBe(`${long}  ${long}`);
  });

  test.each([20, 40, 60])('fits in a terminal of %i columns; what is too long is cut where it is longest', (width) => {
    const rows = [
      ['short', 'a comment that says at length what was done and why', 'x'],
      ['東京', '東京東京東京東京東京東京東京東京東京東京東京東京東京東京東京', 'x'],
    ];
    const lines = formatTable(['KEY', 'WHY', 'END'], rows, width);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/^short {2}a .*[…y] +x$/);
    expect(lines[2]).toMatch(/^東京 {3}東.*… +x$/);
    expect(new Set(lines.slice(1).map((line) => stringWidth(line))).size).toBe(1);
  });

  test('is as it is where a terminal has no room for it', () => {
    expect(formatTable(['A', 'B'], [['12345678', '12345678']], 5)[1]).toBe('12345678  12345678');
  });

  test('has a line for each row, whatever is in its cells', () => {
    const lines = formatTable(
      ['NAME', 'STATE'],
      [
        ['evil\nadmin  on', 'off'],
        ['\u001b[2J', 'on'],
      ],
      endless,
    );
    expect(lines).toEqual([
      'NAME             STATE',
      String.raw`evil\nadmin  on  off`,
      String.raw`\u001b[2J        on`,
    ]);
  });
});

test('fields stand below each other, and so do the lines of one', () => {
  expect(
    formatFields([
      ['state', 'on'],
      ['variations', ['a', 'b']],
      ['none', []],
    ]),
  ).toEqual(['  state       on', '  variations  a', '              b']);
});
