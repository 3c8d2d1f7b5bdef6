import type { LDClient, LDEvaluationDetail } from '@launchdarkly/node-server-sdk';
import {
  type Context,
  createEvaluation,
  type Detail,
  evaluate,
  type Flag,
  listFlagReferences,
  listKinds,
  listSegmentReferences,
  type Reason,
  type Reference,
  Ruleset,
  type Segment,
} from '@sluice/engine';
import {
  createLaunchDarklyClient,
  createRandom,
  createRandomContexts,
  createRandomRuleset,
  flagOf,
  launchDarklyModes,
  segmentOf,
  startTestServer,
  type TestServer,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { regex } from '../platform.ts';

const changes = '/projects/default/environments/production/changes';
// By this seed, and the one of the salts, every variation of every flag is served to somebody.
const random = createRandom(12);
const contexts = createRandomContexts(random, 10_000);
const ruleset = createRandomRuleset({ random, contexts, regex }, { segmentCount: 8, mixedCount: 30 });

/** Flags that no change makes, and what they need: damaged in every way that an engine can notice. */
const dutch = { contextKind: 'user', attribute: 'country', op: 'in', values: ['nl'] };
const damaged: readonly (Flag | { readonly segment: Segment })[] = [
  flagOf('serves-nothing', { fallthrough: {} }),
  flagOf('serves-beyond-its-variations', { fallthrough: { variation: 2 } }),
  flagOf('serves-below-its-variations', { fallthrough: { variation: -1 } }),
  flagOf('serves-a-share-of-nothing', { fallthrough: { rollout: { contextKind: 'user', variations: [] } } }),
  flagOf('shares-by-no-attribute', {
    fallthrough: { rollout: { contextKind: 'user', bucketBy: '/', variations: [{ variation: 0, weight: 100_000 }] } },
  }),
  flagOf('shares-beyond-its-variations', {
    fallthrough: {
      rollout: {
        contextKind: 'user',
        variations: [
          { variation: 0, weight: 50_000 },
          { variation: 7, weight: 50_000 },
        ],
      },
    },
  }),
  flagOf('off-beyond-its-variations', { on: false, offVariation: 5 }),
  flagOf('off-without-off-variation', { on: false, offVariation: null }),
  flagOf('target-beyond-its-variations', { targets: [{ values: keysOf('user', 50), variation: 3 }] }),
  flagOf('rule-serves-nothing', { rules: [{ id: 'dutch', clauses: [dutch] }] }),
  flagOf('rule-beyond-its-variations', { rules: [{ id: 'dutch', clauses: [dutch], variation: 9 }] }),
  flagOf('looks-at-no-attribute', {
    rules: [{ id: 'dutch', clauses: [dutch, { ...dutch, attribute: '' }], variation: 0 }],
  }),
  flagOf('looks-at-no-path', {
    rules: [{ id: 'dutch', clauses: [dutch, { ...dutch, attribute: '/a~2' }], variation: 0 }],
  }),
  flagOf('compares-in-no-way', { rules: [{ id: 'odd', clauses: [{ ...dutch, op: 'resembles' }], variation: 1 }] }),
  flagOf('compares-in-no-way-negated', {
    rules: [{ id: 'odd', clauses: [{ ...dutch, op: 'resembles', negate: true }], variation: 1 }],
  }),
  flagOf('needs-itself', { prerequisites: [{ key: 'needs-itself', variation: 0 }] }),
  flagOf('needs-one-that-needs-it', { prerequisites: [{ key: 'needs-one-that-needs-it-too', variation: 0 }] }),
  flagOf('needs-one-that-needs-it-too', { prerequisites: [{ key: 'needs-one-that-needs-it', variation: 0 }] }),
  flagOf('needs-what-is-gone', { prerequisites: [{ key: 'gone', variation: 0 }] }),
  flagOf('needs-a-damaged-one', { prerequisites: [{ key: 'looks-at-no-attribute', variation: 0 }] }),
  flagOf('needs-one-that-serves-nothing', { prerequisites: [{ key: 'rule-serves-nothing', variation: 0 }] }),
  flagOf('in-a-segment-of-itself', {
    rules: [{ id: 'round', clauses: [dutch, { op: 'segmentMatch', values: ['round'] }], variation: 1 }],
  }),
  { segment: segmentOf('round', { rules: [{ clauses: [{ op: 'segmentMatch', values: ['trip'] }] }] }) },
  { segment: segmentOf('trip', { rules: [{ clauses: [{ op: 'segmentMatch', values: ['round'] }] }] }) },
  flagOf('in-a-damaged-segment', {
    rules: [{ id: 'odd', clauses: [{ op: 'segmentMatch', values: ['damaged'] }], variation: 1 }],
  }),
  { segment: segmentOf('damaged', { rules: [{ clauses: [dutch, { ...dutch, attribute: '/' }] }] }) },
  flagOf('in-a-segment-that-is-gone', {
    rules: [{ id: 'gone', clauses: [{ op: 'segmentMatch', values: ['gone'], negate: true }], variation: 1 }],
  }),
];

function keysOf(kind: string, count: number): readonly string[] {
  return contexts
    .filter((context) => context.kind === kind)
    .slice(0, count)
    .map((context) => String(context.key));
}

let server: TestServer;
/** What SDKs get. */
let payload: { readonly flags: Readonly<Record<string, Flag>>; readonly segments: Readonly<Record<string, Segment>> };
/** What our engine makes of it: for each context the detail of each flag, in the order of `keys`. */
let keys: readonly string[];
let ours: readonly (readonly Detail[])[];

beforeAll(async () => {
  // Salts come from here: with the same ones, the same contexts fall into the same shares in every run.
  let salts = createRandom(0);
  server = await startTestServer({
    platform: { randomBytes: (count) => Uint8Array.from({ length: count }, () => salts.integer(256)) },
  });
  // However many a server of its kind draws while it starts.
  salts = createRandom(1);
  for (const { key, instructions } of ruleset.segments) {
    expect(await server.api('POST', changes, { segment: key, instructions })).toMatchObject({ status: 200 });
  }
  for (const { key, variations, instructions } of ruleset.flags) {
    expect(await server.api('POST', '/projects/default/flags', { key, variations })).toMatchObject({ status: 201 });
    expect(await server.api('POST', changes, { flag: key, instructions })).toMatchObject({ status: 200 });
  }
  await storeDamaged();
  const response = await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: server.sdkKey } });
  payload = (await response.json()) as typeof payload;
  keys = Object.keys(payload.flags);
  ours = evaluateHere();
}, 60_000);

