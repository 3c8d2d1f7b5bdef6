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

  test.each(both.flatMap((a) => both.map((b) => [a, b] as const)))('%s and %s: equal stores, with versions', (a, b) => {
    expect(countDivergent(a, b, true)).toEqual({ of: 6, divergent: 0 });
  });

  test.each(both.flatMap((a) => both.map((b) => [a, b] as const)))('%s and %s: not without versions', (a, b) => {
    const isSameOrder = stagePlans[a].authority === stagePlans[b].authority;
    expect(countDivergent(a, b, false)).toEqual({ of: 6, divergent: isSameOrder ? 2 : 4 });
  });
});
