import { type Context, createEvaluation, evaluate, isStage, Ruleset, type Stage, stages } from '@sluice/engine';
import {
  buildFlag,
  buildMigration,
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
  describeDifference,
  type FlagConfiguration,
  type FlagState,
  type InstructionInput,
  isProblem,
  listRevertInstructions,
} from './index.ts';

type SetStage = Extract<InstructionInput, { kind: 'set-stage' }>;
type Stages = Omit<SetStage, 'kind' | 'flag'>;

const inTenant = (...keys: string[]) => [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: keys }];

function follow(environment: MemoryEnvironment, ...inputs: readonly InstructionInput[]) {
  return environment.follow({ flag: 'orders', instructions: parseInstructions(...inputs) });
}

function set(environment: MemoryEnvironment, ...all: readonly Stages[]) {
  return follow(environment, ...all.map((given) => ({ kind: 'set-stage' as const, ...given })));
}

/** A migration after changes one after the other, all of which are followed. */
function migrated(...changes: readonly Stages[]): MemoryEnvironment {
  const environment = createMemoryEnvironment({ flags: [buildMigration()] });
  for (const change of changes) expect(set(environment, change)).not.toHaveProperty('message');
  return environment;
}

/** All records go from stage to stage, up to that one. */
function migratedTo(last: Stage): MemoryEnvironment {
  return migrated(...stages.slice(1, stages.indexOf(last) + 1).map((stage) => ({ stage, confirm: 'orders' })));
}

function migrationIn({ flags }: MemoryEnvironment): FlagState {
  const found = flags.find(({ definition }) => definition.key === 'orders');
  if (found === undefined) throw new Error('there is no migration');
  return found;
}

function configurationIn(environment: MemoryEnvironment): FlagConfiguration {
  return migrationIn(environment).configuration;
}

/** The stages that our engine serves. */
function serve(environment: MemoryEnvironment, contexts: readonly Context[]): readonly Stage[] {
  const ruleset = new Ruleset({ regex: environment.lookup.regex, createTally: () => undefined });
  const flag = compileFlag(migrationIn(environment), 1, environment.lookup);
  if (flag !== undefined) ruleset.setFlag(flag);
  const compiled = ruleset.findCompiled('orders');
  return contexts.map((context) => {
    const value = compiled && evaluate(compiled, createEvaluation({ context, ambient: [] })).detail.value;
    if (!isStage(value)) throw new Error(`${value} is no stage`);
    return value;
  });
}

/** What a change does, in words. */
function describeChange(environment: MemoryEnvironment, ...all: readonly Stages[]): readonly string[] {
  const before = migrationIn(environment);
  expect(set(environment, ...all)).not.toHaveProperty('message');
  const effects = describeDifference({ kind: 'flag', key: 'orders' }, before, migrationIn(environment));
  return effects.map(({ text }) => text);
}

const live25 = {
  rollout: [
    { stage: 'live' as const, weight: 25_000 },
    { stage: 'shadow' as const, weight: 75_000 },
  ],
};

