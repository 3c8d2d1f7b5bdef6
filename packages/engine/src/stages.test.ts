import { describe, expect, test } from 'vitest';
import { areCompatible, otherSide, type Side, type Stage, stagePlans, stages } from './stages.ts';

/** A value is told by its version: whoever writes later has the higher one. */
type Stores = Record<Side, number>;
type Step = (stores: Stores) => void;

/** The writes of one operation, in the order in which it makes them. */
function stepsOf(stage: Stage, version: number, isGuarded: boolean): readonly Step[] {
  const { authority, writesBoth } = stagePlans[stage];
  const sides = writesBoth ? [authority, otherSide(authority)] : [authority];
  return sides.map((side) => (stores) => {
    if (!isGuarded || stores[side] < version) stores[side] = version;
  });
}

/** Every order in which two operations can meet. */
function interleave(a: readonly Step[], b: readonly Step[]): readonly (readonly Step[])[] {
  const [firstOfA, ...restOfA] = a;
  const [firstOfB, ...restOfB] = b;
  if (firstOfA === undefined) return [b];
  if (firstOfB === undefined) return [a];
  return [
    ...interleave(restOfA, b).map((rest) => [firstOfA, ...rest]),
    ...interleave(a, restOfB).map((rest) => [firstOfB, ...rest]),
  ];
}

function countDivergent(a: Stage, b: Stage, isGuarded: boolean): { readonly of: number; readonly divergent: number } {
  const orders = interleave(stepsOf(a, 1, isGuarded), stepsOf(b, 2, isGuarded));
  const ends = orders.map((steps) => {
    const stores = { old: 0, new: 0 };
    for (const step of steps) step(stores);
    return stores;
  });
  return { of: orders.length, divergent: ends.filter(({ old, new: next }) => old !== next).length };
}

const pairs = stages.flatMap((a) => stages.map((b) => [a, b] as const));

describe('a record that is in two stages while a change is on its way', () => {
  test.each(pairs)('a write in %s is seen by a read in %s exactly when they are said to be compatible', (a, b) => {
    const sees = (writer: Stage, reader: Stage): boolean => {
      const stores = { old: 0, new: 0 };
      for (const step of stepsOf(writer, 1, true)) step(stores);
      return stores[stagePlans[reader].authority] === 1;
    };
    expect(areCompatible(a, b)).toBe(sees(a, b) && sees(b, a));
  });

  test('is stale for some in exactly these pairs', () => {
    const lines = pairs.filter(([a, b]) => a <= b && !areCompatible(a, b)).map(([a, b]) => [a, b].sort().join(' '));
    expect(lines.sort()).toEqual(['complete dualwrite', 'complete off', 'complete shadow', 'live off', 'off rampdown']);
  });
});

describe('two writes of one record at the same moment', () => {
  const both = stages.filter((stage) => stagePlans[stage].writesBoth);

  /** Whether readers of both stages see at every moment what was acknowledged by then, or something later. */
  function areAllFresh(a: Stage, b: Stage, isGuarded: boolean): boolean {
    const writers = [stepsOf(a, 1, isGuarded), stepsOf(b, 2, isGuarded)] as const;
    return interleave(...writers).every((steps) => {
      const stores = { old: 0, new: 0 };
      return steps.every((step, at) => {
        step(stores);
        const done = new Set(steps.slice(0, at + 1));
        const acknowledged = Math.max(
          ...writers.map((own, index) => (own.every((each) => done.has(each)) ? index + 1 : 0)),
        );
        return [a, b].every((reader) => stores[stagePlans[reader].authority] >= acknowledged);
      });
    });
  }

  test.each(pairs)('%s and %s: what was acknowledged is seen exactly when they are compatible', (a, b) => {
    expect(areAllFresh(a, b, true)).toBe(areCompatible(a, b));
  });

  test('what was acknowledged is seen in no pair without versions', () => {
    expect(pairs.filter(([a, b]) => areAllFresh(a, b, false))).toEqual([]);
  });

  test.each(both.flatMap((a) => both.map((b) => [a, b] as const)))('%s and %s: equal stores, with versions', (a, b) => {
    expect(countDivergent(a, b, true)).toEqual({ of: 6, divergent: 0 });
  });

  test.each(both.flatMap((a) => both.map((b) => [a, b] as const)))('%s and %s: not without versions', (a, b) => {
    const isSameOrder = stagePlans[a].authority === stagePlans[b].authority;
    expect(countDivergent(a, b, false)).toEqual({ of: 6, divergent: isSameOrder ? 2 : 4 });
  });
});
