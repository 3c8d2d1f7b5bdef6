import { type Context, createEvaluation, evaluate, type Flag, Ruleset, type Segment } from '@sluice/engine';
import { breakSomewhere } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMalformation, parseObject } from './index.ts';

const clause = { contextKind: 'user', attribute: 'plan', op: 'in', values: ['pro', 7, true], negate: false };
const rollout = {
  contextKind: 'user',
  bucketBy: 'key',
  seed: 3,
  variations: [
    { variation: 0, weight: 25_000 },
    { variation: 1, weight: 75_000, untracked: true },
  ],
};

/** A flag with something of everything. */
const flag: Flag = {
  key: 'a',
  version: 3,
  on: true,
  variations: [true, null],
  offVariation: 1,
  fallthrough: { rollout },
  prerequisites: [{ key: 'b', variation: 0 }],
  targets: [{ values: ['ann'], variation: 0 }],
  contextTargets: [{ contextKind: 'account', values: ['acme'], variation: 1 }],
  rules: [{ id: 'r', clauses: [clause, { op: 'segmentMatch', values: ['s'] }], variation: 0, trackEvents: true }],
  salt: 'x',
  debugEventsUntilDate: 1.5,
  clientSideAvailability: { usingMobileKey: true, usingEnvironmentId: false },
  migration: { checkRatio: 1 },
};

const segment: Segment = {
  key: 's',
  version: 2,
  salt: 'y',
  included: ['ann'],
  excluded: ['bob'],
  includedContexts: [{ contextKind: 'account', values: ['acme'] }],
  rules: [{ id: 'r', clauses: [clause], weight: 50_000, rolloutContextKind: 'user', bucketBy: 'key' }],
};

const contexts: readonly Context[] = [
  { kind: 'user', key: 'zoe', plan: 'pro' },
  { kind: 'multi', user: { key: 'cid' }, account: { key: 'acme' } },
];

describe('an object from outside', () => {
  test('is taken as it is, unknown properties included', () => {
    const more = { ...flag, later: { anything: [1] } };
    expect(parseObject('flag', more, '')).toEqual({ kind: 'flag', flag: more });
    expect(parseObject('segment', segment, '')).toEqual({ kind: 'segment', segment });
  });

  test('may have null wherever it may have nothing', () => {
    const bare = { key: 'a', version: 1, offVariation: null, rules: null, fallthrough: { rollout: null } };
    expect(isMalformation(parseObject('flag', bare, ''))).toBe(false);
  });

  test.each<[unknown, string, string, string]>([
    [null, '', 'an object', 'null'],
    [[], '', 'an object', 'a list'],
    [{ version: 1 }, 'key', 'a string', 'nothing'],
    [{ key: 'a', version: '1' }, 'version', 'an integer', '"1"'],
    [{ key: 'a', version: 1.5 }, 'version', 'an integer', '1.5'],
    [{ ...flag, on: 'yes' }, 'on', 'true or false', '"yes"'],
    [{ ...flag, targets: [{ values: ['ann', 7], variation: 0 }] }, 'targets[0].values[1]', 'a string', '7'],
    [{ ...flag, rules: [{ clauses: [{ values: [] }] }] }, 'rules[0].clauses[0].op', 'a string', 'nothing'],
    [
      { ...flag, fallthrough: { rollout: { variations: [{ variation: 0 }] } } },
      'fallthrough.rollout.variations[0].weight',
      'an integer',
      'nothing',
    ],
    [{ ...flag, salt: 'x'.repeat(100), version: 'x'.repeat(100) }, 'version', 'an integer', `"${'x'.repeat(56)}...`],
  ])('is refused where it is not as it should be: %#', (value, path, expected, found) => {
    expect(parseObject('flag', value, '')).toEqual({ path, expected, found });
  });

  test('is one that the engine can load and evaluate, or is refused, whatever it is broken by', () => {
    let accepted = 0;
    fc.assert(
      fc.property(breakSomewhere(fc.constantFrom<Flag | Segment>(flag, segment)), (broken) => {
        const ruleset = new Ruleset<undefined>({ regex: () => () => true, createTally: () => undefined });
        for (const object of [
          parseObject('flag', flag, ''),
          parseObject('segment', segment, ''),
          parseObject('flag', broken, ''),
          parseObject('segment', broken, ''),
        ]) {
          if (isMalformation(object)) continue;
          if (object.kind === 'flag') ruleset.setFlag({ ...object.flag, key: 'a' });
          else ruleset.setSegment({ ...object.segment, key: 's' });
          accepted++;
          const compiled = ruleset.findCompiled('a');
          if (compiled === undefined) continue;
          for (const context of contexts) {
            const { reason } = evaluate(compiled, createEvaluation({ context })).detail;
            expect(reason).not.toMatchObject({ errorKind: 'EXCEPTION' });
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(4100);
  });
});