describe('a migration', () => {
  test('has the stages as its variations, is on, and has everything in `off`', () => {
    const environment = createMemoryEnvironment();
    follow(environment, { kind: 'create-flag', definition: { kind: 'migration' } });
    const { definition, configuration } = migrationIn(environment);
    expect(definition.variations).toEqual(stages.map((stage) => ({ id: stage, value: stage })));
    expect(configuration).toMatchObject({
      on: true,
      offVariation: 'off',
      fallthrough: { variation: 'off' },
      rules: [],
    });
  });

  test('gets no other variations, neither from the start nor later', () => {
    const variations = [{ value: 'off' }, { value: 'done' }];
    const message = expect.stringContaining(
      'the stages `off`, `dualwrite`, `shadow`, `live`, `rampdown` and `complete`',
    );
    const environment = createMemoryEnvironment();
    expect(follow(environment, { kind: 'create-flag', definition: { kind: 'migration', variations } })).toMatchObject({
      path: 'instructions[0].definition.variations',
      message,
    });
    expect(follow(migrated(), { kind: 'update-definition', definition: { variations } })).toMatchObject({
      path: 'instructions[0].definition.variations',
      message,
    });
  });

  test('follows no instructions of a release, nor a release those of a migration', () => {
    expect(follow(migrated(), { kind: 'turn-off' })).toMatchObject({
      path: 'instructions[0].kind',
      message: 'flag `orders` is a migration and follows `set-stage` and `remove-cohort`, got `turn-off`',
    });
    const environment = createMemoryEnvironment({ flags: [buildFlag({ key: 'orders' })] });
    expect(set(environment, { stage: 'dualwrite' })).toMatchObject({ path: 'instructions[0].kind' });
  });

  test('shares records out by their key, the earliest stage first, whatever order is given', () => {
    expect(configurationIn(migrated({ stage: 'dualwrite' }, { stage: 'shadow' }, live25)).fallthrough).toEqual({
      rollout: {
        contextKind: 'record',
        variations: [
          { variation: 'shadow', weight: 75_000 },
          { variation: 'live', weight: 25_000 },
        ],
      },
    });
  });

  test('serves a stage that has all records plainly', () => {
    const all: Stages = {
      rollout: [
        { stage: 'dualwrite', weight: 100_000 },
        { stage: 'live', weight: 0 },
      ],
    };
    expect(configurationIn(migrated(all)).fallthrough).toEqual({ variation: 'dualwrite' });
  });

  test('has a rule of its own only while stages are mixed', () => {
    const rules = (environment: MemoryEnvironment) =>
      compileFlag(migrationIn(environment), 1, environment.lookup)?.rules?.map(({ id }) => id);
    expect(rules(migrated({ stage: 'dualwrite' }))).toEqual([]);
    expect(rules(migrated({ stage: 'dualwrite' }, { stage: 'shadow', when: inTenant('42'), id: 'first' }))).toEqual([
      'migration:without-record',
      'first',
    ]);
  });

  test.each<[Stages, string, string]>([
    [{}, 'instructions[0]', 'expected a stage or a rollout, got neither'],
    [{ stage: 'dualwrite', ...live25 }, 'instructions[0]', 'got both'],
    [{ stage: 'dualwrite', cohort: 'a', when: inTenant('42') }, 'instructions[0]', 'got both'],
    [{ stage: 'dualwrite', id: 'a' }, 'instructions[0].id', 'one needs `when`'],
    [{ stage: 'dualwrite', cohort: 'nobody' }, 'instructions[0].cohort', 'no cohort `nobody`; its cohorts are `first`'],
    [{ stage: 'dualwrite', when: inTenant('43'), id: 'first' }, 'instructions[0].id', 'there already is a cohort'],
    [{ rollout: [{ stage: 'dualwrite', weight: 1000 }] }, 'instructions[0].rollout', 'sum to 100000'],
    [
      {
        rollout: [
          { stage: 'off', weight: 50_000 },
          { stage: 'off', weight: 50_000 },
        ],
      },
      'instructions[0].rollout[1].stage',
      '`off` twice',
    ],
    [
      { stage: 'dualwrite', when: [{ op: 'segmentMatch', values: ['nobody'] }] },
      'instructions[0].when[0].values[0]',
      'no segment `nobody`',
    ],
  ])('refuses %j', (given, path, message) => {
    const environment = migrated({ stage: 'off', when: inTenant('42'), id: 'first' });
    expect(set(environment, given)).toMatchObject({ path, message: expect.stringContaining(message) });
  });
});

