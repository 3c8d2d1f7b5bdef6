import { type Context, createEvaluation, evaluate, Ruleset } from '@sluice/engine';
import {
  buildFlag,
  buildLookup,
  buildValve,
  createLaunchDarklyData,
  createMemoryEnvironment,
  type LaunchDarklyData,
  type MemoryEnvironment,
  parseInstructions,
} from '@sluice/testkit';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  type Clause,
  compileFlag,
  compileSegment,
  describeDifference,
  type FlagState,
  type InstructionInput,
  isProblem,
  listRevertInstructions,
} from './index.ts';

type TripInput = Omit<Extract<InstructionInput, { kind: 'trip' }>, 'kind' | 'flag' | 'when'> & {
  readonly when: readonly Clause[];
};

const hourMs = 3_600_000;
const modes = ['normal', 'cached', 'off-404', 'off'];

function inAccount(...keys: readonly string[]): Clause {
  return { contextKind: 'account', attribute: 'key', op: 'in', values: keys };
}

function notIn(...keys: readonly string[]): Clause {
  return { ...inAccount(...keys), negate: true };
}

function inNetwork(...networks: readonly string[]): Clause {
  return { contextKind: 'request', attribute: 'ip', op: 'cidr', values: networks };
}

/** Asks things of the valve `search`, as of a time. */
function follow(environment: MemoryEnvironment, ...inputs: readonly InstructionInput[]) {
  return environment.follow({ flag: 'search', instructions: parseInstructions(...inputs) });
}

function tripped(...trips: readonly Partial<TripInput>[]): MemoryEnvironment {
  const environment = createMemoryEnvironment({ flags: [buildValve()] });
  for (const trip of trips) expect(follow(environment, toTrip(trip))).not.toHaveProperty('message');
  return environment;
}

function toTrip({ when, ...trip }: Partial<TripInput>, flag = 'search'): Extract<InstructionInput, { kind: 'trip' }> {
  const clauses = when?.map((clause) => ({ ...clause, values: [...clause.values] }));
  return {
    kind: 'trip',
    flag,
    mode: 'cached',
    reason: 'slow',
    ...trip,
    ...(clauses !== undefined && { when: clauses }),
  };
}

/** A rule as a revert brings it back. */
function keptRule(variation: string, clauses: readonly Clause[], exempt = false): object {
  const trip = { reason: 'slow', by: 'ann', at: 0, expiresAt: 4 * hourMs, ...(exempt && { exempt }) };
  return { clauses, variation, trip };
}

/** Why a valve cannot be tripped. */
function refusal(environment: MemoryEnvironment, trip: Partial<TripInput>): { path: string; message: string } {
  const problem = follow(environment, toTrip(trip));
  if (!isProblem(problem)) throw new Error('it was not refused');
  return { path: problem.path, message: problem.message };
}

function rulesOf({ flags }: MemoryEnvironment): FlagState['configuration']['rules'] {
  return flags.find(({ definition }) => definition.key === 'search')?.configuration.rules ?? [];
}

function describeOrder(environment: MemoryEnvironment): readonly string[] {
  return rulesOf(environment).map(({ id, variation }) => `${id} ${variation}`);
}

/** The mode that our engine serves. */
function serve({ flags, segments, lookup }: MemoryEnvironment, context: Context | undefined): string {
  const ruleset = new Ruleset({ regex: lookup.regex, createTally: () => undefined });
  for (const flag of flags) {
    const compiled = compileFlag(flag, 1, lookup);
    if (compiled !== undefined) ruleset.setFlag(compiled);
  }
  for (const segment of segments) ruleset.setSegment(compileSegment(segment, 1, lookup));
  const compiled = ruleset.findCompiled('search');
  if (compiled === undefined) throw new Error('there is no valve');
  const ours = { kind: 'sluice', key: 'sdk', operators: ['cidr', 'glob'] };
  return String(evaluate(compiled, createEvaluation({ context, ambient: [ours] })).detail.value);
}

