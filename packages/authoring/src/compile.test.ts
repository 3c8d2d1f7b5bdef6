import { createEvaluation, evaluate, type Flag, Ruleset, type Segment } from '@sluice/engine';
import {
  buildFlag,
  buildLookup,
  buildRule,
  buildSegment,
  buildVariations,
  inSegment,
  type LookupParts,
} from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type Clause, compileFlag, compileSegment, type FlagState, type SegmentState } from './index.ts';

/** Compiles a flag at version 7. */
function compile(flag: FlagState, parts: LookupParts = {}): Flag {
  const compiled = compileFlag(flag, 7, buildLookup(parts));
  if (compiled === undefined) throw new Error('the flag compiled to nothing');
  return compiled;
}

function compileGroup(segment: SegmentState, parts: LookupParts = {}): Segment {
  return compileSegment(segment, 7, buildLookup(parts));
}

const threeWays = buildVariations('on', 'blue', 'off');
const guard = (op: string) => ({
  contextKind: 'sluice',
  attribute: 'operators',
  op: 'in',
  values: [op],
  negate: false,
});
const cidr: Clause = { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] };
const glob: Clause = { contextKind: 'request', attribute: 'route', op: 'glob', values: ['/orders/*'], negate: true };

describe('a flag', () => {
  test('compiles to the JSON that LaunchDarkly SDKs evaluate', () => {
    expect(compile(buildFlag({ on: true, clientSide: { web: true, mobile: false } }))).toEqual({
      key: 'checkout',
      version: 7,
      on: true,
      prerequisites: [],
      targets: [],
      contextTargets: [],
      rules: [],
      fallthrough: { variation: 0 },
      offVariation: 1,
      variations: [true, false],
      salt: 'salt of checkout',
      trackEvents: false,
      trackEventsFallthrough: false,
      clientSide: true,
      clientSideAvailability: { usingEnvironmentId: true, usingMobileKey: false },
    });
  });

  test('compiles to the same text whenever its state is the same', () => {
    const flag = buildFlag({ rules: [buildRule('r', cidr, glob)] });
    const copy = structuredClone(flag);
    expect(JSON.stringify(compile(copy))).toBe(JSON.stringify(compile(flag)));
  });

  test('that is archived compiles to nothing', () => {
    expect(compileFlag(buildFlag({ archived: true }), 7, buildLookup())).toBeUndefined();
  });
});

describe('variations', () => {
  test('are indexes from here on, in the order of the definition', () => {
    const flag = buildFlag({
      variations: threeWays,
      fallthrough: { variation: 'blue' },
      rules: [{ id: 'r', clauses: [], variation: 'off' }],
      targets: [{ variation: 'on', contextKind: 'user', keys: ['ann'] }],
    });
    expect(compile(flag)).toMatchObject({
      fallthrough: { variation: 1 },
      offVariation: 2,
      rules: [{ variation: 2 }],
      targets: [{ variation: 0, values: ['ann'] }],
    });
  });

  test('of prerequisites are indexes of the other flag', () => {
    const flag = buildFlag({ prerequisites: [{ flag: 'search', variation: 'blue' }] });
    const compiled = (...ids: readonly string[]) =>
      compile(flag, { flags: [buildFlag({ key: 'search', variations: buildVariations(...ids) })] }).prerequisites;
    expect(compiled('on', 'blue')).toEqual([{ key: 'search', variation: 1 }]);
    expect(compiled('blue', 'on')).toEqual([{ key: 'search', variation: 0 }]);
  });

  test('that are not there are a fault of this program', () => {
    expect(() => compile(buildFlag({ offVariation: 'gone' }))).toThrow('flag checkout has no variation gone');
  });
});

describe('a rollout', () => {
  const serve = (...shares: readonly [string, number][]) =>
    compile(
      buildFlag({
        variations: threeWays,
        fallthrough: { rollout: { variations: shares.map(([variation, weight]) => ({ variation, weight })) } },
      }),
    ).fallthrough;

  test('lists the off variation first, so that contexts without the kind, in bucket 0, get it', () => {
    expect(serve(['on', 25_000], ['blue', 25_000], ['off', 50_000])).toEqual({
      rollout: {
        contextKind: 'user',
        variations: [
          { variation: 2, weight: 50_000 },
          { variation: 0, weight: 25_000 },
          { variation: 1, weight: 25_000 },
        ],
      },
    });
  });

  test('of everybody is a plain variation', () => {
    expect(serve(['off', 0], ['blue', 100_000])).toEqual({ variation: 1 });
  });

  test('leaves out shares of nobody', () => {
    expect(serve(['off', 0], ['on', 99_999], ['blue', 1])).toMatchObject({
      rollout: {
        variations: [
          { variation: 0, weight: 99_999 },
          { variation: 1, weight: 1 },
        ],
      },
    });
  });

  test('says whose share it is and by what, and has no seed', () => {
    const rollout = {
      variations: [
        { variation: 'on', weight: 1 },
        { variation: 'off', weight: 99_999 },
      ],
      contextKind: 'account',
      bucketBy: '/address/country',
    };
    expect(compile(buildFlag({ rules: [{ id: 'r', clauses: [], rollout }] })).rules?.[0]).toEqual({
      id: 'r',
      clauses: [],
      trackEvents: false,
      rollout: {
        contextKind: 'account',
        bucketBy: '/address/country',
        variations: [
          { variation: 1, weight: 99_999 },
          { variation: 0, weight: 1 },
        ],
      },
    });
  });
});