describe('a cohort of a migration', () => {
  test('goes before those that are there, and keeps its place when it moves on', () => {
    const environment = migrated(
      { stage: 'dualwrite', when: inTenant('1'), id: 'a' },
      { stage: 'dualwrite', when: inTenant('2'), id: 'b' },
      { stage: 'shadow', cohort: 'a' },
      { stage: 'shadow', when: inTenant('2') },
    );
    expect(configurationIn(environment).rules).toMatchObject([
      { id: 'b', variation: 'shadow' },
      { id: 'a', variation: 'shadow' },
    ]);
  });

  test('gets an id that is recorded', () => {
    const applied = set(migrated(), { stage: 'dualwrite', when: inTenant('1') });
    expect(applied).toMatchObject({ instructions: [{ kind: 'set-stage', id: 'id-1' }] });
  });

  test('is removed, and what was in it goes with all others', () => {
    const environment = migrated({ stage: 'dualwrite', when: inTenant('1'), id: 'a' });
    expect(follow(environment, { kind: 'remove-cohort', id: 'a' })).not.toHaveProperty('message');
    expect(configurationIn(environment).rules).toEqual([]);
    expect(follow(environment, { kind: 'remove-cohort', id: 'a' })).toMatchObject({
      path: 'instructions[0].id',
      message: 'migration `orders` has no cohort `a`; its cohorts are none',
    });
  });
});

