import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopKeys } from './top-keys.ts';

/** Some keys come up much more often than others. */
const keys = fc.tuple(fc.nat(19), fc.nat(19)).map(([one, other]) => `k${Math.min(one, other)}`);
const parts = fc.array(fc.array(keys, { maxLength: 80 }), { minLength: 1, maxLength: 8 });

function sketchOf(seen: readonly string[], capacity: number): TopKeys {
  const sketch = new TopKeys(capacity);
  for (const key of seen) sketch.count(key);
  return sketch;
}

function countExactly(seen: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of seen) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Everything that a sketch promises of what it was told. */
function check(sketch: TopKeys, seen: readonly string[], capacity: number): void {
  const exact = countExactly(seen);
  const listed = sketch.list();
  const [floor] = sketch.encode();
  expect(listed.length).toBeLessThanOrEqual(capacity);
  for (const { key, count, error } of listed) {
    const real = exact.get(key) ?? 0;
    expect(count).toBeGreaterThanOrEqual(real);
    expect(count - error).toBeLessThanOrEqual(real);
    expect(error).toBeLessThanOrEqual(seen.length / capacity);
  }
  for (const [key, real] of exact) {
    if (!listed.some((entry) => entry.key === key)) expect(real).toBeLessThanOrEqual(Number(floor));
  }
  expect(floor).toBeLessThanOrEqual(seen.length / capacity);
}

describe('top keys', () => {
  test('have counts between the bounds that are told, and leave out nothing that came up often', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 400 }), fc.integer({ min: 1, max: 12 }), (seen, capacity) =>
        check(sketchOf(seen, capacity), seen, capacity),
      ),
      { numRuns: 300 },
    );
  });

  test('keep that when they are merged, one after the other or in pairs', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 12 }), fc.boolean(), (given, capacity, inPairs) => {
        let sketches = given.map((seen) => sketchOf(seen, capacity));
        while (sketches.length > 1) {
          const [first, second, ...rest] = sketches;
          if (first === undefined || second === undefined) break;
          first.merge(second);
          sketches = inPairs ? [...rest, first] : [first, ...rest];
        }
        check(sketches[0] ?? new TopKeys(capacity), given.flat(), capacity);
      }),
      { numRuns: 300 },
    );
  });

  test('go on counting after a merge', () => {
    fc.assert(
      fc.property(fc.array(keys), fc.array(keys), fc.array(keys), (one, other, later) => {
        const sketch = sketchOf(one, 4);
        sketch.merge(sketchOf(other, 4));
        for (const key of later) sketch.count(key);
        check(sketch, [...one, ...other, ...later], 4);
      }),
    );
  });

  test('find one bad customer among 100,000', () => {
    const sketch = new TopKeys(50);
    for (let at = 0; at < 100_000; at++) {
      sketch.count(`account-${at}`);
      if (at % 20 === 0) sketch.count('42');
    }
    const [first, second] = sketch.list();
    expect(first?.key).toBe('42');
    expect((first?.count ?? 0) - (first?.error ?? 0)).toBeGreaterThan(second?.error ?? 0);
    expect(first?.count).toBeGreaterThanOrEqual(5000);
    expect(sketch.list()).toHaveLength(50);
  });

  test('are exact as long as there are no more than are kept', () => {
    const sketch = sketchOf(['a', 'b', 'a'], 2);
    expect(sketch.list()).toEqual([
      { key: 'a', count: 2, error: 0 },
      { key: 'b', count: 1, error: 0 },
    ]);
  });
});

describe('encoded', () => {
  test('they are read as they were', () => {
    fc.assert(
      fc.property(fc.array(keys), (seen) => {
        const encoded = sketchOf(seen, 5).encode();
        expect(TopKeys.parse(JSON.parse(JSON.stringify(encoded)), 5)?.encode()).toEqual(encoded);
      }),
    );
  });

  test('more than are kept are cut, and what was cut is remembered as possible', () => {
    const parsed = TopKeys.parse([1, 'a', 9, 0, 'b', 4, 1, 'c', 7, 0], 2);
    expect(parsed?.encode()).toEqual([4, 'a', 9, 0, 'c', 7, 0]);
  });

  test.each([
    ['nothing', []],
    ['no list', 'a'],
    ['half an entry', [0, 'a', 1]],
    ['a negative count', [0, 'a', -1, 0]],
    ['what JSON makes of NaN', [0, 'a', null, 0]],
    ['an error above the count', [0, 'a', 1, 2]],
    ['a key that is no text', [0, 7, 1, 0]],
    ['a key twice', [0, 'a', 1, 0, 'a', 1, 0]],
    ['a floor that is no count', [-1]],
    ['a count below the floor', [3, 'a', 2, 0]],
  ])('%s is refused', (_, encoded) => {
    expect(TopKeys.parse(encoded, 5)).toBeUndefined();
  });
});

test('counts stay countable, however large they are made', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const create = (): TopKeys => TopKeys.parse([7, 'a', most, most, 'b', 7, 7], 2) ?? new TopKeys(2);
  const sketch = create();
  sketch.merge(create());
  sketch.merge(new TopKeys(2));
  sketch.merge(TopKeys.parse([most, 'c', most, 0], 2) ?? new TopKeys(2));
  expect(sketch.encode()).toEqual([most, 'a', most, most, 'b', most, most]);
});