describe('targets', () => {
  test('of users alone stand in `targets`', () => {
    const flag = buildFlag({ targets: [{ variation: 'on', contextKind: 'user', keys: ['ann'] }] });
    expect(compile(flag)).toMatchObject({ targets: [{ values: ['ann'], variation: 0 }], contextTargets: [] });
  });

  test('of several kinds keep their order in `contextTargets`, where users are only marked', () => {
    const flag = buildFlag({
      targets: [
        { variation: 'on', contextKind: 'account', keys: ['acme'] },
        { variation: 'off', contextKind: 'user', keys: ['ann'] },
      ],
    });
    expect(compile(flag)).toMatchObject({
      targets: [{ values: ['ann'], variation: 1 }],
      contextTargets: [
        { contextKind: 'account', values: ['acme'], variation: 0 },
        { contextKind: 'user', values: [], variation: 1 },
      ],
    });
  });
});

describe('operators of our own', () => {
  const clausesOf = (clauses: readonly Clause[], parts: LookupParts = {}) =>
    compile(buildFlag({ rules: [buildRule('r', ...clauses)] }), parts).rules?.[0]?.clauses;

  test('stand behind a clause that only our SDKs match, once for each operator', () => {
    expect(clausesOf([glob, cidr, cidr])).toEqual([
      guard('cidr'),
      guard('glob'),
      expect.objectContaining({ op: 'glob', negate: true }),
      expect.objectContaining({ op: 'cidr' }),
      expect.objectContaining({ op: 'cidr' }),
    ]);
  });

  test('are not guarded where there are none', () => {
    expect(clausesOf([{ attribute: 'plan', op: 'in', values: ['pro'] }])).toEqual([
      { contextKind: 'user', attribute: 'plan', op: 'in', values: ['pro'], negate: false },
    ]);
  });

  const inner = buildSegment({ key: 'inner', rules: [{ id: 'r', clauses: [cidr] }] });
  const outer = buildSegment({ key: 'outer', rules: [{ id: 'r', clauses: [inSegment('inner')] }] });

  test('are guarded also where a segment uses them, however deep', () => {
    const segments = [inner, outer];
    expect(clausesOf([inSegment('outer')], { segments })?.[0]).toEqual(guard('cidr'));
    expect(compileGroup(outer, { segments }).rules?.[0]?.clauses?.[0]).toEqual(guard('cidr'));
    expect(compileGroup(inner, { segments }).rules?.[0]?.clauses?.[0]).toEqual(guard('cidr'));
  });

  test('make other SDKs skip the rule, negated or not, and our own follow it', () => {
    const flag = compile(buildFlag({ on: true, fallthrough: { variation: 'off' }, rules: [buildRule('r', glob)] }));
    const ruleset = new Ruleset<undefined>({ regex: () => undefined, createTally: () => undefined });
    ruleset.setFlag(flag);
    const compiled = ruleset.findCompiled('checkout');
    if (compiled === undefined) throw new Error('the flag does not compile');
    const request = { kind: 'request', key: 'r', route: '/basket' } as const;
    const own = { kind: 'sluice', key: 'sdk', operators: ['cidr', 'glob'] } as const;
    const valueFor = (ambient: readonly (typeof own)[]) =>
      evaluate(compiled, createEvaluation({ context: request, ambient })).detail.value;
    expect(valueFor([own])).toBe(true);
    expect(valueFor([])).toBe(false);
  });
});

describe('a segment', () => {
  test('compiles users and other kinds to their own lists', () => {
    const segment = buildSegment({
      included: [
        { contextKind: 'user', keys: ['ann'] },
        { contextKind: 'account', keys: ['acme'] },
      ],
      excluded: [
        { contextKind: 'account', keys: ['bad'] },
        { contextKind: 'user', keys: ['bob'] },
      ],
    });
    expect(compileGroup(segment)).toEqual({
      key: 'beta',
      version: 7,
      included: ['ann'],
      excluded: ['bob'],
      includedContexts: [{ contextKind: 'account', values: ['acme'] }],
      excludedContexts: [{ contextKind: 'account', values: ['bad'] }],
      rules: [],
      salt: 'salt of beta',
      unbounded: false,
    });
  });

  test('has a weight only where its rule means a share', () => {
    const rules = [
      { id: 'share', clauses: [], weight: 25_000, contextKind: 'account', bucketBy: 'region' },
      { id: 'nobody', clauses: [], weight: 0 },
      { id: 'all', clauses: [], weight: 100_000, bucketBy: 'region' },
      { id: 'everybody', clauses: [] },
    ];
    expect(compileGroup(buildSegment({ rules })).rules).toEqual([
      { id: 'share', clauses: [], weight: 25_000, rolloutContextKind: 'account', bucketBy: 'region' },
      { id: 'nobody', clauses: [], weight: 0, rolloutContextKind: 'user' },
      { id: 'all', clauses: [] },
      { id: 'everybody', clauses: [] },
    ]);
  });
});