describe('a move that is not safe is refused', () => {
  test('over a stage: with what would be lost, and the steps in between', () => {
    expect(set(migrated(), { stage: 'live' })).toMatchObject({
      path: 'instructions[0].stage',
      message:
        '`orders` may not go from `off` to `live` at once: while the change is on its way some have the one and some the other, and what is written in `off` goes to the old store alone, while reads in `live` are answered by the new one: they would be stale, and the write lost to them. Go by way of `dualwrite` and `shadow`, one change after the other',
    });
  });

  test('also step by step within one change, of which nobody ever sees a step', () => {
    const environment = migrated();
    expect(set(environment, { stage: 'dualwrite' }, { stage: 'shadow' }, { stage: 'live' })).toMatchObject({
      path: 'instructions[2].stage',
      message: expect.stringContaining('from `off` to `live`'),
    });
    expect(configurationIn(environment).fallthrough).toEqual({ variation: 'off' });
  });

  test('into a mixture of which one part does not see what another writes', () => {
    const half: Stages = {
      rollout: [
        { stage: 'off', weight: 50_000 },
        { stage: 'live', weight: 50_000 },
      ],
    };
    const mixtures =
      'In force at once may be `off`, `dualwrite` and `shadow`; or `dualwrite`, `shadow`, `live` and `rampdown`; or `live`, `rampdown` and `complete`';
    expect(set(migratedTo('dualwrite'), half)).toMatchObject({
      path: 'instructions[0].rollout',
      message: expect.stringMatching(new RegExp(`may not have records in \`off\` and \`live\` at once.*${mixtures}$`)),
    });
  });

  test('for a cohort as long as anything else is in a stage that does not go with it', () => {
    const environment = migrated({ stage: 'dualwrite', when: inTenant('1'), id: 'a' });
    expect(set(environment, { stage: 'live', cohort: 'a' })).toMatchObject({
      path: 'instructions[0].stage',
      message: expect.stringContaining('may not have records in `off` and `live` at once'),
    });
  });

  test.each(['live', 'rampdown'] as const)('from `%s` to `off`: the way back is where both are written', (stage) => {
    expect(set(migratedTo(stage), { stage: 'off' })).toMatchObject({
      message: expect.stringMatching(/The way back is `shadow` or `dualwrite`: there writes still reach both stores$/),
    });
    for (const back of ['shadow', 'dualwrite'] as const) {
      expect(set(migratedTo(stage), { stage: back })).not.toHaveProperty('message');
    }
  });

  test.each(stages.filter((stage) => stage !== 'complete'))('from `complete` to `%s`', (stage) => {
    expect(set(migratedTo('complete'), { stage })).toMatchObject({
      path: 'instructions[0].stage',
      message: expect.stringContaining('a new migration with old and new swapped'),
    });
  });

  test('of some records out of `complete`, by their share or their cohort', () => {
    const share = (weight: number): Stages => ({
      rollout: [
        { stage: 'rampdown', weight: 100_000 - weight },
        { stage: 'complete', weight },
      ],
      confirm: 'orders',
    });
    const way = 'no way back';
    const environment = migratedTo('rampdown');
    set(environment, share(20_000));
    expect(set(environment, share(30_000))).not.toHaveProperty('message');
    expect(set(environment, share(29_999))).toMatchObject({ message: expect.stringContaining(way) });
    expect(set(environment, { stage: 'rampdown', when: inTenant('1') })).toMatchObject({
      message: expect.stringContaining(way),
    });
    set(environment, { stage: 'complete', when: inTenant('1'), id: 'a', confirm: 'orders' });
    expect(follow(environment, { kind: 'remove-cohort', id: 'a' })).toMatchObject({
      path: 'instructions[0]',
      message: expect.stringContaining(way),
    });
  });

  test('into `complete` unless the key of the migration is typed', () => {
    for (const confirm of [undefined, 'order']) {
      expect(set(migratedTo('rampdown'), { stage: 'complete', ...(confirm && { confirm }) })).toMatchObject({
        path: 'instructions[0].confirm',
        message: expect.stringContaining('(confirm: "orders")'),
      });
    }
    expect(set(migratedTo('rampdown'), { stage: 'complete', confirm: 'orders' })).not.toHaveProperty('message');
  });

  test('into `complete` by the removal of a cohort, too', () => {
    const environment = migrated(
      ...(['dualwrite', 'shadow', 'live', 'rampdown'] as const).map((stage) => ({ stage })),
      { stage: 'rampdown', when: inTenant('1'), id: 'a' },
      { stage: 'complete', confirm: 'orders' },
    );
    const remove = { kind: 'remove-cohort' as const, id: 'a' };
    expect(follow(environment, remove)).toMatchObject({ path: 'instructions[0].confirm' });
    expect(follow(environment, { ...remove, confirm: 'orders' })).not.toHaveProperty('message');
  });

  test('out of use while code that asks would leave the new store behind', () => {
    for (const stage of ['dualwrite', 'shadow', 'live', 'rampdown'] as const) {
      const refused = {
        path: 'instructions[0]',
        message: expect.stringContaining(`has records in \`${stage}\``),
      };
      expect(follow(migratedTo(stage), { kind: 'archive' })).toMatchObject(refused);
      const deleted = follow(migratedTo(stage), { kind: 'delete' });
      if (stage === 'live' || stage === 'rampdown') expect(deleted).toMatchObject(refused);
      else expect(deleted).not.toHaveProperty('path');
    }
    for (const kind of ['archive', 'delete'] as const) expect(follow(migrated(), { kind })).not.toHaveProperty('path');
  });

  test('in the archive, where nobody would see it until it comes out', () => {
    const environment = migrated();
    follow(environment, { kind: 'archive' });
    expect(set(environment, { stage: 'live' })).toMatchObject({
      message: expect.stringContaining('from `off` to `live`'),
    });
    expect(set(environment, { stage: 'shadow' })).toMatchObject({
      message: expect.stringContaining('in the archive only'),
    });
  });

  test('to a flag of another kind', () => {
    const create = (kind: 'release' | 'migration') => ({ kind: 'create-flag' as const, definition: { kind } });
    expect(follow(migratedTo('live'), { kind: 'delete' }, create('release'))).toMatchObject({
      message: expect.stringContaining('has records in `live`'),
    });
    const environment = createMemoryEnvironment({ flags: [buildFlag({ key: 'orders' })] });
    expect(follow(environment, { kind: 'delete' }, create('migration'))).not.toHaveProperty('path');
    expect(configurationIn(environment).fallthrough).toEqual({ variation: 'off' });
  });

  test('to another beginning: a migration that is complete is archived, and then deleted', () => {
    const environment = migratedTo('complete');
    const create = { kind: 'create-flag' as const, definition: { kind: 'migration' as const } };
    expect(follow(environment, { kind: 'delete' })).toMatchObject({
      message: expect.stringContaining('Archive it in `complete`, once no code asks'),
    });
    expect(follow(environment, { kind: 'archive' })).not.toHaveProperty('path');
    expect(follow(environment, { kind: 'delete' }, create)).toMatchObject({
      message: expect.stringContaining('no way back'),
    });
    expect(follow(environment, { kind: 'unarchive' })).not.toHaveProperty('path');
    expect(configurationIn(environment).fallthrough).toEqual({ variation: 'complete' });
    follow(environment, { kind: 'archive' });
    expect(follow(environment, { kind: 'delete' })).not.toHaveProperty('path');
  });
});

