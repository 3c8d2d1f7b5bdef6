import { describe, expect, test } from 'vitest';
import { diffJson } from './diff-json.ts';

const diff = (before: unknown, after: unknown): string[] | undefined =>
  diffJson('value', '', JSON.stringify(before), JSON.stringify(after));

describe('of two values with parts', () => {
  test('what differs is told by its place, and nothing else', () => {
    expect(diff({ soft: 1, hosts: ['a', 'b'], same: [1] }, { soft: 2, hosts: ['a', 'c'], same: [1] })).toEqual([
      'value.soft: 1 → 2',
      'value.hosts[1]: "b" → "c"',
    ]);
    expect(diff({ a: { 'b c': 1 } }, { a: { 'b c': [1] } })).toEqual(['value.a["b c"]: 1 → [1]']);
  });

  test('what came and went is, and in a list does not change what stands behind it', () => {
    expect(diff({ a: 1 }, { b: [2] })).toEqual(['value.a removed: 1', 'value.b added: [2]']);
    expect(diff([1, 2, 3, 4], [1, 3, 4])).toEqual(['value[1] removed: 2']);
    expect(diff([1, 2], [0, 1, 2])).toEqual(['value[0] added: 0']);
    expect(diff([1, 1], [1])).toEqual(['value[1] removed: 1']);
  });

  test('many differences are counted, and long texts cut', () => {
    const [before, after] = [0, 1].map((value) => Array.from({ length: 40 }, () => value));
    expect(diff(before, after)).toHaveLength(11);
    expect(diff(before, after)?.at(-1)).toBe('30 more parts of value');
    expect(diff({ a: 1 }, { a: 'x'.repeat(1000) })?.[0]?.length).toBeLessThan(130);
  });
});

test('values without parts, of different kinds, or in another order differ as a whole', () => {
  expect([diff(1, 2), diff([1], { a: 1 }), diff(null, {}), diff({ a: 1, b: 2 }, { b: 2, a: 1 })]).toEqual(
    Array(4).fill(undefined),
  );
});
