import { conformanceFolder, flagOf, type LaunchDarklyEvaluation, readLaunchDarklySuites } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ann, type DrivenClient, type Driver, type Json, startDriver, streamOf } from './driver.ts';
import { type StandIn, startStandIn } from './harness-stand-in.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

async function createClient(...flags: Parameters<typeof streamOf>): Promise<DrivenClient> {
  return driver.create({ streaming: { baseUri: standIn.serve(streamOf(...flags).handler).url } });
}

describe('evaluate', () => {
  const values = { bool: true, int: 3, double: 2.5, string: 'text', any: { nested: [1, null] } };
  const defaults = { bool: false, int: 0, double: 0.5, string: '', any: null };
  type ValueType = keyof typeof values;
  // An object literal has no other keys.
  const types = Object.keys(values) as ValueType[];
  let client: DrivenClient;

  beforeAll(async () => {
    const flags = types.map((type) => flagOf(type, { variations: [values[type]], version: 7 }));
    client = await createClient([...flags, flagOf('none', { on: false, offVariation: null })]);
  });

  test.each(types)('serves a flag of type %s, with and without detail', async (valueType) => {
    const parameters = { flagKey: valueType, context: ann, valueType, defaultValue: defaults[valueType] };
    expect(await client.command('evaluate', { ...parameters, detail: false })).toEqual({ value: values[valueType] });
    expect(await client.command('evaluate', { ...parameters, detail: true })).toEqual({
      value: values[valueType],
      variationIndex: 0,
      reason: { kind: 'FALLTHROUGH' },
    });
  });

  const wrong: readonly (readonly [ValueType, ValueType])[] = [
    ['bool', 'string'],
    ['string', 'bool'],
    ['int', 'string'],
    ['double', 'bool'],
    ['any', 'int'],
  ];
  test.each(wrong)('serves the default value when a flag of type %s is asked for as %s', async (flagKey, valueType) => {
    const defaultValue = defaults[valueType];
    expect(await client.command('evaluate', { flagKey, context: ann, valueType, defaultValue, detail: true })).toEqual({
      value: defaultValue,
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
    });
  });

  test('serves values of every type to whoever takes any, whatever the default value is', async () => {
    for (const flagKey of types) {
      expect(await client.evaluate(flagKey, ann, 'a string')).toEqual(values[flagKey]);
      expect(await client.detail(flagKey, ann, 5)).toMatchObject({ value: values[flagKey], variationIndex: 0 });
    }
  });

  test('takes null for absent', async () => {
    const parameters = { flagKey: 'string', context: null, user: { key: 'ann' }, valueType: null, detail: null };
    expect(await client.command('evaluate', { ...parameters, defaultValue: null })).toEqual({ value: 'text' });
    const { state } = await client.command('evaluateAll', { context: ann, withReasons: null, clientSideOnly: null });
    expect(state.string).toBe('text');
  });

  test('serves the default value where there is no flag, no variation, and no valid context', async () => {
    expect(await client.detail('unknown', ann, 'default')).toEqual({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' },
    });
    expect(await client.detail('none', ann, 'default')).toEqual({ value: 'default', reason: { kind: 'OFF' } });
    expect(await client.detail('bool', { kind: 'user' }, 'default')).toEqual({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' },
    });
  });
});

describe('a user of the old model', () => {
  const rule = (attribute: string, value: string) => ({
    clauses: [{ attribute, op: 'in', values: [value] }],
    variation: 0,
  });

  test('is evaluated with its custom attributes', async () => {
    const client = await createClient([
      flagOf('flag', { rules: [rule('plan', 'pro')], fallthrough: { variation: 1 } }),
    ]);
    const ask = async (user: object) =>
      (await client.command('evaluate', { flagKey: 'flag', user, valueType: 'bool', defaultValue: false })).value;
    expect(await ask({ key: 'ann', custom: { plan: 'pro' } })).toBe(true);
    expect(await ask({ key: 'ann', custom: { plan: 'free' } })).toBe(false);
    expect(await ask({ key: '', custom: { plan: 'pro' } })).toBe(true);
  });
});