describe('a revert of a migration', () => {
  function revert(environment: MemoryEnvironment, before: FlagState | undefined) {
    const id = { kind: 'flag' as const, key: 'orders' };
    const now = environment.flags.find(({ definition }) => definition.key === 'orders');
    return environment.follow({ instructions: [...listRevertInstructions([{ id, before, now }])] });
  }

  test('brings back what was, cohorts and shares included', () => {
    const environment = migratedTo('shadow');
    set(environment, { stage: 'shadow', when: inTenant('1'), id: 'a' });
    set(environment, { ...live25, cohort: 'a' });
    const before = migrationIn(environment);
    set(environment, live25);
    expect(revert(environment, before)).not.toHaveProperty('message');
    expect(migrationIn(environment)).toEqual(before);
  });

  test.each<[Stage, Stage]>([
    ['live', 'off'],
    ['complete', 'rampdown'],
  ])('is refused from `%s` to `%s`', (from, to) => {
    const environment = migratedTo(from);
    expect(revert(environment, migrationIn(migratedTo(to)))).toMatchObject({
      path: 'instructions[0].configuration',
    });
  });

  test('brings back no beginning in `complete`, though one in the archive was deleted', () => {
    const environment = migratedTo('complete');
    follow(environment, { kind: 'archive' });
    const before = migrationIn(environment);
    follow(environment, { kind: 'delete' });
    // From nothing, which is `off`, to `complete`.
    expect(revert(environment, before)).toMatchObject({ message: expect.stringContaining('from `off` to `complete`') });
  });

  test('is made of whatever began, ended or left the archive', () => {
    const environment = createMemoryEnvironment();
    follow(
      environment,
      { kind: 'create-flag', definition: { kind: 'migration' } },
      { kind: 'set-stage', stage: 'shadow' },
    );
    expect(revert(environment, undefined)).not.toHaveProperty('message');
    expect(environment.flags).toEqual([]);
    const archived = migrated();
    follow(archived, { kind: 'archive' });
    const before = migrationIn(archived);
    follow(archived, { kind: 'unarchive' }, { kind: 'set-stage', stage: 'dualwrite' });
    expect(revert(archived, before)).not.toHaveProperty('message');
    expect(migrationIn(archived)).toEqual(before);
  });

  const whole = configurationIn(migratedTo('shadow'));
  const shares = (more: object) => ({
    rollout: {
      variations: [
        { variation: 'shadow', weight: 50_000 },
        { variation: 'live', weight: 50_000 },
      ],
      ...more,
    },
  });
  test.each<[Partial<FlagConfiguration>, string]>([
    [{ on: false }, 'on'],
    [{ offVariation: 'complete' }, 'offVariation'],
    [{ targets: [{ variation: 'shadow', contextKind: 'user', keys: ['ann'] }] }, 'targets'],
    [{ fallthrough: shares({}) }, 'fallthrough.rollout'],
    [{ fallthrough: shares({ contextKind: 'user' }) }, 'fallthrough.rollout'],
    [
      { rules: [{ id: 'a', clauses: [], ...shares({ contextKind: 'record', bucketBy: 'tenant' }) }] },
      'rules[0].rollout',
    ],
  ])('takes nothing that no step can lead to: %j', (parts, path) => {
    const { salt: _, ...configuration } = { ...whole, ...parts };
    const instruction = { kind: 'replace-configuration', configuration };
    // JSON as somebody may send it; the schema checks it.
    expect(follow(migratedTo('shadow'), instruction as unknown as InstructionInput)).toMatchObject({
      path: `instructions[0].configuration.${path}`,
    });
  });
});

