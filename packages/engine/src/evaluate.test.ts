import { describe, expect, test } from 'vitest';
import {
  type Context,
  createEvaluation,
  type Evaluation,
  evaluate,
  type Flag,
  findOperandProblem,
  listFlagDefects,
  listFlagReferences,
  listSegmentDefects,
  listSegmentReferences,
  operatorNames,
  type RegexCompiler,
  Ruleset,
  type Segment,
} from './index.ts';

const ann: Context = { kind: 'user', key: 'ann' };
const regex: RegexCompiler = (pattern) => {
  try {
    const compiled = new RegExp(pattern);
    return (text) => compiled.test(text);
  } catch {
    return undefined;
  }
};

function rulesetOf(flags: readonly Partial<Flag>[], segments: readonly Partial<Segment>[] = []): Ruleset<string> {
  const ruleset = new Ruleset<string>({ regex, createTally: ({ key, version }) => `${key} ${version}` });
  for (const flag of flags) ruleset.setFlag({ key: 'flag', version: 1, on: true, variations: [true, false], ...flag });
  for (const segment of segments) ruleset.setSegment({ key: 'segment', version: 1, ...segment });
  return ruleset;
}

function run(ruleset: Ruleset<string>, parts: Partial<Evaluation<string>> = { context: ann }, key = 'flag') {
  const compiled = ruleset.findCompiled(key);
  if (compiled === undefined) throw new Error(`there is no flag ${key}`);
  return evaluate(compiled, createEvaluation(parts));
}