afterAll(() => server.close());

/** The server refuses to make such flags; whoever gets one anyway must still know what to do. */
async function storeDamaged(): Promise<void> {
  const { db } = server.running.context;
  const { id: environmentId } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  for (const object of damaged) {
    const [kind, compiled] = 'segment' in object ? (['segment', object.segment] as const) : (['flag', object] as const);
    const row = { environmentId, kind, key: compiled.key, stateJson: null, version: 1, touchedVersion: 1 };
    await db
      .insertInto('objects')
      .values({ ...row, compiledJson: JSON.stringify(compiled) })
      .execute();
  }
}

function evaluateHere(): readonly (readonly Detail[])[] {
  const engine = new Ruleset<undefined>({ regex, createTally: () => undefined });
  for (const flag of Object.values(payload.flags)) engine.setFlag(flag);
  for (const segment of Object.values(payload.segments)) engine.setSegment(segment);
  const compiled = keys.map((key) => {
    const flag = engine.findCompiled(key);
    if (flag === undefined) throw new Error(`there is no flag ${key}`);
    return flag;
  });
  return contexts.map((context) => compiled.map((flag) => evaluate(flag, createEvaluation({ context })).detail));
}

/** Everything that a flag may ask. */
function listReached(flag: string): readonly Reference[] {
  const reached: Reference[] = [{ kind: 'flag', key: flag }];
  for (const { kind, key } of reached) {
    const object = kind === 'flag' ? payload.flags[key] : payload.segments[key];
    if (object === undefined) continue;
    const references = kind === 'flag' ? listFlagReferences(object as Flag) : listSegmentReferences(object as Segment);
    for (const next of references) {
      if (!reached.some((known) => known.kind === next.kind && known.key === next.key)) reached.push(next);
    }
  }
  return reached;
}

/**
 * Where LaunchDarkly's own engines disagree, and ours does as the one in Go does: says for which contexts that may be
 * seen, undefined: for none.
 */
