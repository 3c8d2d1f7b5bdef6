import { flagOf } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { Tally } from './tally.ts';

const ann = { kind: 'user', key: 'ann' };
const flag = flagOf('flag', { version: 3, variations: ['a', 'b', null] });

describe('a tally', () => {
  test('counts by variation, and default values apart', () => {
    const tally = new Tally(flag, () => undefined);
    tally.count(1, ann, 'first');
    tally.count(undefined, ann, 'second');
    tally.count(1, { kind: 'org', key: 'o' }, 'third');
    tally.count(2, { kind: 'multi', user: { key: 'a' }, device: { key: 'd' } }, 'third');
    expect(tally.take()).toEqual({
      default: 'first',
      contextKinds: ['user', 'org', 'device'],
      counters: [
        { value: 'second', count: 1, version: 3 },
        { value: 'b', count: 2, variation: 1, version: 3 },
        { value: null, count: 1, variation: 2, version: 3 },
      ],
    });
  });

  test('begins anew once it is taken', () => {
    const tally = new Tally(flag, () => undefined);
    tally.count(0, ann, 'first');
    tally.take();
    expect(tally.take()).toBeUndefined();
    tally.count(1, undefined, 'second');
    expect(tally.take()).toEqual({
      default: 'second',
      contextKinds: [],
      counters: [{ value: 'b', count: 1, variation: 1, version: 3 }],
    });
  });

  test('tells once that there is something to take', () => {
    const told: Tally[] = [];
    const tally = new Tally(flag, (itself) => told.push(itself));
    expect(told).toEqual([]);
    tally.count(0, ann, 'x');
    tally.count(1, ann, 'x');
    expect(told).toEqual([tally]);
    tally.take();
    tally.count(0, ann, 'x');
    expect(told).toEqual([tally, tally]);
  });

  test('of a flag without variations counts default values', () => {
    const tally = new Tally({ key: 'flag', version: 1 }, () => undefined);
    tally.count(undefined, ann, 5);
    expect(tally.take()?.counters).toEqual([{ value: 5, count: 1, version: 1 }]);
  });

  test.each([
    [{}, true],
    [{ debugEventsUntilDate: 0 }, true],
    [{ debugEventsUntilDate: null }, true],
    [{ trackEvents: true }, false],
    [{ trackEventsFallthrough: true }, false],
    [{ debugEventsUntilDate: 1 }, false],
    [{ excludeFromSummaries: true }, false],
  ])('of a flag with %o is all that there is to do: %s', (fields, isPlain) => {
    expect(new Tally(flagOf('flag', fields), () => undefined).isPlain).toBe(isPlain);
  });
});
