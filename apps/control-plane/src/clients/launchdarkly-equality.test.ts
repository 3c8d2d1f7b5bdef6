import type { LDClient, LDEvaluationDetail } from '@launchdarkly/node-server-sdk';
import { type Context, createEvaluation, evaluate, Ruleset } from '@sluice/engine';
import {
  createLaunchDarklyClient,
  createRandom,
  flagRecipes,
  launchDarklyModes,
  randomContext,
  segmentRecipes,
  startTestServer,
  type TestServer,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { regex } from '../platform.ts';

const contextCount = 10_000;
const changes = '/projects/default/environments/production/changes';

let server: TestServer;
let ruleset: Ruleset<undefined>;

beforeAll(async () => {
  // Salts come from here: with the same ones, the same contexts fall into the same shares in every run.
  const random = createRandom(1);
  server = await startTestServer({
    platform: { randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)) },
  });
  for (const { key, instructions } of segmentRecipes) {
    expect(await server.api('POST', changes, { segment: key, instructions })).toMatchObject({ status: 200 });
  }
  for (const { key, variations, instructions } of flagRecipes) {
    const definition = { key, ...(variations !== undefined && { variations }) };
    expect(await server.api('POST', '/projects/default/flags', definition)).toMatchObject({ status: 201 });
    if (instructions.length === 0) continue;
    expect(await server.api('POST', changes, { flag: key, instructions })).toMatchObject({ status: 200 });
  }
  ruleset = await loadRuleset(server);
});

afterAll(async () => {
  await server.close();
});

/** Our engine with exactly what SDKs get. */
async function loadRuleset({ url, sdkKey }: TestServer): Promise<Ruleset<undefined>> {
  const response = await fetch(`${url}/sdk/latest-all`, { headers: { authorization: sdkKey } });
  const { flags, segments } = (await response.json()) as Record<'flags' | 'segments', Record<string, never>>;
  const loaded = new Ruleset<undefined>({ regex, createTally: () => undefined });
  for (const flag of Object.values(flags)) loaded.setFlag(flag);
  for (const segment of Object.values(segments)) loaded.setSegment(segment);
  return loaded;
}

/** Where LaunchDarkly's own engines disagree and we do as its Go engine does (ld-protocol.md 2.10). */
function isListedException(flag: string, context: Context): boolean {
  // A share of users in a segment: for contexts without a user, JavaScript matches and Go does not.
  return flag.endsWith('in-weighted') && context.kind === 'organization';
}

function evaluateHere(flag: string, context: Context): LDEvaluationDetail {
  const compiled = ruleset.findCompiled(flag);
  if (compiled === undefined) throw new Error(`there is no flag ${flag}`);
  const { value, variation, reason } = evaluate(compiled, createEvaluation({ context })).detail;
  return { value, variationIndex: variation, reason } as LDEvaluationDetail;
}

test('there are at least 60 flags', () => {
  expect(flagRecipes.length).toBeGreaterThanOrEqual(60);
});

describe.each(launchDarklyModes)('the LaunchDarkly Node SDK, %s', (mode) => {
  let client: LDClient;

  beforeAll(async () => {
    client = createLaunchDarklyClient(server, mode, { sendEvents: false });
    await client.waitForInitialization({ timeout: 10 });
  });

  afterAll(() => client.close());

  test('evaluates as our engine does, reasons included', async () => {
    const random = createRandom(7);
    const served = new Map(flagRecipes.map(({ key }) => [key, new Set<unknown>()]));
    const reasons = new Set<string>();
    const exceptions = new Set<string>();
    for (let index = 0; index < contextCount; index++) {
      const context = randomContext(random);
      for (const { key } of flagRecipes) {
        const theirs = await client.variationDetail(key, context as never, 'default');
        const ours = evaluateHere(key, context);
        if (isListedException(key, context)) {
          exceptions.add(key);
          continue;
        }
        if (!isSame(ours, theirs)) expect({ key, context, detail: ours }).toEqual({ key, context, detail: theirs });
        served.get(key)?.add(theirs.variationIndex);
        reasons.add(theirs.reason.kind);
      }
    }
    expect([...reasons].sort()).toEqual(['FALLTHROUGH', 'OFF', 'PREREQUISITE_FAILED', 'RULE_MATCH', 'TARGET_MATCH']);
    expect([...exceptions].sort()).toEqual(['in-weighted', 'not-in-weighted']);
    expect(listNeverServed(served)).toEqual([]);
  }, 120_000);

  test('answers the same errors', async () => {
    const context = { kind: 'user', key: 'ann' };
    expect(await client.variationDetail('no-such-flag', context, 'default')).toMatchObject({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' },
    });
    expect(await client.stringVariationDetail('always-on', context, 'default')).toMatchObject({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
    });
  });
});

function isSame(ours: LDEvaluationDetail, theirs: LDEvaluationDetail): boolean {
  return (
    ours.value === theirs.value &&
    ours.variationIndex === theirs.variationIndex &&
    JSON.stringify(ours.reason) === JSON.stringify(theirs.reason)
  );
}

/** Variations that no context got: then the flags or contexts do not reach everything. */
function listNeverServed(served: ReadonlyMap<string, ReadonlySet<unknown>>): readonly string[] {
  return flagRecipes.flatMap(({ key, variations = [true, false], serves = variations.map((_, index) => index) }) =>
    serves.filter((index) => served.get(key)?.has(index) !== true).map((index) => `${key}: ${index}`),
  );
}