describe('a valve', () => {
  test('is on from the start and serves its first mode to everybody', () => {
    const environment = createMemoryEnvironment();
    follow(environment, {
      kind: 'create-flag',
      definition: { kind: 'valve', variations: [{ value: 'normal' }, { value: 'cached' }] },
    });
    expect(environment.flags[0]?.configuration).toMatchObject({
      on: true,
      offVariation: 'normal',
      fallthrough: { variation: 'normal' },
    });
    expect(serve(environment, { kind: 'user', key: 'ann' })).toBe('normal');
  });

  test('has the modes `normal` and `off` unless others are given', () => {
    const environment = createMemoryEnvironment();
    follow(environment, { kind: 'create-flag', definition: { kind: 'valve' } });
    expect(environment.flags[0]?.definition.variations).toEqual([
      { id: 'normal', value: 'normal' },
      { id: 'off', value: 'off' },
    ]);
  });

  test.each([
    [[{ value: true }, { value: false }], 'instructions[0].definition.variations[0].value', 'got true'],
    [[{ value: 'normal' }, { value: '404' }], 'instructions[0].definition.variations[1].value', 'got "404"'],
    [[{ value: 'normal' }, { value: 'too slow' }], 'instructions[0].definition.variations[1].value', 'got "too slow"'],
    [[{ value: 'normal' }, { id: 'c', value: 'cached' }], 'instructions[0].definition.variations[1].value', '"cached"'],
  ])('has modes that are names: %j is refused', (variations, path, message) => {
    const definition = { kind: 'valve' as const, variations };
    const problem = follow(createMemoryEnvironment(), { kind: 'create-flag', definition });
    expect(problem).toMatchObject({ path, message: expect.stringContaining(message) });
  });

  test('follows no instructions of a release, nor a release those of a valve', () => {
    const environment = createMemoryEnvironment({ flags: [buildValve(), buildFlag()] });
    expect(follow(environment, { kind: 'turn-off' })).toMatchObject({
      path: 'instructions[0].kind',
      message: 'flag `search` is a valve and follows `trip` and `restore`, got `turn-off`',
    });
    expect(follow(environment, toTrip({ mode: 'off' }, 'checkout'))).toMatchObject({
      path: 'instructions[0].kind',
      message: expect.stringContaining('flag `checkout` is a release and follows `turn-on`'),
    });
  });

  test('keeps its normal mode first, and its rules in the order of the severity that modes have then', () => {
    const environment = tripped({ id: 'a', mode: 'cached' }, { id: 'b', mode: 'off', when: [inAccount('42')] });
    const reorder = (...ids: readonly string[]) =>
      follow(environment, {
        kind: 'update-definition',
        definition: { variations: ids.map((id) => ({ value: id })) },
      });
    expect(reorder('cached', 'normal', 'off')).toMatchObject({
      path: 'instructions[0].definition.variations[0]',
      message: 'the normal mode stays first: expected `normal`, got `cached`',
    });
    expect(describeOrder(environment)).toEqual(['b off', 'a cached']);
    reorder('normal', 'off', 'cached');
    expect(describeOrder(environment)).toEqual(['a cached', 'b off']);
    expect(reorder('normal', 'off')).toMatchObject({ message: expect.stringContaining('rule `a` serves it') });
  });
});

