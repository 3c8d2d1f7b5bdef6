import { describe, expect, test } from 'vitest';
import type { Configuration } from '../flag/draft.ts';
import {
  environmentValueOf,
  listConfigInstructions,
  overrideOf,
  rebaseValues,
  withOverride,
  withValue,
} from './config-draft.ts';

const was: Configuration = {
  on: true,
  offVariation: '60',
  fallthrough: { variation: '60' },
  targets: [],
  prerequisites: [],
  rules: [],
};
const dimensions = ['account', 'route'];
const account = (key: string) => [{ contextKind: 'account', attribute: 'key', op: 'in', values: [key] }];
const route = [{ contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] }];

describe('the edits of a config', () => {
  test('are nothing where it is as it was', () => {
    expect(listConfigInstructions(was, withValue(was, 60), false)).toEqual([]);
  });

  test('set the value of the environment', () => {
    const next = withValue(was, { soft: 1 });
    expect(environmentValueOf(next)).toEqual({ soft: 1 });
    expect(listConfigInstructions(was, next, true)).toEqual([{ kind: 'set-value', value: { soft: 1 }, confirm: true }]);
  });

  test('put overrides in the order in which they win, and set, replace and remove them', () => {
    const one = withOverride(was, 'r', { id: 'r', clauses: route, value: 30 }, dimensions);
    const two = withOverride(one, 'a', { id: 'a', name: 'heavy', clauses: account('42'), value: 90 }, dimensions);
    expect(two.rules.map(({ id }) => id)).toEqual(['a', 'r']);
    expect(listConfigInstructions(was, two, false)).toEqual([
      { kind: 'set-override', id: 'r', when: route, value: 30 },
      { kind: 'set-override', id: 'a', name: 'heavy', when: account('42'), value: 90 },
    ]);
    const [first] = two.rules.map(overrideOf);
    if (first === undefined) throw new Error('there is no override');
    const changed = withOverride(two, 'a', { ...first, value: 120 }, dimensions);
    expect(listConfigInstructions(two, changed, false)).toEqual([
      { kind: 'set-override', id: 'a', name: 'heavy', when: account('42'), value: 120 },
    ]);
    const moved = withOverride(two, 'a', { ...first, clauses: account('43') }, dimensions);
    expect(listConfigInstructions(two, moved, false)).toEqual([
      { kind: 'remove-override', id: 'a' },
      { kind: 'set-override', id: 'a', name: 'heavy', when: account('43'), value: 90 },
    ]);
    expect(listConfigInstructions(two, withOverride(two, 'r', undefined, dimensions), false)).toEqual([
      { kind: 'remove-override', id: 'r' },
    ]);
  });

  test('go on top of what somebody else left, which they do not touch', () => {
    const began = ['a', 'b', 'c'].reduce(
      (all, id) => withOverride(all, id, { id, clauses: account(id), value: 1 }, dimensions),
      was,
    );
    const set = (on: Configuration, id: string, value: number, key = id) =>
      withOverride(on, id, { id, clauses: account(key), value }, dimensions);
    const theirs = withValue(set(set(began, 'b', 20), 'd', 40), 70);
    // One is set that they set too, one is taken out, one is new, and another is for the same account as theirs.
    const mine = set(set(withOverride(set(began, 'b', 21), 'c', undefined, dimensions), 'e', 50), 'f', 41, 'd');
    const rebased = rebaseValues({ began, theirs, mine }, dimensions);
    expect(environmentValueOf(rebased)).toBe(70);
    expect(rebased.rules.map(overrideOf).map(({ id, value }) => [id, value])).toEqual([
      ['f', 41],
      ['e', 50],
      ['b', 21],
      ['a', 1],
    ]);
    expect(
      listConfigInstructions(theirs, rebased, false).map(({ kind, ...of }) => [kind, 'id' in of && of.id]),
    ).toEqual([
      ['remove-override', 'd'],
      ['remove-override', 'c'],
      ['set-override', 'b'],
      ['set-override', 'e'],
      ['set-override', 'f'],
    ]);
    expect(rebaseValues({ began, theirs, mine: withValue(began, 80) }, dimensions)).toEqual(withValue(theirs, 80));
    expect(rebaseValues({ began, theirs: began, mine }, dimensions)).toEqual(mine);
  });
});