describe('a change of a migration says', () => {
  test('how many of the records are in which stage, and which store is true', () => {
    const environment = migratedTo('shadow');
    expect(describeChange(environment, live25)).toEqual([
      '0% → 25% of records in `live`',
      'true is either store, by record instead of the old store',
    ]);
    const half = {
      rollout: [
        { stage: 'shadow' as const, weight: 50_000 },
        { stage: 'live' as const, weight: 50_000 },
      ],
    };
    expect(describeChange(environment, half)).toEqual(['25% → 50% of records in `live`']);
    expect(describeChange(environment, { stage: 'live' })).toEqual([
      '50% → 100% of records in `live`',
      'true is the new store instead of either store, by record',
    ]);
    expect(describeChange(environment, { stage: 'shadow' })).toEqual([
      'all records in `shadow` instead of `live`',
      'true is the old store instead of the new store',
    ]);
  });

  test('that the new store is left behind on the way to `off`', () => {
    expect(describeChange(migratedTo('shadow'), { stage: 'off' })).toEqual([
      'all records in `off` instead of `shadow`',
      'the new store is no longer kept for records in `off`: what is written to them from now on it lacks, until they are moved again',
    ]);
  });

  test('that the old store is left behind on the way to `complete`', () => {
    expect(describeChange(migratedTo('rampdown'), { stage: 'complete', confirm: 'orders' })).toEqual([
      'all records in `complete` instead of `rampdown`',
      'the old store is no longer kept for records in `complete`: there is no way back for them',
    ]);
  });

  test('which cohorts came, moved and went', () => {
    const environment = migratedTo('shadow');
    expect(describeChange(environment, { stage: 'shadow', when: inTenant('1'), id: 'a' })).toEqual([
      'cohort `a` (if tenant key is "1") added: all records in `shadow`',
    ]);
    expect(describeChange(environment, { ...live25, cohort: 'a' })[0]).toBe(
      'cohort `a`: 0% → 25% of records in `live`',
    );
    expect(describeChange(environment, { stage: 'dualwrite' })).toEqual([
      'all other records in `dualwrite` instead of `shadow`',
    ]);
    const before = migrationIn(environment);
    follow(environment, { kind: 'remove-cohort', id: 'a' });
    const [first] = describeDifference({ kind: 'flag', key: 'orders' }, before, migrationIn(environment));
    expect(first?.text).toBe('cohort `a` (if tenant key is "1") removed');
  });
});

