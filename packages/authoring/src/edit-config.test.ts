import { type Context, createEvaluation, evaluate, Ruleset } from '@sluice/engine';
import { buildConfig, createMemoryEnvironment, type MemoryEnvironment, parseInstructions } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Clause,
  compileFlag,
  describeDifference,
  type InstructionInput,
  isProblem,
  listRevertInstructions,
  listVariations,
} from './index.ts';

type ClauseInput = Omit<Clause, 'values'> & { values: (string | number | boolean)[] };

const account42: ClauseInput = { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] };
const search: ClauseInput = { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] };

function inNetwork(network: string): ClauseInput {
  return { contextKind: 'request', attribute: 'ip', op: 'cidr', values: [network] };
}

function follow(environment: MemoryEnvironment, ...inputs: readonly InstructionInput[]) {
  return environment.follow({ flag: 'cache.ttl', instructions: parseInstructions(...inputs) });
}

function configured(...inputs: readonly InstructionInput[]): MemoryEnvironment {
  const environment = createMemoryEnvironment({ flags: [buildConfig()] });
  for (const input of inputs) expect(follow(environment, input)).not.toHaveProperty('message');
  return environment;
}

function override(value: unknown, ...when: ClauseInput[]): InstructionInput {
  return { kind: 'set-override', when, value: value as never, confirm: true };
}

function refusal(environment: MemoryEnvironment, input: InstructionInput): { path: string; message: string } {
  const problem = follow(environment, input);
  if (!isProblem(problem)) throw new Error('it was not refused');
  return { path: problem.path, message: problem.message };
}

/** The value that our engine serves. */
function serve({ flags, lookup }: MemoryEnvironment, context: Context | undefined): unknown {
  const ruleset = new Ruleset({ regex: lookup.regex, createTally: () => undefined });
  for (const flag of flags) {
    const compiled = compileFlag(flag, 1, lookup);
    if (compiled !== undefined) ruleset.setFlag(compiled);
  }
  const compiled = ruleset.findCompiled('cache.ttl');
  if (compiled === undefined) throw new Error('there is no config');
  const ours = { kind: 'sluice', key: 'sdk', operators: ['cidr', 'glob'] };
  return evaluate(compiled, createEvaluation({ context, ambient: [ours] })).detail.value;
}

describe('a config', () => {
  test('serves its value to everybody from the start', () => {
    const environment = createMemoryEnvironment();
    follow(environment, { kind: 'create-flag', definition: { kind: 'config', value: 60 } });
    expect(environment.flags[0]?.definition).toMatchObject({
      variations: [],
      config: { schema: { type: 'number' }, dimensions: [] },
    });
    expect(serve(environment, undefined)).toBe(60);
  });

  test('has the variations that its values make in an environment, the environment’s own first', () => {
    const environment = configured(override(5, account42), override(90, search), override(5, inNetwork('10.0.0.0/8')));
    const [flag] = environment.flags;
    expect(flag === undefined ? [] : listVariations(flag)).toEqual([
      { id: '60', value: 60 },
      { id: '5', value: 5 },
      { id: '90', value: 90 },
    ]);
  });

  test.each<[InstructionInput, string, string]>([
    [{ kind: 'create-flag', definition: { kind: 'config' } }, 'definition.value', 'needs a value to begin with'],
    [
      {
        kind: 'create-flag',
        definition: { kind: 'config', value: 0, config: { schema: { type: 'integer', minimum: 1 } } },
      },
      'definition.value',
      'expected to be >= 1, got 0',
    ],
    [
      { kind: 'create-flag', definition: { kind: 'config', value: 1, config: { schema: { type: 'numbr' } } } },
      'definition.config.schema',
      'expected a JSON Schema (draft 2020-12)',
    ],
    [
      {
        kind: 'create-flag',
        definition: { kind: 'config', value: 'a', config: { schema: { type: 'string', pattern: '(a' } } },
      },
      'definition.config.schema',
      'the pattern "(a" cannot be read',
    ],
    [
      { kind: 'create-flag', definition: { kind: 'config', value: 1, config: { schema: { not: { $ref: '#' } } } } },
      'definition.config.schema.not.$ref',
      'expected to lead away from the schema that it stands in, got "#"',
    ],
    [
      { kind: 'create-flag', definition: { kind: 'config', value: 1, variations: [{ value: 1 }, { value: 2 }] } },
      'definition.variations',
      'a config has values instead',
    ],
    [{ kind: 'create-flag', definition: { value: 1 } }, 'definition.value', 'only a config has a `value`'],
    [
      { kind: 'create-flag', definition: { kind: 'valve', config: { schema: {} } } },
      'definition.config',
      'only a config has a `config`, and this is a valve',
    ],
  ])('is refused by the path: %j', (input, path, message) => {
    expect(refusal(createMemoryEnvironment(), input)).toEqual({
      path: `instructions[0].${path}`,
      message: expect.stringContaining(message),
    });
  });

  test('does not accept a new schema that what it serves would not fit', () => {
    const environment = configured(override(5, account42));
    const narrow = { config: { schema: { type: 'integer', minimum: 10 }, dimensions: ['account'] } };
    expect(refusal(environment, { kind: 'update-definition', definition: narrow })).toEqual({
      path: 'instructions[0].definition.config',
      message: 'what `cache.ttl` serves would no longer fit: expected to be >= 10, got 5',
    });
    const without = { config: { schema: { type: 'integer' }, dimensions: ['route'] } };
    expect(refusal(environment, { kind: 'update-definition', definition: without }).message).toContain(
      '`cache.ttl` may vary by `route`, got `account`',
    );
  });
});

