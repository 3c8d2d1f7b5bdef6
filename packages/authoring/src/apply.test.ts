import { type Context, createEvaluation, evaluate, listFlagDefects, listSegmentDefects, Ruleset } from '@sluice/engine';
import {
  arbitraryBrokenInstruction,
  arbitraryChanges,
  buildFlag,
  buildLookup,
  buildRule,
  buildSegment,
  buildVariations,
  changeCheckout,
  createMemoryEnvironment,
  inSegment,
  type LookupParts,
  type MemoryEnvironment,
  parseInstructions,
} from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Applied,
  apply,
  compileFlag,
  compileSegment,
  type FlagConfiguration,
  type FlagState,
  type InstructionInput,
  instructionSchema,
  isProblem,
  type Problem,
} from './index.ts';

/** Applies instructions to `checkout` as it is in `parts`. */
function change(parts: LookupParts, ...instructions: readonly InstructionInput[]): Applied | Problem {
  return apply(changeCheckout(...instructions), buildLookup(parts));
}

/** How the flag is configured after instructions that can be followed. */
function configure(flag: FlagState, ...instructions: readonly InstructionInput[]): FlagConfiguration {
  const applied = change({ flags: [flag] }, ...instructions);
  if (isProblem(applied)) throw new Error(`${applied.path}: ${applied.message}`);
  const after = applied.flags.get('checkout');
  if (after === undefined) throw new Error('the flag is gone');
  return after.configuration;
}

describe('a change', () => {
  test('leaves everything that it was given as it was', () => {
    const flag = Object.freeze(buildFlag());
    const text = JSON.stringify(flag);
    const applied = change(
      { flags: [flag] },
      { kind: 'turn-on' },
      { kind: 'add-targets', variation: 'on', keys: ['ann'] },
    );
    expect(isProblem(applied)).toBe(false);
    expect(JSON.stringify(flag)).toBe(text);
  });

  test('follows its instructions in order, each seeing what those before it did', () => {
    const { rules } = configure(
      buildFlag(),
      { kind: 'add-rule', rule: buildRule('second') as never },
      { kind: 'add-rule', rule: buildRule('first') as never, before: 'second' },
    );
    expect(rules.map(({ id }) => id)).toEqual(['first', 'second']);
  });

  test('is refused as a whole when one instruction cannot be followed', () => {
    expect(change({ flags: [buildFlag()] }, { kind: 'turn-on' }, { kind: 'remove-rule', id: 'gone' })).toEqual({
      kind: 'problem',
      path: 'instructions[1].id',
      message: 'there is no rule `gone`; the rules are none',
    });
  });

  test('may touch several flags and segments', () => {
    const applied = apply(
      {
        instructions: parseInstructions(
          { kind: 'create-segment', segment: 'beta' },
          {
            kind: 'add-rule',
            flag: 'checkout',
            rule: { clauses: [{ op: 'segmentMatch', values: ['beta'] }], variation: 'on' },
          },
          { kind: 'turn-on', flag: 'search' },
        ),
      },
      buildLookup({ flags: [buildFlag(), buildFlag({ key: 'search' })] }),
    );
    expect(applied).toMatchObject({
      flags: new Map([
        ['checkout', {}],
        ['search', { configuration: { on: true } }],
      ]),
    });
    expect(isProblem(applied) ? [] : [...applied.segments.keys()]).toEqual(['beta']);
  });

  test('says when nobody names whom an instruction concerns', () => {
    expect(apply({ instructions: parseInstructions({ kind: 'turn-on' }) }, buildLookup())).toMatchObject({
      path: 'instructions[0]',
      message: 'expected a `flag`, in the instruction or in the change, got none',
    });
    expect(
      apply({ flag: 'checkout', instructions: parseInstructions({ kind: 'delete-segment' }) }, buildLookup()),
    ).toMatchObject({ message: 'expected a `segment`, in the instruction or in the change, got none' });
  });

  test('records its instructions complete: with their flag, and with the ids that rules were given', () => {
    const applied = change({ flags: [buildFlag()] }, { kind: 'add-rule', rule: { clauses: [], variation: 'on' } });
    expect(applied).toMatchObject({
      instructions: [{ kind: 'add-rule', flag: 'checkout', rule: { id: 'id-1', variation: 'on' } }],
      flags: new Map([['checkout', { configuration: { rules: [{ id: 'id-1' }] } }]]),
    });
  });

  test('of a flag or segment that is not there says so', () => {
    expect(change({}, { kind: 'turn-on' })).toMatchObject({
      path: 'instructions[0]',
      message: 'there is no flag `checkout` in this project',
    });
    expect(change({}, { kind: 'delete-segment', segment: 'beta' })).toMatchObject({
      path: 'instructions[0]',
      message: 'there is no segment `beta` in this environment',
    });
  });

  test('that creates what is there already says so, by a code of its own', () => {
    expect(change({ flags: [buildFlag()] }, { kind: 'create-flag', definition: {} })).toMatchObject({
      code: 'already-exists',
      path: 'instructions[0]',
    });
    expect(change({ segments: [buildSegment()] }, { kind: 'create-segment', segment: 'beta' })).toMatchObject({
      code: 'already-exists',
    });
  });
});