describe('a trip', () => {
  test('says who, why and until when: four hours unless it says otherwise', () => {
    const environment = createMemoryEnvironment({ flags: [buildValve()], actor: 'bob', now: 1000 });
    follow(environment, toTrip({ id: 'a', incident: 'INC-7' }));
    expect(rulesOf(environment)).toEqual([
      {
        id: 'a',
        clauses: [],
        variation: 'cached',
        trip: { reason: 'slow', by: 'bob', at: 1000, expiresAt: 1000 + 4 * hourMs, incident: 'INC-7' },
      },
    ]);
  });

  test('may last seven days and no longer', () => {
    const week = 7 * 24 * hourMs;
    expect(rulesOf(tripped({ expiresInMs: week }))[0]?.trip?.expiresAt).toBe(week);
    expect(refusal(tripped(), { expiresInMs: week + 1 })).toEqual({
      path: 'instructions[0].expiresInMs',
      message: expect.stringContaining('a trip may last at most 7 days (604800000 ms), got 604800001'),
    });
  });

  test('concerns whom it says, and nobody else', () => {
    const environment = tripped({ mode: 'off-404', when: [inAccount('42')] });
    expect(serve(environment, { kind: 'account', key: '42' })).toBe('off-404');
    expect(serve(environment, { kind: 'account', key: '43' })).toBe('normal');
    expect(serve(environment, undefined)).toBe('normal');
  });

  test.each<[string, Clause, Context, Context]>([
    [
      'a route',
      { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] },
      { kind: 'request', key: '/search', route: '/search' },
      { kind: 'request', key: '/', route: '/' },
    ],
    [
      'a network',
      { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] },
      { kind: 'request', key: 'a', ip: '10.1.2.3' },
      { kind: 'request', key: 'a', ip: '11.1.2.3' },
    ],
    [
      'instances of a region',
      { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1'] },
      { kind: 'instance', key: 'a', region: 'eu-1' },
      { kind: 'instance', key: 'b', region: 'us-1' },
    ],
    [
      'a method',
      { contextKind: 'request', attribute: 'method', op: 'in', values: ['POST'] },
      { kind: 'request', key: 'a', method: 'POST' },
      { kind: 'request', key: 'a', method: 'GET' },
    ],
  ])('may be for %s', (_, clause, inside, outside) => {
    const environment = tripped({ when: [clause] });
    expect([serve(environment, inside), serve(environment, outside)]).toEqual(['cached', 'normal']);
  });

  test('may be for a share of a context kind: always the same ones, and none of another kind', () => {
    const environment = tripped({ id: 'a', share: { contextKind: 'account', weight: 25_000 } });
    const accounts = Array.from(
      { length: 2000 },
      (_, number): Context => ({ kind: 'account', key: `account-${number}` }),
    );
    const first = accounts.map((account) => serve(environment, account));
    const share = first.filter((mode) => mode === 'cached').length / accounts.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
    expect(accounts.map((account) => serve(environment, account))).toEqual(first);
    expect(serve(environment, { kind: 'user', key: 'ann' })).toBe('normal');
    expect(serve(environment, undefined)).toBe('normal');
  });

  test('lets the next rule decide for whoever is not in its share', () => {
    const environment = tripped(
      { mode: 'off', share: { contextKind: 'account', weight: 1 } },
      { mode: 'cached', when: [] },
    );
    expect(serve(environment, { kind: 'account', key: '42' })).toBe('cached');
    expect(serve(environment, { kind: 'user', key: 'ann' })).toBe('cached');
  });

  test('makes a segment for its share, which goes when the valve is restored and which nobody else may use', () => {
    const environment = tripped({ id: 'a', share: { contextKind: 'account', weight: 25_000 } });
    expect(environment.segments.map(({ key, madeFor }) => [key, madeFor])).toEqual([['search:a', 'search']]);
    expect(refusal(environment, { when: [{ op: 'segmentMatch', values: ['search:a'] }] })).toEqual({
      path: 'instructions[0].when[0].values[0]',
      message: 'there is no segment `search:a` in this environment',
    });
    follow(environment, { kind: 'restore' });
    expect(environment.segments).toEqual([]);
  });

  test('is asked in the order exempt, severity, age', () => {
    const environment = createMemoryEnvironment({ flags: [buildValve()] });
    const trips: readonly Partial<TripInput>[] = [
      { id: 'old', mode: 'cached', when: [inAccount('1')] },
      { id: 'severe', mode: 'off', when: [inAccount('2')] },
      { id: 'exempt', mode: 'normal', when: [inAccount('3')], exempt: true },
      { id: 'young', mode: 'cached', when: [inAccount('4')] },
    ];
    for (const [now, trip] of trips.entries()) {
      const applied = apply(
        { flag: 'search', instructions: parseInstructions(toTrip(trip)) },
        { ...environment.lookup, now },
      );
      expect(isProblem(applied)).toBe(false);
      if (!isProblem(applied)) environment.follow({ flag: 'search', instructions: [...applied.instructions] });
    }
    expect(describeOrder(environment)).toEqual(['exempt normal', 'severe off', 'old cached', 'young cached']);
  });

  test('of the same scope is renewed, or made more severe, under the same id', () => {
    const environment = createMemoryEnvironment({ flags: [buildValve()], now: 1000 });
    follow(environment, toTrip({ id: 'a', when: [inAccount('42', '43')] }));
    follow(environment, toTrip({ reason: 'still slow', expiresInMs: hourMs, when: [inAccount('43', '42')] }));
    expect(rulesOf(environment)).toMatchObject([
      { id: 'a', variation: 'cached', trip: { reason: 'still slow', at: 1000 } },
    ]);
    follow(environment, toTrip({ mode: 'off', when: [inAccount('42', '43')] }));
    expect(describeOrder(environment)).toEqual(['a off']);
  });

  test('whose mode could not be reached is refused, and says what is in the way', () => {
    const environment = tripped({ id: 'a', mode: 'off-404', reason: 'down' });
    const inTheWay =
      '`cached` could not be reached: `search` serves the more severe `off-404` for everyone (rule `a`, by ann: down); restore that rule first, in the same change if you like';
    expect(refusal(environment, {})).toEqual({ path: 'instructions[0].mode', message: inTheWay });
    expect(refusal(environment, { when: [inAccount('42')] }).message).toBe(inTheWay);
    const changed = follow(environment, { kind: 'restore', id: 'a' }, toTrip({ id: 'b' }));
    expect(isProblem(changed)).toBe(false);
    expect(describeOrder(environment)).toEqual(['b cached']);
  });

  test.each<[string, Partial<TripInput>, Partial<TripInput>]>([
    ['some of several', { when: [inAccount('42', '43')] }, { when: [inAccount('43')] }],
    ['more besides', { when: [notIn('42')] }, { when: [notIn('42', '43')] }],
    ['a network within', { when: [inNetwork('10.0.0.0/8')] }, { when: [inNetwork('10.1.0.0/16', '10.2.0.1')] }],
    ['the same network', { when: [inNetwork('::ffff:10.0.0.0/104')] }, { when: [inNetwork('10.0.0.0/8')] }],
    [
      'more clauses',
      { when: [inNetwork('10.0.0.0/8')] },
      { when: [notIn('42'), inNetwork('10.1.0.0/16')], share: { contextKind: 'account', weight: 1 } },
    ],
    [
      'a place among the exempt',
      { when: [inAccount('42', '43')], exempt: true, mode: 'normal' },
      { when: [inAccount('42')] },
    ],
  ])('that asks for %s is refused where another would always win', (_, wide, narrow) => {
    const environment = tripped({ id: 'a', mode: 'off-404', ...wide });
    expect(refusal(environment, narrow)).toEqual({
      path: 'instructions[0].mode',
      message: expect.stringContaining('`cached` could not be reached: `search` serves'),
    });
  });

  test.each<[string, Partial<TripInput>, Partial<TripInput>]>([
    ['others', { when: [inAccount('42', '43')] }, { when: [inAccount('43', '44')] }],
    ['fewer of those left out', { when: [notIn('42', '43')] }, { when: [notIn('42')] }],
    ['a larger network', { when: [inNetwork('10.1.0.0/16')] }, { when: [inNetwork('10.0.0.0/8')] }],
    ['a network next to it', { when: [inNetwork('10.0.0.0/8')] }, { when: [inNetwork('10.1.0.0/16', '11.0.0.0/8')] }],
    ['a network of the other kind', { when: [inNetwork('::/0')] }, { when: [inNetwork('10.0.0.0/8')] }],
    ['whoever is not in a share', { share: { contextKind: 'account', weight: 99_999 } }, { when: [inAccount('42')] }],
    ['what is exempt anyway', { mode: 'cached', exempt: true, when: [inAccount('42')] }, { when: [inAccount('42')] }],
    ['another attribute', { when: [{ ...inAccount('42'), contextKind: 'user' }] }, { when: [inAccount('42')] }],
  ])('that asks for %s can be reached', (_, wide, narrow) => {
    const environment = tripped({ mode: 'off-404', ...wide });
    expect(follow(environment, toTrip(narrow))).not.toHaveProperty('message');
  });

  test('to the normal mode needs to be exempt, and an exempt one needs to say who', () => {
    expect(refusal(tripped(), { mode: 'normal', when: [inAccount('42')] })).toEqual({
      path: 'instructions[0].mode',
      message: expect.stringContaining('to keep somebody out of a trip make the rule `exempt`'),
    });
    expect(refusal(tripped(), { mode: 'normal', exempt: true })).toEqual({
      path: 'instructions[0].when',
      message: expect.stringContaining('an exempt rule needs to say who is exempt'),
    });
    const everybody = { contextKind: 'account', weight: 100_000 };
    expect(refusal(tripped(), { mode: 'cached', exempt: true, share: everybody }).path).toBe('instructions[0].when');
  });

  test('that is exempt keeps its contexts out of whatever else is tripped', () => {
    const environment = tripped(
      { mode: 'normal', when: [inAccount('42')], exempt: true },
      { mode: 'cached', when: [inAccount('42', '43')] },
    );
    expect(serve(environment, { kind: 'account', key: '42' })).toBe('normal');
    expect(serve(environment, { kind: 'account', key: '43' })).toBe('cached');
    follow(environment, toTrip({ mode: 'off' }));
    expect(serve(environment, { kind: 'account', key: '42' })).toBe('normal');
    expect(serve(environment, { kind: 'account', key: '43' })).toBe('off');
  });

  test('that is exempt and overlaps another exempt one must serve the same mode', () => {
    const route: Clause = { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] };
    const environment = tripped({ id: 'a', mode: 'normal', when: [inAccount('42')], exempt: true });
    expect(refusal(environment, { mode: 'cached', when: [route], exempt: true })).toEqual({
      path: 'instructions[0].when',
      message: expect.stringContaining('exempt rules that overlap must serve the same mode: rule `a` serves `normal`'),
    });
    for (const trip of [
      { mode: 'cached', when: [inAccount('43')], exempt: true },
      { mode: 'normal', when: [route, inAccount('44')], exempt: true },
    ]) {
      expect(follow(environment, toTrip(trip))).not.toHaveProperty('message');
    }
    // Somebody may be in both groups; an instance is in one region.
    const one = (contextKind: string, attribute: string, value: string): Clause[] => [
      { contextKind, attribute, op: 'in', values: [value] },
    ];
    const ofGroup = tripped({ mode: 'normal', when: one('user', 'groups', 'a'), exempt: true });
    expect(refusal(ofGroup, { when: one('user', 'groups', 'b'), exempt: true }).path).toBe('instructions[0].when');
    const inRegion = tripped({ mode: 'normal', when: one('instance', 'region', 'a'), exempt: true });
    const inAnother = toTrip({ when: one('instance', 'region', 'b'), exempt: true });
    expect(follow(inRegion, inAnother)).not.toHaveProperty('message');
    const networks = tripped({ mode: 'normal', when: [inNetwork('10.0.0.0/8')], exempt: true });
    expect(follow(networks, toTrip({ when: [inNetwork('11.0.0.0/8', '::/0')], exempt: true }))).not.toHaveProperty(
      'message',
    );
    for (const network of ['0.0.0.0/0', '10.1.0.0/16', '::ffff:10.0.0.1'])
      expect(refusal(networks, { when: [inNetwork(network)], exempt: true }).path).toBe('instructions[0].when');
  });

  test.each<[Partial<TripInput>, string, string]>([
    [{ mode: 'slow' }, 'mode', 'flag `search` has the variations `normal`, `cached`, `off-404` and `off`, got `slow`'],
    [
      { when: [{ contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/33'] }] },
      'when[0].values[0]',
      'got "10.0.0.0/33"',
    ],
  ])('is refused by the path: %j', (trip, path, message) => {
    expect(refusal(tripped(), trip)).toEqual({
      path: `instructions[0].${path}`,
      message: expect.stringContaining(message),
    });
  });
});

describe('restoring', () => {
  test('takes one rule away, or all', () => {
    const environment = tripped({ id: 'a' }, { id: 'b', mode: 'off', when: [inAccount('42')] });
    expect(follow(environment, { kind: 'restore', id: 'c' })).toMatchObject({
      path: 'instructions[0].id',
      message: 'valve `search` has no rule `c`; its rules are `b` and `a`',
    });
    follow(environment, { kind: 'restore', id: 'b' });
    expect(describeOrder(environment)).toEqual(['a cached']);
    follow(environment, { kind: 'restore' });
    expect(describeOrder(environment)).toEqual([]);
  });

  test('several valves that one change tripped is one revert, the last first', () => {
    const flags = [buildValve(), buildValve({ key: 'mail' })];
    const environment = createMemoryEnvironment({ flags });
    const before = environment.lookup;
    const share = { contextKind: 'account', weight: 5000 };
    const applied = follow(environment, toTrip({ mode: 'off', share }), {
      ...toTrip({ mode: 'cached' }),
      flag: 'mail',
    });
    if (isProblem(applied)) throw new Error(applied.message);
    const instructions = listRevertInstructions([
      ...[...applied.flags].map(([key, now]) => ({
        id: { kind: 'flag', key } as const,
        before: before.findFlag(key),
        now,
      })),
      ...[...applied.segments].map(([key, now]) => ({
        id: { kind: 'segment', key } as const,
        before: before.findSegment(key),
        now,
      })),
    ]);
    expect(instructions.map((instruction) => 'flag' in instruction && instruction.flag)).toEqual(['mail', 'search']);
    expect(environment.follow({ instructions: [...instructions] })).not.toHaveProperty('message');
    expect(environment.flags).toEqual(flags);
    expect(environment.segments).toEqual([]);
  });

  test('what was restored can be reverted: rules, shares and all', () => {
    const environment = tripped({ id: 'a', share: { contextKind: 'account', weight: 5000 } }, { id: 'b', mode: 'off' });
    const [before] = environment.flags;
    const segments = environment.segments;
    follow(environment, { kind: 'restore' });
    const [now] = environment.flags;
    const instructions = listRevertInstructions([{ id: { kind: 'flag', key: 'search' }, before, now }]);
    environment.follow({ instructions: [...instructions] });
    expect(environment.flags).toEqual([before]);
    expect(environment.segments).toEqual(segments);
  });

  test.each([
    [{ on: false }, 'on', 'a valve is always on'],
    [{ offVariation: 'off' }, 'offVariation', 'expected the mode `normal`'],
    [{ fallthrough: { variation: 'off' } }, 'fallthrough', 'expected the mode `normal`'],
    [{ targets: [{ variation: 'off', contextKind: 'user', keys: ['a'] }] }, 'targets', 'a valve has no targets'],
    [{ rules: [{ clauses: [], variation: 'off' }] }, 'rules[0]', 'expected a `trip`'],
    [{ rules: [keptRule('normal', [inAccount('42')])] }, 'rules[0].variation', 'any other mode would win'],
    [{ rules: [keptRule('cached', [], true)] }, 'rules[0].clauses', 'an exempt rule needs to say who is exempt'],
    [
      { rules: [keptRule('cached', [inAccount('42')], true), keptRule('off', [inAccount('42', '43')], true)] },
      'rules[1].clauses',
      'exempt rules that overlap must serve the same mode',
    ],
  ])('brings back nothing that a valve cannot be: %j', (parts, path, message) => {
    const { salt: _, ...configuration } = buildValve().configuration;
    const instruction = { kind: 'replace-configuration', configuration: { ...configuration, ...parts } };
    expect(follow(tripped(), instruction as never)).toMatchObject({
      path: `instructions[0].configuration.${path}`,
      message: expect.stringContaining(message),
    });
  });
});

describe('what a trip did, in words', () => {
  const id = { kind: 'flag', key: 'search' } as const;
  const say = (before: MemoryEnvironment, after: MemoryEnvironment) =>
    describeDifference(id, before.flags[0], after.flags[0]).map(({ text }) => text);

  test('names mode, scope, time and reason', () => {
    const environment = tripped({
      id: 'a',
      mode: 'off-404',
      when: [inAccount('42')],
      share: { contextKind: 'user', weight: 10_000 },
      incident: 'INC-7',
    });
    const trip = '`off-404` for 10% of users where account key is "42" until 1970-01-01 04:00 UTC: slow (INC-7)';
    expect(say(tripped(), environment)).toEqual([`tripped: ${trip}`]);
    expect(say(environment, tripped())).toEqual([`restored from ${trip}`]);
  });

  test('says before and after of a trip that is renewed', () => {
    expect(say(tripped({ id: 'a' }), tripped({ id: 'a' }, { mode: 'off', reason: 'down' }))).toEqual([
      'trip changed: `cached` for everyone until 1970-01-01 04:00 UTC: slow → `off` for everyone until 1970-01-01 04:00 UTC: down',
    ]);
  });

  test('says so where a trip is made again, and nothing of it is different in words', () => {
    const again = tripped({ id: 'a' }, { id: 'a', expiresInMs: 4 * 3_600_000 + 1 });
    expect(say(tripped({ id: 'a' }), again)).toEqual([
      'tripped again: `cached` for everyone until 1970-01-01 04:00 UTC: slow',
    ]);
  });

  test('says that a rule is exempt', () => {
    expect(say(tripped(), tripped({ mode: 'normal', when: [inAccount('42')], exempt: true }))).toEqual([
      'tripped: `normal` for everyone where account key is "42", whatever else is tripped, until 1970-01-01 04:00 UTC: slow',
    ]);
  });
});

describe('whatever rules a valve has', () => {
  let launchDarkly: LaunchDarklyData;

  beforeAll(async () => {
    launchDarkly = await createLaunchDarklyData();
  });

  afterAll(() => launchDarkly.close());

  const contexts: readonly Context[] = ['1', '2', '3'].flatMap((account) =>
    [
      { route: '/search', method: 'GET', ip: '10.0.0.1', region: 'eu-1' },
      { route: '/orders', method: 'POST', ip: '192.168.0.1', region: 'us-1' },
      { route: '/search', method: 'POST', ip: '10.9.0.1', region: 'us-1' },
    ].map(
      ({ region, ...request }): Context => ({
        kind: 'multi',
        account: { key: account },
        request: { key: 'r', ...request },
        instance: { key: `i-${account}-${region}`, region },
      }),
    ),
  );

  const clause: Arbitrary<Clause> = fc.constantFrom<Clause>(
    inAccount('1'),
    inAccount('2', '3'),
    { ...inAccount('2'), negate: true },
    { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] },
    { contextKind: 'request', attribute: 'route', op: 'glob', values: ['/o*'] },
    inNetwork('10.0.0.0/16'),
    inNetwork('10.0.0.0/8'),
    { contextKind: 'request', attribute: 'method', op: 'in', values: ['POST'] },
    { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1'] },
  );
  const trip: Arbitrary<Partial<TripInput>> = fc.record(
    {
      mode: fc.constantFrom(...modes),
      when: fc.array(clause, { maxLength: 2 }),
      share: fc.record({
        contextKind: fc.constantFrom('account', 'instance', 'user'),
        weight: fc.constantFrom(1, 30_000, 70_000),
      }),
      exempt: fc.boolean(),
    },
    { requiredKeys: ['mode', 'when'] },
  );
  const trips = fc.array(trip, { maxLength: 6 });

  /** What is served to each context, by our engine and by LaunchDarkly's SDK. */
  async function serveAll(environment: MemoryEnvironment): Promise<readonly (readonly number[])[]> {
    const { flags, segments, lookup } = environment;
    await launchDarkly.use(
      flags.flatMap((flag) => compileFlag(flag, 1, lookup) ?? []),
      segments.map((segment) => compileSegment(segment, 1, lookup)),
    );
    const theirs = await Promise.all(contexts.map((context) => launchDarkly.evaluate('search', context)));
    return [contexts.map((context) => serve(environment, context)), theirs].map((served) =>
      served.map((mode) => modes.indexOf(String(mode))),
    );
  }

  function start(given: readonly Partial<TripInput>[]): MemoryEnvironment {
    const environment = createMemoryEnvironment({ flags: [buildValve()] });
    for (const next of given) follow(environment, toTrip(next));
    return environment;
  }

  test('a rule for one account changes nothing for another', async () => {
    let followed = 0;
    await fc.assert(
      fc.asyncProperty(trips, trip, async (given, next) => {
        const environment = start(given);
        const before = await serveAll(environment);
        const when = [...(next.when ?? []), inAccount('1')];
        if (!isProblem(follow(environment, toTrip({ ...next, when })))) followed++;
        const after = await serveAll(environment);
        // The contexts of account 1 come first.
        const others = (served: readonly (readonly number[])[]) => served.map((all) => all.slice(3));
        expect(others(after)).toEqual(others(before));
      }),
      { numRuns: 150 },
    );
    expect(followed).toBeGreaterThan(30);
  });

  test('one more rule degrades or leaves alone, unless it is exempt', async () => {
    let degraded = 0;
    await fc.assert(
      fc.asyncProperty(trips, trip, async (given, { exempt: _, ...next }) => {
        const environment = start(given);
        const before = await serveAll(environment);
        follow(environment, toTrip(next));
        const after = await serveAll(environment);
        for (const [sdk, served] of after.entries()) {
          for (const [index, severity] of served.entries()) {
            const was = before[sdk]?.[index] ?? Number.NaN;
            expect(severity).toBeGreaterThanOrEqual(was);
            if (severity > was) degraded++;
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(degraded).toBeGreaterThan(100);
  });

  test('what is refused because it could not be reached would change nothing', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(trip, { minLength: 4, maxLength: 8 }),
        trip,
        async (given, { exempt: _, share: __, ...next }) => {
          const environment = start(given);
          const problem = follow(environment, toTrip(next));
          if (!isProblem(problem) || !problem.message.includes('could not be reached')) return;
          refused++;
          const before = await serveAll(environment);
          const [valve] = environment.flags;
          if (valve === undefined) throw new Error('there is no valve');
          const rule = keptRule(next.mode ?? '', next.when ?? []);
          const configuration = { ...valve.configuration, rules: [...valve.configuration.rules, rule] };
          const forced = { kind: 'replace-configuration', configuration } as never;
          expect(follow(environment, forced)).not.toHaveProperty('message');
          expect(await serveAll(environment)).toEqual(before);
        },
      ),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  test('the most severe of those that match is served', () => {
    fc.assert(
      fc.property(trips, (given) => {
        const environment = start(given.map(({ exempt: _, ...rest }) => rest));
        const [valve] = environment.flags;
        if (valve === undefined) throw new Error('there is no valve');
        const alone = rulesOf(environment).map((rule) => ({
          ...environment,
          flags: [{ ...valve, configuration: { ...valve.configuration, rules: [rule] } }],
        }));
        for (const context of contexts) {
          const each = alone.map((single) => modes.indexOf(serve(single, context)));
          expect(modes.indexOf(serve(environment, context))).toBe(Math.max(0, ...each));
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a look-up says who and when', () => {
  expect(buildLookup({ actor: 'bob', now: 7 })).toMatchObject({ actor: 'bob', now: 7 });
});