describe('a value', () => {
  test('is set within bounds, and refused outside of them', () => {
    const environment = configured({ kind: 'set-value', value: 240 });
    expect(serve(environment, undefined)).toBe(240);
    for (const [value, message] of [
      [0, 'expected to be >= 1, got 0 (in s)'],
      [3601, 'expected to be <= 3600, got 3601 (in s)'],
      ['60', 'expected to be integer, got "60" (in s)'],
      [null, 'expected to be integer, got null (in s)'],
    ] as const) {
      expect(refusal(environment, { kind: 'set-value', value })).toEqual({ path: 'instructions[0].value', message });
    }
  });

  test('may be large, but not beyond 64 KiB', () => {
    const environment = createMemoryEnvironment();
    follow(environment, { kind: 'create-flag', definition: { kind: 'config', value: 'a' } });
    expect(refusal(environment, { kind: 'set-value', value: 'a'.repeat(65_536) }).message).toContain(
      'expected at most 65536 bytes of JSON, got 65538',
    );
  });

  test('that is wrong inside is refused by the place', () => {
    const environment = createMemoryEnvironment();
    const schema = { type: 'object', properties: { limits: { type: 'array', items: { enum: [1, 2] } } } };
    follow(environment, { kind: 'create-flag', definition: { kind: 'config', value: {}, config: { schema } } });
    expect(refusal(environment, { kind: 'set-value', value: { limits: [1, 7] } })).toEqual({
      path: 'instructions[0].value.limits[1]',
      message: 'expected to be equal to one of the allowed values: [1,2], got 7',
    });
  });

  test('changes by more than the largest factor only when that is confirmed', () => {
    const environment = configured();
    expect(refusal(environment, { kind: 'set-value', value: 600 })).toEqual({
      path: 'instructions[0].value',
      message:
        '`cache.ttl` may change by a factor of at most 4 at once, got 60 s → 600 s, a factor of 10; if that is what you mean, confirm it (confirm: true)',
    });
    expect(refusal(environment, { kind: 'set-value', value: 14 }).message).toContain('a factor of 4.29');
    for (const value of [15, 60, 240]) {
      expect(isProblem(follow(environment, { kind: 'set-value', value, confirm: value === 240 }))).toBe(false);
    }
    expect(isProblem(follow(environment, { kind: 'set-value', value: 3600, confirm: true }))).toBe(false);
  });

  test('of an override is compared with the override before, or with the environment’s value', () => {
    const environment = configured();
    const set = (value: number): InstructionInput => ({ kind: 'set-override', when: [account42], value });
    expect(refusal(environment, set(600)).message).toContain('60 s → 600 s');
    for (const value of [240, 900, 3600]) expect(isProblem(follow(environment, set(value)))).toBe(false);
  });

  test('is compared with what was before the change, however many steps lead there', () => {
    const [up, back] = [
      [240, 900, 3600],
      [240, 900, 240],
    ].map((values) => values.map((value): InstructionInput => ({ kind: 'set-value', value })));
    expect(follow(configured(), ...(up ?? []))).toMatchObject({
      path: 'instructions[2].value',
      message: expect.stringContaining('60 s → 3600 s, a factor of 60'),
    });
    expect(follow(configured(), ...(back ?? []))).not.toHaveProperty('message');
    const forHeavy = (value: number): InstructionInput => ({ kind: 'set-override', when: [account42], value });
    expect(follow(configured(), forHeavy(240), { kind: 'set-value', value: 120 }, forHeavy(900))).toMatchObject({
      path: 'instructions[2].value',
      message: expect.stringContaining('60 s → 900 s for everyone where account key is "42"'),
    });
  });

  test('leaps only where that was confirmed', () => {
    const set = (value: number, confirm: boolean): InstructionInput => ({ kind: 'set-value', value, confirm });
    expect(follow(configured(), set(900, true), set(1200, false))).toMatchObject({ path: 'instructions[1].value' });
    expect(follow(configured(), set(900, false), set(1200, true))).not.toHaveProperty('message');
    const forHeavy: InstructionInput = { kind: 'set-override', when: [account42], value: 900 };
    expect(follow(configured(), forHeavy, set(1200, true))).toMatchObject({ path: 'instructions[0].value' });
  });

  test('leaps as well when an override is removed, for whoever had it', () => {
    const environment = configured({
      kind: 'set-override',
      id: 'heavy',
      when: [account42],
      value: 3600,
      confirm: true,
    });
    expect(refusal(environment, { kind: 'remove-override', id: 'heavy' })).toEqual({
      path: 'instructions[0].id',
      message: expect.stringContaining('3600 s → 60 s for everyone where account key is "42", a factor of 60'),
    });
    follow(environment, { kind: 'remove-override', id: 'heavy', confirm: true });
    expect(serve(environment, { kind: 'account', key: '42' })).toBe(60);
  });

  test('leaps as well when it comes from another environment', () => {
    const staging = buildConfig({ offVariation: '3600', fallthrough: { variation: '3600' } });
    const environment = createMemoryEnvironment({ flags: [buildConfig()], elsewhere: { staging } });
    expect(refusal(environment, { kind: 'copy-configuration', from: 'staging' })).toEqual({
      path: 'instructions[0].from',
      message: expect.stringContaining('60 s → 3600 s, a factor of 60'),
    });
    follow(environment, { kind: 'copy-configuration', from: 'staging', confirm: true });
    expect(serve(environment, undefined)).toBe(3600);
  });

  test.each<[string, object]>([
    ['dropped', {}],
    ['raised', { maxChangeFactor: 100 }],
  ])('is held to the factor that a change finds, also where it is %s in it', (_, factor) => {
    const config = { schema: { type: 'integer' }, unit: 's' as const, ...factor };
    const update: InstructionInput = { kind: 'update-definition', definition: { config } };
    expect(follow(configured(), update, { kind: 'set-value', value: 3600 })).toMatchObject({
      path: 'instructions[1].value',
      message: expect.stringContaining('a factor of at most 4 at once'),
    });
    const environment = configured(update);
    expect(follow(environment, { kind: 'set-value', value: 3600 })).not.toHaveProperty('message');
  });

  test('of nothing cannot grow by a factor, so it is confirmed', () => {
    const config = { schema: { type: 'number' }, maxChangeFactor: 2 };
    const environment = createMemoryEnvironment();
    follow(environment, { kind: 'create-flag', definition: { kind: 'config', value: 0, config } });
    expect(refusal(environment, { kind: 'set-value', value: 1 }).message).toContain('from or to nothing');
    expect(isProblem(follow(environment, { kind: 'set-value', value: 1, confirm: true }))).toBe(false);
  });
});