describe('turn-on and turn-off', () => {
  test('decide whether the flag is on', () => {
    expect(configure(buildFlag(), { kind: 'turn-on' }).on).toBe(true);
    expect(configure(buildFlag({ on: true }), { kind: 'turn-off' }).on).toBe(false);
  });

  test('of an archived flag: it cannot be turned on, until it is taken out of the archive', () => {
    const flags = [buildFlag({ archived: true, on: true })];
    expect(change({ flags }, { kind: 'turn-off' }, { kind: 'turn-on' })).toEqual({
      kind: 'problem',
      path: 'instructions[1]',
      message: 'flag `checkout` is archived and serves nothing; take it out of the archive first',
    });
    expect(change({ flags }, { kind: 'unarchive' }, { kind: 'turn-on' })).toMatchObject({ flags: expect.any(Map) });
  });
});

describe('set-fallthrough and set-off-variation', () => {
  test('decide what is served', () => {
    const rollout = {
      variations: [
        { variation: 'on', weight: 25_000 },
        { variation: 'off', weight: 75_000 },
      ],
    };
    expect(configure(buildFlag(), { kind: 'set-fallthrough', rollout }).fallthrough).toEqual({ rollout });
    expect(configure(buildFlag(), { kind: 'set-fallthrough', variation: 'off' }).fallthrough).toEqual({
      variation: 'off',
    });
    expect(configure(buildFlag(), { kind: 'set-off-variation', variation: 'on' }).offVariation).toBe('on');
  });

  test.each<[string, InstructionInput, string, string]>([
    [
      'a variation that the flag does not have',
      { kind: 'set-fallthrough', variation: 'blue' },
      'instructions[0].variation',
      'flag `checkout` has the variations `on` and `off`, got `blue`',
    ],
    [
      'an off variation that the flag does not have',
      { kind: 'set-off-variation', variation: 'blue' },
      'instructions[0].variation',
      'flag `checkout` has the variations `on` and `off`, got `blue`',
    ],
    [
      'both a variation and a rollout',
      { kind: 'set-fallthrough', variation: 'on', rollout: { variations: [{ variation: 'on', weight: 100_000 }] } },
      'instructions[0]',
      'expected either a variation or a rollout, got both',
    ],
    ['neither', { kind: 'set-fallthrough' }, 'instructions[0]', 'expected a variation or a rollout, got neither'],
    [
      'weights that do not sum to 100,000',
      {
        kind: 'set-fallthrough',
        rollout: {
          variations: [
            { variation: 'on', weight: 25_000 },
            { variation: 'off', weight: 74_999 },
          ],
        },
      },
      'instructions[0].rollout.variations',
      'weights must sum to 100000 (thousandths of a percent; 25% is 25000), got 99999',
    ],
    [
      'a variation that stands twice in a rollout',
      {
        kind: 'set-fallthrough',
        rollout: {
          variations: [
            { variation: 'on', weight: 50_000 },
            { variation: 'on', weight: 50_000 },
          ],
        },
      },
      'instructions[0].rollout.variations[1].variation',
      'each variation may stand once, got `on` twice',
    ],
    [
      'a rollout of a variation that the flag does not have',
      { kind: 'set-fallthrough', rollout: { variations: [{ variation: 'blue', weight: 100_000 }] } },
      'instructions[0].rollout.variations[0].variation',
      'flag `checkout` has the variations `on` and `off`, got `blue`',
    ],
  ])('refuse %s', (_, instruction, path, message) => {
    expect(change({ flags: [buildFlag()] }, instruction)).toEqual({ kind: 'problem', path, message });
  });
});

