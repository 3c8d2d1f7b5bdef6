import { describe, expect, test } from 'vitest';
import type { Configuration } from '../flag/draft.ts';
import { environmentValueOf, listConfigInstructions, overrideOf, withOverride, withValue } from './config-draft.ts';

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
});
