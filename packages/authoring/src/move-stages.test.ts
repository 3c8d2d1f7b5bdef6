import { describe, expect, test } from 'vitest';
import type { Rule, Serve } from './configuration.ts';
import { advanceStages, describeShares, findNextStage, listReturns } from './move-stages.ts';

function shares(...weights: readonly (readonly [stage: string, weight: number])[]): Serve {
  return { rollout: { variations: weights.map(([variation, weight]) => ({ variation, weight })) } };
}

describe('advancing records', () => {
  test.each([
    ['off', 'dualwrite'],
    ['shadow', 'live'],
    ['rampdown', 'complete'],
  ])('goes from %s to %s, all of them unless told otherwise', (from, to) => {
    expect(advanceStages({ variation: from })).toEqual({ to, serve: { stage: to } });
  });

  test('brings a share on, and the rest stays', () => {
    expect(advanceStages({ variation: 'shadow' }, { weight: 5000 })).toEqual({
      to: 'live',
      serve: {
        rollout: [
          { stage: 'shadow', weight: 95_000 },
          { stage: 'live', weight: 5000 },
        ],
      },
    });
  });

  test('goes on with the stage that has begun', () => {
    const served = shares(['shadow', 75_000], ['live', 25_000]);
    expect(findNextStage(served)).toBe('live');
    expect(advanceStages(served)).toEqual({ to: 'live', serve: { stage: 'live' } });
  });

  test('takes nothing back', () => {
    expect(advanceStages(shares(['shadow', 75_000], ['live', 25_000]), { weight: 24_999 })).toMatchObject({
      kind: 'problem',
      path: 'weight',
      message: 'must be at least what is in live already, 25%',
    });
  });

  test('ends at complete', () => {
    expect(findNextStage({ variation: 'complete' })).toBeUndefined();
    expect(advanceStages({ variation: 'complete' })).toMatchObject({ kind: 'problem', path: 'to' });
  });

  test('asks for one stage before a share goes on from two', () => {
    const served = shares(['dualwrite', 50_000], ['shadow', 50_000]);
    expect(advanceStages(served, { to: 'live', weight: 1000 })).toMatchObject({
      path: 'to',
      message: expect.stringContaining('`dualwrite` and `shadow`'),
    });
  });
});

describe('returning records', () => {
  const cohort: Rule = { id: 'staff', clauses: [], variation: 'live' };

  test('brings back what is past the stage, of every cohort, and leaves the rest', () => {
    const fallthrough = shares(['dualwrite', 60_000], ['shadow', 30_000], ['live', 10_000]);
    expect(listReturns({ fallthrough, rules: [cohort] }, 'shadow')).toEqual([
      {
        kind: 'set-stage',
        rollout: [
          { stage: 'off', weight: 0 },
          { stage: 'dualwrite', weight: 60_000 },
          { stage: 'shadow', weight: 40_000 },
        ],
      },
      {
        kind: 'set-stage',
        cohort: 'staff',
        rollout: [
          { stage: 'off', weight: 0 },
          { stage: 'dualwrite', weight: 0 },
          { stage: 'shadow', weight: 100_000 },
        ],
      },
    ]);
  });

  test('is nothing where no record has come so far', () => {
    expect(listReturns({ fallthrough: { variation: 'shadow' }, rules: [] }, 'shadow')).toEqual([]);
  });
});

test('shares are told in the order of their stages', () => {
  expect(describeShares({ variation: 'shadow' })).toBe('shadow');
  expect(describeShares(shares(['shadow', 75_000], ['live', 25_000]))).toBe('75% shadow, 25% live');
});