describe('an override', () => {
  const context = (account: string, request: object): Context => ({
    kind: 'multi',
    account: { key: account },
    request: { key: 'r', ...request },
  });

  test('is for whoever matches', () => {
    const environment = configured(override(5, account42));
    expect(serve(environment, { kind: 'account', key: '42' })).toBe(5);
    expect(serve(environment, { kind: 'account', key: '43' })).toBe(60);
    expect(serve(environment, undefined)).toBe(60);
  });

  test('wins by the layer that the definition names first, whatever the order of setting', () => {
    const layers = [override(1, account42), override(2, search), override(3, inNetwork('10.0.0.0/8'))];
    for (const order of [layers, layers.toReversed()]) {
      const environment = configured(...order);
      expect(serve(environment, context('42', { route: '/search', ip: '10.0.0.1' }))).toBe(1);
      expect(serve(environment, context('43', { route: '/search', ip: '10.0.0.1' }))).toBe(2);
      expect(serve(environment, context('43', { route: '/', ip: '10.0.0.1' }))).toBe(3);
    }
  });

  test('wins when it names more, and a smaller network before a larger one', () => {
    const layers = [
      override(1, account42, search),
      override(2, account42),
      override(3, inNetwork('10.1.0.0/16')),
      override(4, inNetwork('10.0.0.0/8')),
    ];
    for (const order of [layers, layers.toReversed()]) {
      const environment = configured(...order);
      expect(serve(environment, context('42', { route: '/search' }))).toBe(1);
      expect(serve(environment, context('42', { route: '/' }))).toBe(2);
      expect(serve(environment, context('43', { ip: '10.1.2.3' }))).toBe(3);
      expect(serve(environment, context('43', { ip: '10.2.2.3' }))).toBe(4);
    }
  });

  test('of the same layer wins when it is newer', () => {
    const both: ClauseInput = { ...account42, values: ['42', '43'] };
    const environment = configured(override(1, both), override(2, account42));
    expect([
      serve(environment, { kind: 'account', key: '42' }),
      serve(environment, { kind: 'account', key: '43' }),
    ]).toEqual([2, 1]);
  });

  test('for the same clauses is replaced, under the same id', () => {
    const environment = configured(
      { kind: 'set-override', id: 'heavy', when: [account42, search], value: 30 },
      { kind: 'set-override', when: [search, account42], value: 90 },
    );
    expect(environment.flags[0]?.configuration.rules).toMatchObject([{ id: 'heavy', variation: '90' }]);
  });

  test('is removed by its id', () => {
    const environment = configured({ kind: 'set-override', id: 'heavy', when: [account42], value: 30 });
    expect(refusal(environment, { kind: 'remove-override', id: 'light' })).toEqual({
      path: 'instructions[0].id',
      message: 'config `cache.ttl` has no override `light`; there are `heavy`',
    });
    follow(environment, { kind: 'remove-override', id: 'heavy' });
    expect(serve(environment, { kind: 'account', key: '42' })).toBe(60);
  });

  test('by what the config does not declare is refused', () => {
    const method: ClauseInput = { contextKind: 'request', attribute: 'method', op: 'in', values: ['GET'] };
    expect(refusal(configured(), override(30, account42, method))).toEqual({
      path: 'instructions[0].when[1]',
      message:
        '`cache.ttl` may vary by `account`, `route`, `ip` and `instance.region`, got `method`; what it may vary by is declared in its definition (config.dimensions)',
    });
    expect(refusal(configured(), override(30, { op: 'segmentMatch', values: ['beta'] })).message).toContain(
      'there is no segment `beta`',
    );
  });

  test('stands in the order of the layers that the definition has now', () => {
    const environment = configured(override(1, account42), override(2, search));
    const definition = { config: { schema: { type: 'integer' }, dimensions: ['route', 'account'] } };
    follow(environment, { kind: 'update-definition', definition });
    expect(serve(environment, context('42', { route: '/search' }))).toBe(2);
  });
});