describe('surroundings', () => {
  const byRegion: Partial<Flag> = {
    rules: [{ clauses: [{ contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu'] }], variation: 0 }],
    fallthrough: { variation: 1 },
  };

  test('are asked for a kind that the given context lacks', () => {
    const ambient: Context[] = [{ kind: 'instance', key: 'i-1', region: 'eu' }];
    expect(run(rulesetOf([byRegion]), { context: ann, ambient }).detail.value).toBe(true);
    expect(run(rulesetOf([byRegion]), { context: ann }).detail.value).toBe(false);
    expect(run(rulesetOf([byRegion]), { ambient }).detail.value).toBe(true);
  });

  test('come after the given context, and nearer ones before farther ones', () => {
    const given: Context = { kind: 'multi', user: { key: 'ann' }, instance: { key: 'i-0', region: 'us' } };
    const near: Context = { kind: 'instance', key: 'i-1', region: 'us' };
    const far: Context = { kind: 'instance', key: 'i-2', region: 'eu' };
    expect(run(rulesetOf([byRegion]), { context: given, ambient: [far] }).detail.value).toBe(false);
    expect(run(rulesetOf([byRegion]), { context: ann, ambient: [near, far] }).detail.value).toBe(false);
    expect(run(rulesetOf([byRegion]), { context: ann, ambient: [far, near] }).detail.value).toBe(true);
  });

  test('count among the kinds of an evaluation', () => {
    const byKind: Partial<Flag> = {
      rules: [{ clauses: [{ attribute: 'kind', op: 'in', values: ['request'] }], variation: 0 }],
      fallthrough: { variation: 1 },
    };
    const ambient: Context[] = [{ kind: 'request', key: 'GET /orders/:id' }];
    expect(run(rulesetOf([byKind]), { context: ann, ambient }).detail.value).toBe(true);
    expect(run(rulesetOf([byKind]), { context: ann }).detail.value).toBe(false);
  });
});

describe('results', () => {
  test('are frozen to the bottom, and the same object each time', () => {
    const ruleset = rulesetOf([{ variations: [{ size: { width: [1] } }], fallthrough: { variation: 0 } }]);
    const { detail } = run(ruleset);
    expect(run(ruleset).detail).toBe(detail);
    const value = detail.value as { size: { width: number[] } };
    expect(() => value.size.width.push(2)).toThrow(TypeError);
    expect(() => Object.assign(detail.reason, { kind: 'OFF' })).toThrow(TypeError);
  });

  test.each<[string, Partial<Flag>, boolean]>([
    ['a plain fallthrough', { fallthrough: { variation: 0 } }, false],
    ['a tracked fallthrough', { fallthrough: { variation: 0 }, trackEventsFallthrough: true }, true],
    ['a tracked rule', { rules: [{ clauses: [], variation: 0, trackEvents: true }] }, true],
    [
      'a rule beside a tracked fallthrough',
      { rules: [{ clauses: [], variation: 0 }], trackEventsFallthrough: true },
      false,
    ],
    [
      'an experiment',
      { fallthrough: { rollout: { kind: 'experiment', variations: [{ variation: 0, weight: 100_000 }] } } },
      true,
    ],
    [
      'an untracked share of an experiment',
      {
        fallthrough: {
          rollout: { kind: 'experiment', variations: [{ variation: 0, weight: 100_000, untracked: true }] },
        },
      },
      false,
    ],
    ['a flag that is off', { on: false, offVariation: 0, trackEventsFallthrough: true }, false],
  ])('of %s say whether an experiment decided', (_, flag, expected) => {
    expect(run(rulesetOf([flag])).isExperiment).toBe(expected);
  });
});

describe('an evaluation that cannot end well', () => {
  test('of a chain of prerequisites that is too long for the stack is an exception, and the next one works', () => {
    const length = 50_000;
    const chain = Array.from(
      { length },
      (_, index): Partial<Flag> => ({
        key: `flag-${index}`,
        fallthrough: { variation: 0 },
        prerequisites: index + 1 < length ? [{ key: `flag-${index + 1}`, variation: 0 }] : [],
      }),
    );
    const ruleset = rulesetOf(chain);
    expect(run(ruleset, { context: ann }, 'flag-0').detail.reason).toEqual({ kind: 'ERROR', errorKind: 'EXCEPTION' });
    expect(run(ruleset, { context: ann }, `flag-${length - 10}`).detail.value).toBe(true);
  });

  test('because a callback failed is an exception, and the next one works', () => {
    const ruleset = rulesetOf([
      { prerequisites: [{ key: 'other', variation: 0 }], fallthrough: { variation: 0 } },
      { key: 'other', fallthrough: { variation: 0 } },
    ]);
    const onPrerequisite = () => {
      throw new Error('no');
    };
    expect(run(ruleset, { context: ann, onPrerequisite }).detail.reason).toEqual({
      kind: 'ERROR',
      errorKind: 'EXCEPTION',
    });
    expect(run(ruleset).detail.value).toBe(true);
  });
});

describe('a ruleset', () => {
  test('serves the flag as it was set last, with a tally of its own', () => {
    const ruleset = rulesetOf([{ fallthrough: { variation: 0 } }]);
    expect(ruleset.findCompiled('flag')?.tally).toBe('flag 1');
    expect(run(ruleset).detail.value).toBe(true);
    ruleset.setFlag({ key: 'flag', version: 2, on: true, variations: [true, false], fallthrough: { variation: 1 } });
    expect(ruleset.findCompiled('flag')?.tally).toBe('flag 2');
    expect(run(ruleset).detail.value).toBe(false);
  });

  test('sees a prerequisite and a segment change, appear and go without the flag being set again', () => {
    const ruleset = rulesetOf([
      {
        prerequisites: [{ key: 'other', variation: 0 }],
        offVariation: 1,
        fallthrough: { variation: 1 },
        rules: [{ clauses: [{ op: 'segmentMatch', values: ['segment'] }], variation: 0 }],
      },
    ]);
    expect(run(ruleset).detail.reason.kind).toBe('PREREQUISITE_FAILED');
    ruleset.setFlag({ key: 'other', version: 1, on: true, variations: [true], fallthrough: { variation: 0 } });
    expect(run(ruleset).detail.reason.kind).toBe('FALLTHROUGH');
    ruleset.setSegment({ key: 'segment', version: 1, included: ['ann'] });
    expect(run(ruleset).detail.reason.kind).toBe('RULE_MATCH');
    ruleset.setSegment({ key: 'segment', version: 2, included: ['bob'] });
    expect(run(ruleset).detail.reason.kind).toBe('FALLTHROUGH');
    ruleset.setSegment({ key: 'segment', version: 3, deleted: true });
    expect(run(ruleset).detail.reason.kind).toBe('FALLTHROUGH');
    ruleset.setFlag({ key: 'other', version: 2, deleted: true });
    expect(run(ruleset).detail.reason.kind).toBe('PREREQUISITE_FAILED');
  });

  test('lists what was set, tombstones included, and not what was only asked for', () => {
    const ruleset = rulesetOf(
      [{ prerequisites: [{ key: 'missing', variation: 0 }] }, { key: 'gone', deleted: true }],
      [{}],
    );
    run(ruleset);
    expect([...ruleset.flags()].map(({ key }) => key)).toEqual(['flag', 'gone']);
    expect([...ruleset.segments()].map(({ key }) => key)).toEqual(['segment']);
    expect(ruleset.findCompiled('gone')).toBeUndefined();
  });

  test('tells of each prerequisite, innermost first, with what it served and for whom', () => {
    const told: string[] = [];
    const ruleset = rulesetOf([
      { key: 'a', prerequisites: [{ key: 'b', variation: 0 }], fallthrough: { variation: 0 } },
      { key: 'b', prerequisites: [{ key: 'c', variation: 1 }], fallthrough: { variation: 0 } },
      { key: 'c', fallthrough: { variation: 1 } },
    ]);
    const onPrerequisite: Evaluation<string>['onPrerequisite'] = ({ flag, tally }, { detail }, dependent) => {
      told.push(`${dependent.key} needs ${flag.key} (${tally}): ${detail.variation}`);
    };
    run(ruleset, { context: ann, onPrerequisite }, 'a');
    expect(told).toEqual(['b needs c (c 1): 1', 'a needs b (b 1): 0']);
  });
});

describe('defects', () => {
  const sound: Flag = {
    key: 'flag',
    version: 1,
    variations: [true, false],
    offVariation: 1,
    fallthrough: { variation: 0 },
  };

  test.each<[string, Partial<Flag>, string]>([
    ['an off variation that does not exist', { offVariation: 2 }, 'offVariation'],
    ['a target of one that does not exist', { targets: [{ values: ['ann'], variation: -1 }] }, 'targets[0].variation'],
    [
      'a target of another kind',
      { contextTargets: [{ contextKind: 'a', values: ['b'], variation: 2 }] },
      'targets[0].variation',
    ],
    ['a rule that serves nothing', { rules: [{ clauses: [] }] }, 'rules[0]'],
    ['a fallthrough that serves nothing', { fallthrough: {} }, 'fallthrough'],
    [
      'a share of a variation that does not exist',
      {
        fallthrough: {
          rollout: {
            variations: [
              { variation: 0, weight: 1 },
              { variation: 3, weight: 1 },
            ],
          },
        },
      },
      'fallthrough.rollout.variations[1].variation',
    ],
    [
      'a share by a malformed reference',
      {
        fallthrough: { rollout: { contextKind: 'user', bucketBy: '/a//b', variations: [{ variation: 0, weight: 1 }] } },
      },
      'fallthrough.rollout.bucketBy',
    ],
    [
      'a clause without attribute',
      { rules: [{ variation: 0, clauses: [{ op: 'in', values: [1] }] }] },
      'rules[0].clauses[0].attribute',
    ],
    [
      'a clause with a malformed reference',
      { rules: [{ variation: 0, clauses: [{ contextKind: 'user', attribute: '/a/~2', op: 'in', values: [1] }] }] },
      'rules[0].clauses[0].attribute',
    ],
  ])('of a flag: %s', (_, flag, path) => {
    expect(listFlagDefects(sound)).toEqual([]);
    expect(listFlagDefects({ ...sound, ...flag }).map((defect) => defect.path)).toEqual([path]);
  });

  test('are not an off variation that is missing', () => {
    const { offVariation, ...without } = sound;
    expect(offVariation).toBeTypeOf('number');
    expect(listFlagDefects(without)).toEqual([]);
    expect(listFlagDefects({ ...sound, offVariation: null })).toEqual([]);
  });

  test('of a segment', () => {
    const rules = [{ clauses: [{ attribute: '', op: 'in' }], bucketBy: '/', rolloutContextKind: 'user' }];
    expect(listSegmentDefects({ key: 's', version: 1, rules }).map(({ path }) => path)).toEqual([
      'rules[0].clauses[0].attribute',
      'rules[0].bucketBy',
    ]);
  });

  test('are not plain names of old data, nor segment matches', () => {
    const clauses = [
      { attribute: '/a//b', op: 'in', values: [1] },
      { op: 'segmentMatch', values: ['s'] },
    ];
    expect(listFlagDefects({ ...sound, rules: [{ variation: 0, clauses }] })).toEqual([]);
  });
});

test('references are the prerequisites, and the segments of every rule', () => {
  const clauses = [
    { op: 'segmentMatch', values: ['a', 'b', 3] },
    { attribute: 'x', op: 'in', values: ['c'] },
  ];
  expect(
    listFlagReferences({ key: 'f', version: 1, prerequisites: [{ key: 'p', variation: 0 }], rules: [{ clauses }] }),
  ).toEqual([
    { kind: 'flag', key: 'p' },
    { kind: 'segment', key: 'a' },
    { kind: 'segment', key: 'b' },
  ]);
  expect(listSegmentReferences({ key: 's', version: 1, rules: [{ clauses }] })).toHaveLength(2);
});

describe('operands', () => {
  test.each([
    ['in', 'nl'],
    ['in', 3],
    ['segmentMatch', 'beta'],
    ['startsWith', ''],
    ['matches', '^a+$'],
    ['lessThan', 3],
    ['before', '2026-01-31T12:00:00Z'],
    ['after', 0],
    ['semVerEqual', '2'],
    ['cidr', '10.0.0.0/8'],
    ['glob', '/orders/*'],
  ])('%s compares with %j', (op, value) => {
    expect(findOperandProblem(op, value, regex)).toBeUndefined();
  });

  test.each([
    ['in', null, 'a string, number or boolean'],
    ['segmentMatch', 3, 'the key of a segment'],
    ['endsWith', 3, 'a string'],
    ['matches', '(', 'a regular expression'],
    ['greaterThan', '3', 'a number'],
    ['before', 'tomorrow', 'milliseconds since the epoch'],
    ['semVerLessThan', 'v2', 'a version such as "1.2.3"'],
    ['cidr', '10.0.0.0/33', 'an address block'],
    ['glob', '\\', 'a pattern such as'],
    ['equals', 'x', operatorNames.join(', ')],
  ])('%s does not compare with %j, and says with what it does', (op, value, expected) => {
    expect(findOperandProblem(op, value, regex)).toContain(expected);
  });
});
