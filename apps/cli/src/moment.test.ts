import { describe, expect, test } from 'vitest';
import { parseMoment } from './moment.ts';

const now = new Date(2026, 10, 23, 14, 30).getTime();
const at = (...parts: [number, number, number, number, number, number?]) => new Date(...parts).getTime();

describe('a moment', () => {
  test.each([
    ['14:02', at(2026, 10, 23, 14, 2)],
    ['9:05:30', at(2026, 10, 23, 9, 5, 30)],
    ['14:30', now],
    // Later today has not been yet.
    ['23:59', at(2026, 10, 22, 23, 59)],
    ['2026-11-01T08:00', at(2026, 10, 1, 8, 0)],
    ['2026-11-01T08:00:00Z', Date.UTC(2026, 10, 1, 8)],
    ['20m', now - 20 * 60_000],
    ['2h', now - 2 * 3_600_000],
  ])('%s', (given, expected) => {
    expect(parseMoment('--since', given, now)).toBe(expected);
  });

  test.each(['24:00', '14:60', 'yesterday', '20', '', '2026-13-01T00:00'])('is not "%s"', (given) => {
    expect(() => parseMoment('--since', given, now)).toThrow('--since must be a time such as 14:02');
  });
});