describe('what was done to a config', () => {
  const id = { kind: 'flag', key: 'cache.ttl' } as const;

  test('is told in words, with its unit', () => {
    const [before, after] = [configured(), configured({ kind: 'set-value', value: 240 }, override(5, account42))];
    expect(describeDifference(id, before.flags[0], after.flags[0]).map(({ text }) => text)).toEqual([
      'value: 60 s → 240 s',
      'override `id-1` added: 5 s for everyone where account key is "42"',
    ]);
  });

  test('is told part by part where values have parts', () => {
    const environment = createMemoryEnvironment();
    const config = { schema: { type: 'object' }, dimensions: ['account'] };
    const value = { soft: 10, hosts: ['a'] };
    follow(environment, { kind: 'create-flag', definition: { kind: 'config', value, config } });
    follow(environment, override({ ...value, soft: 5 }, account42));
    const [before] = environment.flags;
    follow(
      environment,
      { kind: 'set-value', value: { ...value, soft: 20 } },
      { kind: 'set-override', id: 'id-1', when: [account42], value: { ...value, soft: 7 } },
    );
    const narrower = { config: { ...config, schema: { type: 'object', maxProperties: 9 } } };
    follow(environment, { kind: 'update-definition', definition: narrower });
    expect(describeDifference(id, before, environment.flags[0]).map(({ text }) => text)).toEqual([
      'values.schema.maxProperties added: 9',
      'value.soft: 10 → 20',
      'value.soft for everyone where account key is "42": 5 → 7',
    ]);
  });

  test('is reverted, also where the schema became narrower since', () => {
    const environment = configured(override(5, account42));
    const before = environment.flags;
    follow(
      environment,
      { kind: 'remove-override', id: 'id-1' },
      {
        kind: 'update-definition',
        definition: { config: { schema: { type: 'integer', minimum: 60 }, dimensions: ['route'] } },
      },
    );
    const instructions = listRevertInstructions([{ id, before: before[0], now: environment.flags[0] }]);
    expect(environment.follow({ instructions: [...instructions] })).not.toHaveProperty('message');
    expect(environment.flags).toEqual(before);
  });

  test('is reverted at once, however far that is', () => {
    const environment = configured();
    const before = environment.flags;
    follow(environment, { kind: 'set-value', value: 3600, confirm: true });
    const instructions = listRevertInstructions([{ id, before: before[0], now: environment.flags[0] }]);
    expect(environment.follow({ instructions: [...instructions] })).not.toHaveProperty('message');
    expect(environment.flags).toEqual(before);
  });

  test('is reverted when it was deleted', () => {
    const environment = configured(override(5, account42));
    const before = environment.flags;
    follow(environment, { kind: 'delete' });
    const instructions = listRevertInstructions([{ id, before: before[0], now: undefined }]);
    expect(environment.follow({ instructions: [...instructions] })).not.toHaveProperty('message');
    expect(environment.flags).toEqual(before);
  });

  test.each([
    [{ on: false }, 'on'],
    [{ offVariation: '30' }, 'offVariation'],
    [{ fallthrough: { variation: '0' }, offVariation: '0' }, 'fallthrough.variation'],
    [{ fallthrough: { variation: 'oops' }, offVariation: 'oops' }, 'fallthrough.variation'],
    [{ rules: [{ clauses: [account42], variation: '9999' }] }, 'rules[0].variation'],
    [{ targets: [{ variation: '60', contextKind: 'user', keys: ['a'] }] }, 'targets'],
  ])('brings back nothing that could not be set: %j', (parts, path) => {
    const { salt: _, ...configuration } = buildConfig().configuration;
    const instruction = { kind: 'replace-configuration', configuration: { ...configuration, ...parts } };
    expect(follow(configured(), instruction as never)).toMatchObject({
      path: `instructions[0].configuration.${path}`,
    });
  });
});