describe('rules', () => {
  const flag = buildFlag({ rules: [buildRule('a'), buildRule('b'), buildRule('c')] });
  const order = (...instructions: readonly InstructionInput[]): string =>
    configure(flag, ...instructions)
      .rules.map(({ id }) => id)
      .join(' ');

  test('are added at the end, or before another', () => {
    expect(order({ kind: 'add-rule', rule: { id: 'd', clauses: [], variation: 'on' } })).toBe('a b c d');
    expect(order({ kind: 'add-rule', rule: { id: 'd', clauses: [], variation: 'on' }, before: 'b' })).toBe('a d b c');
  });

  test('move to the end, before another, or nowhere', () => {
    expect(order({ kind: 'move-rule', id: 'a' })).toBe('b c a');
    expect(order({ kind: 'move-rule', id: 'c', before: 'a' })).toBe('c a b');
    expect(order({ kind: 'move-rule', id: 'b', before: 'b' })).toBe('a b c');
  });

  test('are replaced where they stand', () => {
    const instruction: InstructionInput = { kind: 'replace-rule', rule: { id: 'b', clauses: [], variation: 'off' } };
    expect(order(instruction)).toBe('a b c');
    expect(configure(flag, instruction).rules[1]).toEqual({ id: 'b', clauses: [], variation: 'off' });
  });

  test('are removed by id', () => {
    expect(order({ kind: 'remove-rule', id: 'b' })).toBe('a c');
  });

  test.each<[string, InstructionInput, string, string]>([
    [
      'an id that is taken',
      { kind: 'add-rule', rule: { id: 'a', clauses: [], variation: 'on' } },
      'instructions[0].rule.id',
      'there already is a rule `a`',
    ],
    [
      'a place before a rule that is not there',
      { kind: 'add-rule', rule: { id: 'd', clauses: [], variation: 'on' }, before: 'z' },
      'instructions[0].before',
      'there is no rule `z`; the rules are `a`, `b` and `c`',
    ],
    [
      'moving a rule that is not there',
      { kind: 'move-rule', id: 'z' },
      'instructions[0].id',
      'there is no rule `z`; the rules are `a`, `b` and `c`',
    ],
    [
      'replacing a rule that is not there',
      { kind: 'replace-rule', rule: { id: 'z', clauses: [], variation: 'on' } },
      'instructions[0].rule.id',
      'there is no rule `z`; the rules are `a`, `b` and `c`',
    ],
    [
      'an operand that the operator cannot compare with',
      {
        kind: 'add-rule',
        rule: { clauses: [{ attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8', 'ten'] }], variation: 'on' },
      },
      'instructions[0].rule.clauses[0].values[1]',
      '`cidr` compares with an address block such as "10.0.0.0/8" or "2001:db8::/32", got "ten"',
    ],
    [
      'a regular expression that does not compile',
      { kind: 'add-rule', rule: { clauses: [{ attribute: 'email', op: 'matches', values: ['('] }], variation: 'on' } },
      'instructions[0].rule.clauses[0].values[0]',
      '`matches` compares with a regular expression (RE2 syntax), got "("',
    ],
    [
      'a clause without attribute',
      { kind: 'add-rule', rule: { clauses: [{ op: 'in', values: [1] }], variation: 'on' } },
      'instructions[0].rule.clauses[0].attribute',
      'operator `in` needs an attribute to look at, got none',
    ],
    [
      'a segment that is not there',
      { kind: 'add-rule', rule: { clauses: [{ op: 'segmentMatch', values: ['beta'] }], variation: 'on' } },
      'instructions[0].rule.clauses[0].values[0]',
      'there is no segment `beta` in this environment',
    ],
    [
      'a rule that serves nothing',
      { kind: 'add-rule', rule: { clauses: [] } },
      'instructions[0].rule',
      'expected a variation or a rollout, got neither',
    ],
  ])('refuse %s', (_, instruction, path, message) => {
    expect(change({ flags: [flag] }, instruction)).toEqual({ kind: 'problem', path, message });
  });
});

describe('targets', () => {
  test('collect keys by variation and context kind, each key once', () => {
    const { targets } = configure(
      buildFlag(),
      { kind: 'add-targets', variation: 'on', keys: ['ann', 'bob', 'ann'] },
      { kind: 'add-targets', variation: 'on', keys: ['bob', 'cid'] },
      { kind: 'add-targets', variation: 'on', contextKind: 'account', keys: ['ann'] },
    );
    expect(targets).toEqual([
      { variation: 'on', contextKind: 'user', keys: ['ann', 'bob', 'cid'] },
      { variation: 'on', contextKind: 'account', keys: ['ann'] },
    ]);
  });

  test('take a key from the variation that it had before', () => {
    const before = buildFlag({ targets: [{ variation: 'on', contextKind: 'user', keys: ['ann', 'bob'] }] });
    expect(configure(before, { kind: 'add-targets', variation: 'off', keys: ['ann'] }).targets).toEqual([
      { variation: 'on', contextKind: 'user', keys: ['bob'] },
      { variation: 'off', contextKind: 'user', keys: ['ann'] },
    ]);
  });

  test('that lose their last key go', () => {
    const before = buildFlag({ targets: [{ variation: 'on', contextKind: 'user', keys: ['ann'] }] });
    expect(configure(before, { kind: 'remove-targets', variation: 'on', keys: ['ann', 'bob'] }).targets).toEqual([]);
    expect(configure(before, { kind: 'remove-targets', variation: 'off', keys: ['ann'] }).targets).toHaveLength(1);
    expect(
      configure(before, { kind: 'remove-targets', variation: 'on', contextKind: 'account', keys: ['ann'] }).targets,
    ).toHaveLength(1);
  });

  test('of a variation that is not there are refused', () => {
    expect(change({ flags: [buildFlag()] }, { kind: 'add-targets', variation: 'blue', keys: ['ann'] })).toMatchObject({
      path: 'instructions[0].variation',
    });
  });
});

describe('what an object needs', () => {
  const require = (flag: string, ...needed: readonly string[]): InstructionInput[] =>
    needed.map((key) => ({ kind: 'add-prerequisite', flag, prerequisite: { flag: key, variation: 'on' } }));
  const flags = Array.from({ length: 103 }, (_, at) => buildFlag({ key: `flag-${at}` }));
  /** Each flag requires the one before. */
  const chain = flags.slice(1).flatMap((_, at) => require(`flag-${at + 1}`, `flag-${at}`));

  test.each([
    ['from below', chain, chain.slice(0, 100)],
    ['from above', chain.toReversed(), chain.toReversed().slice(2)],
  ])('may be a chain of 100, made %s, and no more', (_, instructions, needed) => {
    expect(change({ flags }, ...needed)).toMatchObject({ flags: expect.any(Map) });
    expect(change({ flags }, ...instructions)).toMatchObject({
      message: expect.stringMatching(
        /^flag `flag-10[12]` may need at most 100 prerequisites, those of its prerequisites included, got more$/,
      ),
    });
  });

  test('counts as often as it is asked', () => {
    const two = (at: number) => require(`flag-${at}`, `flag-${at - 1}`, `flag-${at - 2}`);
    const pyramid = flags.slice(2).flatMap((_, at) => two(at + 2));
    expect(change({ flags }, ...pyramid.slice(0, 2 * 7))).toMatchObject({ flags: expect.any(Map) });
    expect(change({ flags }, ...pyramid)).toMatchObject({ path: expect.stringMatching(/^instructions/) });
  });

  test('is looked at again for whoever needs it already', () => {
    const keys = flags.map(({ definition: { key } }) => key);
    const requires = (needed: readonly string[]) => needed.map((flag) => ({ flag, variation: 'on' }));
    const stored = [
      ...flags,
      buildFlag({ key: 'middle', prerequisites: requires(keys.slice(0, 50)) }),
      buildFlag({ key: 'top', prerequisites: requires(['middle']) }),
    ];
    const enough = require('flag-0', ...keys.slice(50, 99));
    expect(change({ flags: stored }, ...enough)).toMatchObject({ flags: expect.any(Map) });
    expect(change({ flags: stored }, ...enough, ...require('flag-0', 'flag-99'))).toMatchObject({
      path: 'instructions[49]',
      message: expect.stringContaining('flag `top` may need at most 100 prerequisites'),
    });
  });

  test('may be too much already, and is taken away or left as it is', () => {
    const prerequisites = flags.map(({ definition: { key } }) => ({ flag: key, variation: 'on' }));
    const tooMany = buildFlag({ on: true, prerequisites });
    const removal: InstructionInput = { kind: 'remove-prerequisite', prerequisite: { flag: 'flag-0' } };
    expect(change({ flags: [...flags, tooMany] }, { kind: 'turn-off' }, removal)).toMatchObject({
      flags: expect.any(Map),
    });
  });

  test('is bounded for segments too', () => {
    const segments = Array.from({ length: 102 }, (_, at) => buildSegment({ key: `segment-${at}` }));
    const nest = segments.slice(1).map(
      (_, at): InstructionInput => ({
        kind: 'add-segment-rule',
        segment: `segment-${at + 1}`,
        rule: { clauses: [{ op: 'segmentMatch', values: [`segment-${at}`] }] },
      }),
    );
    expect(change({ segments }, ...nest.slice(0, 100))).toMatchObject({ segments: expect.any(Map) });
    expect(change({ segments }, ...nest)).toMatchObject({
      message: 'segment `segment-101` may need at most 100 segments, those that its segments ask included, got more',
    });
  });
});

describe('prerequisites', () => {
  const search = buildFlag({ key: 'search' });
  const needsSearch: InstructionInput = { kind: 'add-prerequisite', prerequisite: { flag: 'search', variation: 'on' } };

  test('are added, replaced and removed by flag', () => {
    const flags = [buildFlag({ prerequisites: [{ flag: 'search', variation: 'off' }] }), search];
    expect(change({ flags }, needsSearch)).toMatchObject({
      flags: new Map([['checkout', { configuration: { prerequisites: [{ flag: 'search', variation: 'on' }] } }]]),
    });
    expect(change({ flags }, { kind: 'remove-prerequisite', prerequisite: { flag: 'search' } })).toMatchObject({
      flags: new Map([['checkout', { configuration: { prerequisites: [] } }]]),
    });
  });

  test('that close a cycle are refused, with the way that the cycle takes', () => {
    const flags = [
      buildFlag(),
      buildFlag({ key: 'search', prerequisites: [{ flag: 'basket', variation: 'on' }] }),
      buildFlag({ key: 'basket', prerequisites: [{ flag: 'checkout', variation: 'on' }] }),
    ];
    expect(change({ flags }, needsSearch)).toEqual({
      kind: 'problem',
      path: 'instructions[0].prerequisite.flag',
      message: 'prerequisites may not form a cycle, got checkout → search → basket → checkout',
    });
  });

  test('that close a cycle within one change are refused', () => {
    expect(
      change({ flags: [buildFlag(), search] }, needsSearch, {
        kind: 'add-prerequisite',
        flag: 'search',
        prerequisite: { flag: 'checkout', variation: 'on' },
      }),
    ).toMatchObject({ path: 'instructions[1].prerequisite.flag' });
  });

  test.each<[string, LookupParts, InstructionInput, string]>([
    [
      'the flag itself',
      { flags: [buildFlag()] },
      { kind: 'add-prerequisite', prerequisite: { flag: 'checkout', variation: 'on' } },
      'got checkout → checkout',
    ],
    ['a flag that is not there', { flags: [buildFlag()] }, needsSearch, 'there is no flag `search` in this project'],
    [
      'a flag that is archived',
      { flags: [buildFlag(), buildFlag({ key: 'search', archived: true })] },
      needsSearch,
      'flag `search` is archived and serves nothing',
    ],
    [
      'a variation that the other flag does not have',
      { flags: [buildFlag(), search] },
      { kind: 'add-prerequisite', prerequisite: { flag: 'search', variation: 'blue' } },
      'flag `search` has the variations `on` and `off`, got `blue`',
    ],
    [
      'removing what is none',
      { flags: [buildFlag(), search] },
      { kind: 'remove-prerequisite', prerequisite: { flag: 'search' } },
      '`search` is not a prerequisite; the prerequisites are none',
    ],
  ])('refuse %s', (_, parts, instruction, message) => {
    expect(change(parts, instruction)).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('copy-configuration', () => {
  const staging = buildFlag({
    on: true,
    fallthrough: { variation: 'off' },
    rules: [buildRule('beta', inSegment('beta'))],
    targets: [{ variation: 'off', contextKind: 'user', keys: ['ann'] }],
    salt: 'salt of staging',
  });

  test('takes over everything but the salt', () => {
    expect(
      change(
        { flags: [buildFlag({ salt: 'mine' })], segments: [buildSegment()], elsewhere: { staging } },
        { kind: 'copy-configuration', from: 'staging' },
      ),
    ).toMatchObject({ flags: new Map([['checkout', { configuration: { ...staging.configuration, salt: 'mine' } }]]) });
  });

  test('refuses what does not exist here, and names where it stands', () => {
    expect(
      change({ flags: [buildFlag()], elsewhere: { staging } }, { kind: 'copy-configuration', from: 'staging' }),
    ).toMatchObject({
      path: 'instructions[0].from.rules[0].clauses[0].values[0]',
      message: 'there is no segment `beta` in this environment',
    });
  });

  test('refuses an environment that does not have the flag', () => {
    expect(change({ flags: [buildFlag()] }, { kind: 'copy-configuration', from: 'nowhere' })).toMatchObject({
      path: 'instructions[0].from',
      message: 'flag `checkout` has no configuration in `nowhere`',
    });
  });
});

function createSmallEnvironment(): MemoryEnvironment {
  const variations = buildVariations('on', 'off', 'blue');
  return createMemoryEnvironment({
    flags: ['a', 'b', 'c'].map((key) => buildFlag({ key, variations })),
    segments: ['s', 't'].map((key) => buildSegment({ key })),
  });
}

/** Contexts that reach every rule of the random flags. */
const contexts: readonly Context[] = [
  { kind: 'user', key: 'ann', plan: 'free', age: 3 },
  { kind: 'multi', user: { key: 'bob' }, account: { key: 'ann' }, request: { key: 'r', ip: '10.1.2.3' } },
  { kind: 'account', key: 'cid' },
];

/** What would go wrong in an SDK that got these flags and segments. */
function listFailures({ flags: flagStates, segments: segmentStates, lookup }: MemoryEnvironment): readonly unknown[] {
  const ruleset = new Ruleset<undefined>({ regex: lookup.regex, createTally: () => undefined });
  const flags = flagStates.map((state) => compileFlag(state, 1, lookup)).filter((flag) => flag !== undefined);
  const segments = segmentStates.map((state) => compileSegment(state, 1, lookup));
  for (const segment of segments) ruleset.setSegment(segment);
  for (const flag of flags) ruleset.setFlag(flag);
  const compiled = flags.map(({ key }) => ruleset.findCompiled(key)).filter((flag) => flag !== undefined);
  const reasons = compiled.flatMap((flag) =>
    contexts.map((context) => evaluate(flag, createEvaluation({ context })).detail.reason),
  );
  return [
    ...flags.flatMap(listFlagDefects),
    ...segments.flatMap(listSegmentDefects),
    ...(compiled.length < flags.length ? ['a flag does not compile'] : []),
    ...reasons.filter(({ kind }) => kind === 'ERROR'),
  ];
}

describe('random changes', () => {
  test('never make apply throw, and what it accepts every SDK can evaluate', () => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitraryChanges, (changes) => {
        const environment = createSmallEnvironment();
        for (const inputs of changes) {
          const applied = environment.follow({ instructions: parseInstructions(...inputs) });
          if (isProblem(applied)) expect(applied.path).toMatch(/^instructions\[\d+\]/);
          else accepted++;
          expect(listFailures(environment)).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
    // A test that refuses everything tests nothing.
    expect(accepted).toBeGreaterThan(500);
  });

  test('with strange values in them are refused by the schema or by apply, never by an exception', () => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitraryBrokenInstruction, (broken) => {
        const parsed = instructionSchema.safeParse(broken);
        if (!parsed.success) return;
        const environment = createSmallEnvironment();
        if (!isProblem(environment.follow({ instructions: [parsed.data] }))) accepted++;
        expect(listFailures(environment)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(5);
  });
});
