import { expect, test } from 'vitest';
import { HourlyNames } from './hourly-names.ts';

test('names are told apart up to a limit, in each environment and each hour', () => {
  const names = new HourlyNames(2);
  const admitted = (at: number, environment = 'e') => ['a', 'b', 'c', 'a'].map((n) => names.admit(environment, n, at));
  expect(admitted(0)).toEqual([true, true, false, true]);
  expect(admitted(3_599_999, 'another')).toEqual([true, true, false, true]);
  expect(names.admit('e', 'c', 3_599_999)).toBe(false);
  expect(names.admit('e', 'c', 3_600_000)).toBe(true);
  // A clock that is set back does not keep a name out for longer.
  expect([names.admit('e', 'd', 3_600_001), names.admit('e', 'f', 3_600_001)]).toEqual([true, false]);
  expect(names.admit('e', 'f', 0)).toBe(true);
});
