import type { AmbiguousPolicy, ProviderOrder, ProviderPlace } from '@sluice/protocol';
import { describe, expect, test } from 'vitest';
import { listCandidates, listNext } from './choosing.ts';
import type { Attempt } from './provider.ts';
import type { HealthState } from './provider-health.ts';

const orderOf = (providers: readonly ProviderPlace[], warmShare = 0): ProviderOrder => ({
  providers,
  ambiguous: 'never',
  dwellMs: 0,
  warmShare,
});
const active = (name: string, share?: number): ProviderPlace => ({
  name,
  state: 'active',
  ...(share !== undefined && { share }),
});
const standby = (name: string): ProviderPlace => ({ name, state: 'standby' });
const drained = (name: string): ProviderPlace => ({ name, state: 'drained' });
const allWell = (): HealthState => 'well';

/** Percent of 1,000 evenly placed messages that go to each first. */
function firstTries(order: ProviderOrder): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let place = 0; place < 1000; place++) {
    const [first = 'nobody'] = listCandidates(order, place / 1000, allWell);
    counts[first] = (counts[first] ?? 0) + 0.1;
  }
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Math.round(count * 10) / 10]));
}

describe('first tries', () => {
  test.each([
    ['go to the first active one', [active('a'), active('b'), standby('c'), drained('d')], 0, { a: 100 }],
    ['go by shares', [active('a', 70), active('b', 30)], 0, { a: 70, b: 30 }],
    ['go to the first without a share for the rest', [active('a'), active('b', 10), active('c')], 0, { a: 90, b: 10 }],
    [
      'go to each on standby as the warm share says',
      [active('a'), standby('b'), standby('c')],
      5,
      { a: 90, b: 5, c: 5 },
    ],
    ['share what the warm ones leave', [active('a', 50), standby('w'), active('b', 50)], 10, { a: 45, b: 45, w: 10 }],
    ['go to the first on standby when none is active', [drained('a'), standby('b'), standby('c')], 5, { b: 100 }],
    ['go nowhere when all are drained', [drained('a')], 5, { nobody: 100 }],
  ] as const)('%s', (_, providers, warmShare, expected) => {
    expect(firstTries(orderOf(providers, warmShare))).toEqual(expected);
  });
});

describe('failing over', () => {
  const order = orderOf([standby('warm'), active('a'), drained('never'), active('b')]);
  const candidatesWith = (states: Readonly<Record<string, HealthState>>) =>
    listCandidates(order, 0.5, (name) => states[name] ?? 'well');

  test('goes through the active ones, then those on standby, in the order of the list', () => {
    expect(candidatesWith({})).toEqual(['a', 'b', 'warm']);
    expect(listCandidates(orderOf(order.providers, 5), 0, allWell)).toEqual(['warm', 'a', 'b']);
  });

  test('passes over the sick, and comes to those that recover last', () => {
    expect(candidatesWith({ a: 'sick' })).toEqual(['b', 'warm']);
    expect(candidatesWith({ a: 'recovering', b: 'sick' })).toEqual(['warm', 'a']);
  });

  test('asks the sick when there is nobody else', () => {
    expect(candidatesWith({ a: 'sick', b: 'sick', warm: 'sick' })).toEqual(['a', 'b', 'warm']);
    expect(candidatesWith({ a: 'sick', b: 'recovering', warm: 'sick' })).toEqual(['b']);
  });
});

describe('after a try of a', () => {
  const definite = { provider: 'a', at: 0, outcome: 'not-accepted' } as const;
  const ambiguous = { provider: 'a', at: 0, outcome: 'unknown' } as const;
  const elsewhere = { provider: 'b', at: 0, outcome: 'unknown' } as const;

  test.each<
    [AmbiguousPolicy, string, { honours: boolean; attempts: readonly Attempt[]; earlier?: boolean }, readonly string[]]
  >([
    ['never', 'definite', { honours: true, attempts: [definite] }, ['b', 'c']],
    ['never', 'ambiguous', { honours: true, attempts: [ambiguous] }, []],
    ['never', 'ambiguous before this process', { honours: true, attempts: [ambiguous], earlier: true }, []],
    ['idempotent-only', 'definite', { honours: true, attempts: [definite] }, ['b', 'c']],
    ['idempotent-only', 'ambiguous', { honours: true, attempts: [ambiguous] }, ['a']],
    ['idempotent-only', 'ambiguous before', { honours: true, attempts: [ambiguous], earlier: true }, ['a']],
    ['idempotent-only', 'ambiguous, then definite', { honours: true, attempts: [ambiguous, definite] }, ['a']],
    ['idempotent-only', 'ambiguous, four times', { honours: true, attempts: Array(4).fill(ambiguous) }, []],
    ['idempotent-only', 'ambiguous, and it keeps no keys', { honours: false, attempts: [ambiguous] }, []],
    ['idempotent-only', 'ambiguous, as of b', { honours: true, attempts: [elsewhere, ambiguous] }, []],
    ['allow-duplicate', 'definite', { honours: false, attempts: [definite] }, ['b', 'c']],
    ['allow-duplicate', 'ambiguous', { honours: false, attempts: [ambiguous] }, ['b', 'c']],
    ['allow-duplicate', 'ambiguous before', { honours: false, attempts: [ambiguous], earlier: true }, ['a', 'b', 'c']],
    ['allow-duplicate', 'ambiguous, as of b', { honours: false, attempts: [elsewhere, ambiguous] }, ['c']],
  ])('with the policy %s, %s: %o, it goes to %j', (policy, _, { honours, attempts, earlier }, expected) => {
    const next = listNext({
      policy,
      candidates: ['a', 'b', 'c'],
      attempts,
      tried: earlier === true ? [] : attempts.map(({ provider }) => provider),
      mayRepeat: () => honours,
    });
    expect(next).toEqual(expected);
  });
});