function findException(flag: string): ((context: Context) => boolean) | undefined {
  // A prerequisite that serves a variation that is not there has failed; in JavaScript everything has failed then.
  if (flag === 'needs-one-that-serves-nothing') return () => true;
  // A share of a kind in a segment, for contexts without that kind: no match; in JavaScript it is one.
  const kinds = listReached(flag).flatMap(({ kind, key }) =>
    kind === 'segment'
      ? (payload.segments[key]?.rules ?? []).flatMap(({ weight, rolloutContextKind = 'user' }) =>
          weight === undefined ? [] : [rolloutContextKind],
        )
      : [],
  );
  return kinds.length === 0 ? undefined : (context) => kinds.some((kind) => !listKinds(context).includes(String(kind)));
}

test('10,000 contexts differ, and at least 60 flags were made by chance', () => {
  const contextKeys = contexts.flatMap((context) =>
    listKinds(context).map((kind) => JSON.stringify(context[kind] ?? context.key)),
  );
  expect(new Set(contextKeys).size).toBe(contextKeys.length);
  expect(ruleset.flags.length).toBeGreaterThanOrEqual(60);
});

describe.each(launchDarklyModes)('the LaunchDarkly Node SDK, %s', (mode) => {
  let client: LDClient;

  beforeAll(async () => {
    client = createLaunchDarklyClient(server, mode, { sendEvents: false });
    await client.waitForInitialization({ timeout: 10 });
  });

  afterAll(() => client.close());

  test('evaluates as our engine does, reasons and errors included', async () => {
    const exceptions = keys.map(findException);
    const served = keys.map(() => new Set<number | undefined>());
    const reasons = new Set<string>();
    const different = new Set<string>();
    let differences = 0;
    for (const [at, context] of contexts.entries()) {
      for (const [index, key] of keys.entries()) {
        const theirs = await client.variationDetail(key, context as never, 'default');
        const detail = ours[at]?.[index];
        if (detail === undefined || !isSame(detail, theirs)) {
          if (exceptions[index]?.(context) !== true) expect({ key, context, detail }).toEqual(theirs);
          different.add(key);
          differences++;
          continue;
        }
        served[index]?.add(theirs.variationIndex ?? undefined);
        reasons.add(theirs.reason.errorKind ?? theirs.reason.kind);
      }
    }
    // What is listed as an exception is seen, and hides little.
    expect(different).toContain('needs-one-that-serves-nothing');
    expect([...different].filter((key) => /^(not-)?in-segment/.test(key))).not.toEqual([]);
    expect(differences).toBeLessThan(0.03 * contexts.length * keys.length);
    expect([...reasons].sort()).toEqual([
      'FALLTHROUGH',
      'MALFORMED_FLAG',
      'OFF',
      'PREREQUISITE_FAILED',
      'RULE_MATCH',
      'TARGET_MATCH',
    ]);
    expect(listNeverServed(served)).toEqual([]);
  }, 120_000);

  test('answers the same errors', async () => {
    const context = { kind: 'user', key: 'ann' };
    expect(await client.variationDetail('no-such-flag', context, 'default')).toMatchObject({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' },
    });
    expect(await client.stringVariationDetail('op-in', context, 'default')).toMatchObject({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
    });
  });
});

function isSame(detail: Detail, { value, variationIndex, reason }: LDEvaluationDetail): boolean {
  return (
    (detail.variation === undefined ? value === 'default' : value === detail.value) &&
    (variationIndex ?? undefined) === detail.variation &&
    isSameReason(detail.reason, reason)
  );
}

function isSameReason(a: Reason, b: LDEvaluationDetail['reason']): boolean {
  const [ofOurs, ofTheirs] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return ofOurs.length === ofTheirs.size && ofOurs.every(([name, part]) => ofTheirs.get(name) === part);
}

/** Variations of the flags made by chance that no context got: then flags or contexts do not reach everything. */
function listNeverServed(served: readonly ReadonlySet<unknown>[]): readonly string[] {
  return ruleset.flags.flatMap(({ key, variations }) => {
    const flag = payload.flags[key];
    const wanted = flag?.on === true ? variations.map((_, index) => index) : [flag?.offVariation];
    return wanted.filter((index) => served[keys.indexOf(key)]?.has(index) !== true).map((index) => `${key}: ${index}`);
  });
}