describe('evaluateAll', () => {
  const future = Date.now() + 3_600_000;
  const past = Date.now() - 3_600_000;
  const flags = [
    flagOf('plain', { version: 100, clientSideAvailability: { usingEnvironmentId: true } }),
    flagOf('tracked', { version: 200, trackEvents: true }),
    flagOf('debugged', { version: 300, debugEventsUntilDate: future }),
    flagOf('no-longer-debugged', { version: 400, debugEventsUntilDate: past }),
    flagOf('never-debugged', { version: 450, debugEventsUntilDate: 0 }),
    flagOf('experiment', { version: 500, trackEventsFallthrough: true }),
    flagOf('malformed', { version: 600, on: false, offVariation: -1 }),
    flagOf('dependent', {
      version: 700,
      clientSide: true,
      prerequisites: [
        { key: 'middle', variation: 0 },
        { key: 'plain', variation: 1 },
        { key: 'tracked', variation: 0 },
      ],
    }),
    flagOf('middle', { version: 800, prerequisites: [{ key: 'plain', variation: 0 }] }),
    flagOf('off', { version: 900, on: false, prerequisites: [{ key: 'plain', variation: 0 }] }),
  ];
  const fallthrough = { kind: 'FALLTHROUGH' };
  const failed = { kind: 'PREREQUISITE_FAILED', prerequisiteKey: 'plain' };
  let client: DrivenClient;

  beforeAll(async () => {
    client = await createClient(flags);
  });

  async function evaluateAll(options: object = {}): Promise<Json> {
    const { state } = await client.command('evaluateAll', { context: ann, ...options });
    return state;
  }

  test('gives the values of all flags and what a browser needs to know of them', async () => {
    expect(await evaluateAll()).toEqual({
      plain: true,
      tracked: true,
      debugged: true,
      'no-longer-debugged': true,
      'never-debugged': true,
      experiment: true,
      malformed: null,
      dependent: false,
      middle: true,
      off: false,
      $flagsState: {
        plain: { variation: 0, version: 100 },
        tracked: { variation: 0, version: 200, trackEvents: true },
        debugged: { variation: 0, version: 300, debugEventsUntilDate: future },
        'no-longer-debugged': { variation: 0, version: 400, debugEventsUntilDate: past },
        'never-debugged': { variation: 0, version: 450 },
        experiment: { variation: 0, version: 500, reason: fallthrough, trackEvents: true, trackReason: true },
        malformed: { version: 600 },
        // Only its own prerequisites, and only those that were evaluated.
        dependent: { variation: 1, version: 700, prerequisites: ['middle', 'plain'] },
        middle: { variation: 0, version: 800, prerequisites: ['plain'] },
        off: { variation: 1, version: 900 },
      },
      $valid: true,
    });
  });

  test('gives the reasons when they are asked for', async () => {
    const { $flagsState } = await evaluateAll({ withReasons: true });
    expect($flagsState.plain).toEqual({ variation: 0, version: 100, reason: fallthrough });
    expect($flagsState.malformed).toEqual({
      version: 600,
      reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' },
    });
    expect($flagsState.dependent.reason).toEqual(failed);
  });

  test('gives only flags for client-side SDKs, though they may name other prerequisites', async () => {
    const { $flagsState, $valid, ...values } = await evaluateAll({ clientSideOnly: true });
    expect(values).toEqual({ plain: true, dependent: false });
    expect($flagsState.dependent.prerequisites).toEqual(['middle', 'plain']);
    expect($valid).toBe(true);
  });

  test('gives details only of flags with events', async () => {
    const { $flagsState } = await evaluateAll({ withReasons: true, detailsOnlyForTrackedFlags: true });
    expect($flagsState).toMatchObject({
      tracked: { variation: 0, version: 200, trackEvents: true, reason: fallthrough },
      debugged: { variation: 0, version: 300, debugEventsUntilDate: future, reason: fallthrough },
      experiment: { variation: 0, version: 500, trackEvents: true, trackReason: true, reason: fallthrough },
    });
    expect($flagsState.plain).toEqual({ variation: 0 });
    expect($flagsState['no-longer-debugged']).toEqual({ variation: 0, debugEventsUntilDate: past });
    expect($flagsState.malformed).toEqual({});
  });
});

describe('secureModeHash', () => {
  const keys = ['sdk-01234567-89ab-cdef-0123-456789abcdef', 'sdk-11234567-89ab-cdef-0123-456789abcdef'] as const;

  test.each([
    [
      keys[0],
      { kind: 'user', key: 'user-key-123' },
      '73df666a13f2c474e50aa34ca5a761e89abb737fb139ff65fdde7fa85c9dcacd',
    ],
    [
      keys[0],
      { kind: 'user', key: 'user-key-456' },
      '55be6b5ceb2a11acc6a7e9c60dbee5022d9c7084baf9ecd8cf69d12bce5a92fb',
    ],
    [
      keys[0],
      { kind: 'other', key: 'user-key-123' },
      '98a933ca26d2951547fc021981ebcdeda95fbca2ac3f767ae67f7042d5458f72',
    ],
    [
      keys[1],
      { kind: 'user', key: 'user-key-123' },
      '63538426a9845721a5547b4715f4284b060c21743702a896e1ff8a9a5b57215d',
    ],
  ])('signs with %s the context %o', async (credential, context, expected) => {
    const baseUri = standIn.serve(streamOf([]).handler).url;
    const client = await driver.create({ credential, streaming: { baseUri } });
    expect(await client.command('secureModeHash', { context })).toEqual({ result: expected });
  });

  test('is the same for a user of the old model', async () => {
    const client = await createClient([]);
    const { result } = await client.command('secureModeHash', { user: { key: 'user-key-123' } });
    expect(result).toMatch(/^[0-9a-f]{64}$/);
    expect(await client.command('secureModeHash', { context: { kind: 'user', key: 'user-key-123' } })).toEqual({
      result,
    });
  });
});

const suites = conformanceFolder === undefined ? [] : listSuites(readLaunchDarklySuites(conformanceFolder));
if (conformanceFolder === undefined) {
  console.warn("not run: LaunchDarkly's test data is not here; set SLUICE_CONFORMANCE_DIR to its folder");
}

/** Evaluations with the same flags need only one client. */
function listSuites(evaluations: readonly LaunchDarklyEvaluation[]): readonly LaunchDarklyEvaluation[][] {
  return [...Map.groupBy(evaluations, ({ flags }) => flags).values()];
}

describe.skipIf(conformanceFolder === undefined)("LaunchDarkly's own test data, by way of the wire", () => {
  test.each(suites.map((suite) => [suite[0]?.name, suite] as const))('%s and so on', async (_, suite) => {
    const client = await createClient(suite[0]?.flags ?? [], suite[0]?.segments);
    for (const { flagKey, context, valueType, defaultValue, expect: expected } of suite) {
      const about = 'kind' in context ? { context } : { user: context };
      const answer = await client.command('evaluate', { flagKey, ...about, valueType, defaultValue, detail: true });
      expect(answer).toEqual(expected);
    }
    await client.close();
  });
});
