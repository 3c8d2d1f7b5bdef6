import { type Context, createEvaluation, evaluate, type Flag, Ruleset, type Segment } from '@sluice/engine';

/** A flag that is on and serves true to everybody, except for what `fields` say. */
export function flagOf(key: string, fields: Partial<Flag> = {}): Flag {
  return {
    key,
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: 1,
    fallthrough: { variation: 0 },
    ...fields,
  };
}

/** A segment that contains nobody, except for what `fields` say. */
export function segmentOf(key: string, fields: Partial<Segment> = {}): Segment {
  return { key, version: 1, ...fields };
}

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
export const wholeFlag: Flag = flagOf('whole', {
  variations: [true, null, { size: [1] }],
  fallthrough: { rollout },
  prerequisites: [{ key: 'other', variation: 0 }],
  targets: [{ values: ['ann'], variation: 0 }],
  contextTargets: [{ contextKind: 'account', values: ['acme'], variation: 1 }],
  rules: [{ id: 'r', clauses: [clause, { op: 'segmentMatch', values: ['whole'] }], variation: 0, trackEvents: true }],
  salt: 'x',
});

/** A segment with something of everything. */
export const wholeSegment: Segment = segmentOf('whole', {
  salt: 'y',
  included: ['ann'],
  excluded: ['bob'],
  includedContexts: [{ contextKind: 'account', values: ['acme'] }],
  rules: [{ id: 'r', clauses: [clause], weight: 50_000, rolloutContextKind: 'user', bucketBy: 'key' }],
});

/** Contexts that get to every place of these two. */
const visitors: readonly Context[] = [
  { kind: 'user', key: 'zoe', plan: 'pro' },
  { kind: 'user', key: 'ann' },
  { kind: 'multi', user: { key: 'cid', plan: 7 }, account: { key: 'acme' } },
];

/** Loads objects into an engine and evaluates every flag; returns the keys of flags at which the engine stumbled. */
export function listStumbles(flags: readonly Flag[], segments: readonly Segment[]): readonly string[] {
  const ruleset = new Ruleset<undefined>({ regex: () => () => true, createTally: () => undefined });
  for (const flag of flags) ruleset.setFlag(flag);
  for (const segment of segments) ruleset.setSegment(segment);
  return flags.flatMap(({ key }) => {
    const compiled = ruleset.findCompiled(key);
    if (compiled === undefined) return [];
    const reasons = visitors.map((context) => evaluate(compiled, createEvaluation({ context })).detail.reason);
    return reasons.some((reason) => reason.kind === 'ERROR' && reason.errorKind === 'EXCEPTION') ? [key] : [];
  });
}