describe('whatever is asked of a migration', () => {
  let launchDarkly: LaunchDarklyData;

  beforeAll(async () => {
    launchDarkly = await createLaunchDarklyData();
  });

  afterAll(() => launchDarkly.close());

  /** By hand, not by the code that is looked at. */
  const unsafe = new Set(['off live', 'off rampdown', 'off complete', 'dualwrite complete', 'shadow complete']);
  const isUnsafe = ([a, b]: readonly Stage[]): boolean => unsafe.has(`${a} ${b}`) || unsafe.has(`${b} ${a}`);

  const records = Array.from({ length: 40 }, (_, at): Context => ({ kind: 'record', key: `order-${at}` }));
  const tenants = ['1', '2', '3'].map((key): Context => ({ kind: 'tenant', key }));
  const withTenant = records.map(
    (record, at): Context => ({
      kind: 'multi',
      record: { key: String(record.key) },
      tenant: { key: String((at % 3) + 1) },
    }),
  );

  const stage = fc.constantFrom(...stages);
  const rollout = fc
    .tuple(stage, stage, fc.constantFrom(1, 20_000, 50_000, 99_999))
    .filter(([a, b]) => a !== b)
    .map(([a, b, weight]) => [
      { stage: a, weight },
      { stage: b, weight: 100_000 - weight },
    ]);
  const clauses: Arbitrary<Clause[]> = fc.constantFrom(inTenant('1'), inTenant('2', '3'), [
    { contextKind: 'record', attribute: 'key', op: 'endsWith', values: ['5'] },
  ]);
  const place = fc.oneof(
    fc.constant({}),
    fc.constantFrom('a', 'b').map((cohort) => ({ cohort })),
    fc.tuple(clauses, fc.constantFrom('a', 'b')).map(([when, id]) => ({ when, id })),
  );
  const instruction = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(
          fc.oneof(
            stage.map((one) => ({ stage: one })),
            rollout.map((some) => ({ rollout: some })),
          ),
          place,
        )
        .map(([served, where]) => ({ kind: 'set-stage', confirm: 'orders', ...served, ...where })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('a', 'b').map((id) => ({ kind: 'remove-cohort', id, confirm: 'orders' })),
    },
    { weight: 1, arbitrary: fc.constantFrom('archive', 'unarchive').map((kind) => ({ kind })) },
  );
  const changes = fc.array(fc.array(instruction, { minLength: 1, maxLength: 3 }), { maxLength: 20, size: 'max' });
  /** Where a migration is that gets these changes. */
  const begin = stage.map(migratedTo);

  test('no two stages of which one does not see the other are in force at once, nor one after the other', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(begin, changes, (environment, given) => {
        for (const change of given) {
          const before = migrationIn(environment);
          const was = before.definition.archived ? [] : serve(environment, withTenant);
          // Made in the form of instructions; the schema checks them.
          if (isProblem(follow(environment, ...(change as InstructionInput[])))) continue;
          if (migrationIn(environment).definition.archived) continue;
          const is = serve(environment, withTenant);
          for (const [at, stage] of was.entries()) seen.add(`${stage} ${is[at]}`);
          const inForce = [...new Set([...was, ...is])];
          for (const one of new Set(is)) for (const other of inForce) expect([one, other]).not.toSatisfy(isUnsafe);
        }
      }),
      { numRuns: 300 },
    );
    const safe = stages.flatMap((a) => stages.filter((b) => !isUnsafe([a, b])).map((b) => `${a} ${b}`));
    // Every move that is safe was met, but for the ways out of `complete`.
    const expected = safe.filter((move) => !/^complete (?!complete)/.test(move));
    expect([...seen].sort()).toEqual(expected.sort());
  });

  test('a context without `record` is in the earliest stage, in our engine and in the SDK of LaunchDarkly', async () => {
    let mixed = 0;
    const asked: readonly Context[] = [...tenants, { kind: 'user', key: 'ann' }, ...records, ...withTenant];
    await fc.assert(
      fc.asyncProperty(begin, changes, async (environment, given) => {
        // Made in the form of instructions; the schema checks them.
        for (const change of given) follow(environment, ...(change as InstructionInput[]));
        const { lookup } = environment;
        const flag = compileFlag(migrationIn(environment), 1, lookup);
        if (flag === undefined) return;
        await launchDarkly.use([flag], []);
        const ours = serve(environment, asked);
        expect(await Promise.all(asked.map((context) => launchDarkly.evaluate('orders', context)))).toEqual(ours);
        const { rules, fallthrough } = configurationIn(environment);
        const inForce = stages.filter((one) => JSON.stringify([rules, fallthrough]).includes(`"variation":"${one}"`));
        if (inForce.length > 1) mixed++;
        for (const served of ours.slice(0, tenants.length + 1)) expect(served).toBe(inForce[0]);
      }),
      { numRuns: 100 },
    );
    expect(mixed).toBeGreaterThan(20);
  });

  test('what is refused changes nothing', () => {
    const environment = migratedTo('live');
    const { lookup } = environment;
    const instructions = parseInstructions({ kind: 'set-stage', flag: 'orders', stage: 'off' });
    expect(isProblem(apply({ instructions }, lookup))).toBe(true);
    expect(configurationIn(environment).fallthrough).toEqual({ variation: 'live' });
  });
});
