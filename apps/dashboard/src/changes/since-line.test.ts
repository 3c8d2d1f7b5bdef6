import { describe, expect, test } from 'vitest';
import { countSince, findSince, moveSince, parseSince } from './since-line.ts';

const at = (time: string) => Date.parse(`2026-11-27T${time}Z`);
const changes = ['14:11:52', '14:08:01', '14:02:40', '14:02:40', '14:02:10', '13:58:12'].map((time) => ({
  createdAt: at(time),
}));

describe('the since line', () => {
  test('is on a whole minute where one lies between two changes', () => {
    expect(findSince(changes, 2)).toBe(at('14:08:00'));
    expect(findSince(changes, 5)).toBe(at('14:02:00'));
    expect(findSince(changes, 4)).toBe(at('14:02:40'));
    expect(findSince(changes, 6)).toBe(at('13:58:12'));
    expect(findSince(changes, 0)).toBeUndefined();
  });

  test('has above it what was made since, also where a clock went back', () => {
    expect(
      [at('14:08:00'), at('14:02:10'), at('15:00:00'), undefined].map((since) => countSince(changes, since)),
    ).toEqual([2, 5, 0, 0]);
    expect(countSince([{ createdAt: 5 }, { createdAt: 3 }, { createdAt: 6 }], 4)).toBe(1);
  });

  test('goes back and forward by one change, and over those of one moment at once', () => {
    const counts: number[] = [];
    let since: number | undefined;
    for (let step = 0; step < 6; step++) {
      since = moveSince(changes, since, 'back');
      counts.push(countSince(changes, since));
    }
    for (let step = 0; step < 6; step++) {
      since = moveSince(changes, since, 'forward');
      counts.push(countSince(changes, since));
    }
    expect(counts).toEqual([1, 2, 4, 5, 6, 6, 5, 4, 2, 1, 0, 0]);
  });

  test('stands in the address as a time that one can read', () => {
    expect(parseSince('2026-11-27T14:02:00.000Z')).toBe(at('14:02:00'));
    expect(parseSince(String(at('14:02:00')))).toBe(at('14:02:00'));
    expect([parseSince('soon'), parseSince(undefined)]).toEqual([undefined, undefined]);
  });
});
