import {
  arbitraryChanges,
  arbitraryInstruction,
  buildFlag,
  buildRule,
  buildSegment,
  buildVariations,
  createMemoryEnvironment,
  inSegment,
  type LookupParts,
  type MemoryEnvironment,
  parseInstructions,
} from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileFlag,
  compileSegment,
  type FlagState,
  type InstructionInput,
  isProblem,
  listRevertInstructions,
  type Reversal,
  type SegmentState,
} from './index.ts';

/** Everything about an environment that anybody can see: states, and what SDKs get. */
function describeEnvironment({ flags, segments, lookup }: MemoryEnvironment): unknown {
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  return {
    flags: flags
      .map((state) => ({ key: state.definition.key, state, compiled: compileFlag(state, 1, lookup) }))
      .sort(byKey),
    segments: segments.map((state) => ({ ...state, compiled: compileSegment(state, 1, lookup) })).sort(byKey),
  };
}

/** What a change did to each object that it touched; undefined when it was refused. */
function follow(environment: MemoryEnvironment, inputs: readonly InstructionInput[]): readonly Reversal[] | undefined {
  const before = environment.lookup;
  const applied = environment.follow({ instructions: parseInstructions(...inputs) });
  if (isProblem(applied)) return undefined;
  return [
    ...[...applied.flags].map(
      ([key, now]): Reversal => ({ id: { kind: 'flag', key }, before: before.findFlag(key), now }),
    ),
    ...[...applied.segments].map(
      ([key, now]): Reversal => ({ id: { kind: 'segment', key }, before: before.findSegment(key), now }),
    ),
  ];
}

/** Makes a change, reverts it, and expects everything to be as before. */
function expectReverted(parts: LookupParts, ...inputs: readonly InstructionInput[]): void {
  const environment = createMemoryEnvironment(parts);
  const before = describeEnvironment(environment);
  const reversals = follow(environment, inputs);
  expect(reversals).toBeDefined();
  const instructions = [...listRevertInstructions(reversals ?? [])];
  expect(environment.follow({ instructions })).not.toHaveProperty('message');
  expect(describeEnvironment(environment)).toEqual(before);
}

/** A flag that has something of everything. */
const full: FlagState = buildFlag({
  key: 'm',
  on: true,
  variations: buildVariations('on', 'off', 'blue'),
  tags: ['x'],
  rules: [buildRule('first', inSegment('s')), buildRule('second')],
  targets: [{ variation: 'on', contextKind: 'account', keys: ['ann'] }],
  prerequisites: [{ flag: 'a', variation: 'on' }],
});
const other = buildFlag({ key: 'a' });
const segment: SegmentState = buildSegment({
  key: 's',
  included: [{ contextKind: 'user', keys: ['ann', 'bob'] }],
  excluded: [{ contextKind: 'account', keys: ['cid'] }],
  rules: [
    { id: 'first', clauses: [], weight: 25_000 },
    { id: 'second', clauses: [] },
  ],
});
const parts: LookupParts = { flags: [full, other], segments: [segment] };

describe('the revert of', () => {
  test.each<InstructionInput>([
    { kind: 'turn-on', flag: 'a' },
    { kind: 'turn-off', flag: 'm' },
    { kind: 'set-fallthrough', flag: 'm', variation: 'blue' },
    { kind: 'set-off-variation', flag: 'm', variation: 'off' },
    { kind: 'add-rule', flag: 'm', rule: { clauses: [], variation: 'blue' }, before: 'first' },
    { kind: 'replace-rule', flag: 'm', rule: { id: 'first', clauses: [], variation: 'blue' } },
    { kind: 'remove-rule', flag: 'm', id: 'first' },
    { kind: 'move-rule', flag: 'm', id: 'second', before: 'first' },
    { kind: 'add-targets', flag: 'm', variation: 'off', contextKind: 'account', keys: ['ann', 'dan'] },
    { kind: 'remove-targets', flag: 'm', variation: 'on', contextKind: 'account', keys: ['ann'] },
    { kind: 'add-prerequisite', flag: 'm', prerequisite: { flag: 'a', variation: 'off' } },
    { kind: 'remove-prerequisite', flag: 'm', prerequisite: { flag: 'a' } },
    { kind: 'create-flag', flag: 'new', definition: {} },
    {
      kind: 'update-definition',
      flag: 'm',
      definition: { name: 'other', tags: [], clientSide: { web: true, mobile: false } },
    },
    {
      kind: 'update-definition',
      flag: 'm',
      definition: { variations: [...buildVariations('off', 'green', 'on', 'blue')] as never },
    },
    { kind: 'archive', flag: 'm' },
    { kind: 'delete', flag: 'm' },
    { kind: 'create-segment', segment: 'new' },
    { kind: 'update-segment', segment: 's', name: 'other', tags: ['y'] },
    { kind: 'add-members', segment: 's', list: 'included', keys: ['zoe'] },
    { kind: 'remove-members', segment: 's', list: 'excluded', contextKind: 'account', keys: ['cid'] },
    { kind: 'add-segment-rule', segment: 's', rule: { clauses: [] }, before: 'first' },
    { kind: 'replace-segment-rule', segment: 's', rule: { id: 'first', clauses: [], weight: 1 } },
    { kind: 'remove-segment-rule', segment: 's', id: 'first' },
    { kind: 'move-segment-rule', segment: 's', id: 'first' },
    {
      kind: 'replace-segment',
      segment: 's',
      configuration: { name: '', description: '', tags: [], included: [], excluded: [], rules: [] },
    },
  ])('$kind brings back what was', (instruction) => {
    expectReverted(parts, instruction);
  });

  test('copy-configuration brings back what was', () => {
    expectReverted(
      { ...parts, elsewhere: { staging: buildFlag({ key: 'm', on: false }) } },
      { kind: 'copy-configuration', flag: 'm', from: 'staging' },
    );
  });

  test('a revert brings back what was', () => {
    const environment = createMemoryEnvironment(parts);
    const first = follow(environment, [{ kind: 'turn-off', flag: 'm' }]) ?? [];
    const between = describeEnvironment(environment);
    for (const reversals of [first, first.map(({ id, before, now }) => ({ id, before: now, now: before }))]) {
      const instructions = [...listRevertInstructions(reversals)];
      expect(instructions).toMatchObject([{ kind: 'replace-configuration' }]);
      expect(environment.follow({ instructions })).not.toHaveProperty('message');
    }
    expect(describeEnvironment(environment)).toEqual(between);
  });

  test('delete-segment brings back what was', () => {
    expectReverted({ segments: [segment] }, { kind: 'delete-segment', segment: 's' });
  });

  test('unarchive archives again', () => {
    expectReverted({ flags: [buildFlag({ archived: true })] }, { kind: 'unarchive', flag: 'checkout' });
  });

  test('a deletion brings back the salt, so that everybody is in the same bucket again', () => {
    const environment = createMemoryEnvironment({
      flags: [buildFlag({ salt: 'abc' })],
      segments: [buildSegment({ salt: 'xyz' })],
    });
    const reversals = follow(environment, [
      { kind: 'delete', flag: 'checkout' },
      { kind: 'delete-segment', segment: 'beta' },
    ]);
    environment.follow({ instructions: [...listRevertInstructions(reversals ?? [])] });
    expect(environment.lookup.findFlag('checkout')?.configuration.salt).toBe('abc');
    expect(environment.lookup.findSegment('beta')?.salt).toBe('xyz');
  });

  test('a deletion after which a flag of another type took the key deletes that flag', () => {
    expectReverted(
      { flags: [buildFlag()] },
      { kind: 'delete', flag: 'checkout' },
      { kind: 'create-flag', flag: 'checkout', definition: { variations: [{ value: 1 }, { value: 2 }] } },
    );
  });

  test('a variation that was removed and is served again brings back the variation first', () => {
    const flag = buildFlag({ variations: buildVariations('on', 'blue', 'off'), fallthrough: { variation: 'blue' } });
    expectReverted(
      { flags: [flag] },
      { kind: 'set-fallthrough', flag: 'checkout', variation: 'on' },
      { kind: 'update-definition', flag: 'checkout', definition: { variations: [{ value: 'on' }, { value: 'off' }] } },
    );
  });

  test('a change that touched nothing in the end is no instructions', () => {
    expect(listRevertInstructions([{ id: { kind: 'flag', key: 'm' }, before: full, now: full }])).toEqual([]);
    expect(listRevertInstructions([{ id: { kind: 'flag', key: 'm' }, before: undefined, now: undefined }])).toEqual([]);
  });
});

describe('the revert of a change of several objects', () => {
  const [a, z] = [buildFlag({ key: 'a' }), buildFlag({ key: 'z' })];
  const needs = (flag: string, prerequisite: string): InstructionInput => ({
    kind: 'add-prerequisite',
    flag,
    prerequisite: { flag: prerequisite, variation: 'on' },
  });
  const needsNot = (flag: string, prerequisite: string): InstructionInput => ({
    kind: 'remove-prerequisite',
    flag,
    prerequisite: { flag: prerequisite },
  });

  test('turns prerequisites round again', () => {
    const flags = [buildFlag({ key: 'a', prerequisites: [{ flag: 'z', variation: 'on' }] }), z];
    expectReverted({ flags }, needsNot('a', 'z'), needs('z', 'a'));
  });

  test('archives after nobody needs the flag any more, and takes out of the archive before', () => {
    expectReverted(
      { flags: [a, buildFlag({ key: 'z', archived: true })] },
      { kind: 'unarchive', flag: 'z' },
      needs('a', 'z'),
    );
    expectReverted(
      { flags: [buildFlag({ key: 'a', archived: true }), z] },
      { kind: 'unarchive', flag: 'a' },
      needs('z', 'a'),
    );
    const flags = [buildFlag({ key: 'a', prerequisites: [{ flag: 'z', variation: 'on' }] }), z];
    expectReverted({ flags }, needsNot('a', 'z'), { kind: 'archive', flag: 'z' });
  });

  test('removes a variation after nobody requires it any more', () => {
    const variations = ['on', 'off'].map((id) => ({ id, value: id === 'on' }));
    const add: InstructionInput = {
      kind: 'update-definition',
      flag: 'a',
      definition: { variations: [...variations, { id: 'more', value: true }] },
    };
    expect(createMemoryEnvironment({ flags: [a, z] }).follow({ instructions: parseInstructions(add) })).toHaveProperty(
      'message',
    );
    const [strings, dependent] = [buildFlag({ key: 'a', variations: buildVariations('on', 'off') }), z];
    expectReverted(
      { flags: [strings, dependent] },
      {
        kind: 'update-definition',
        flag: 'a',
        definition: { variations: [{ value: 'on' }, { value: 'off' }, { value: 'blue' }] },
      },
      { kind: 'add-prerequisite', flag: 'z', prerequisite: { flag: 'a', variation: 'blue' } },
    );
  });

  test('deletes flags and segments that need each other', () => {
    expectReverted(
      {},
      { kind: 'create-segment', segment: 's' },
      { kind: 'create-segment', segment: 'b' },
      { kind: 'add-segment-rule', segment: 's', rule: { clauses: [{ op: 'segmentMatch', values: ['b'] }] } },
      { kind: 'create-flag', flag: 'a', definition: {} },
      { kind: 'create-flag', flag: 'z', definition: {} },
      needs('z', 'a'),
      { kind: 'add-rule', flag: 'z', rule: { clauses: [{ op: 'segmentMatch', values: ['s'] }], variation: 'on' } },
    );
  });

  test('turns nested segments inside out again', () => {
    const [outer, inner] = [
      buildSegment({ key: 's', rules: [{ id: 'r', clauses: [inSegment('t')] }] }),
      buildSegment({ key: 't' }),
    ];
    expectReverted(
      { segments: [outer, inner] },
      { kind: 'remove-segment-rule', segment: 's', id: 'r' },
      { kind: 'add-segment-rule', segment: 't', rule: { clauses: [{ op: 'segmentMatch', values: ['s'] }] } },
    );
  });
});

describe('random changes', () => {
  test('are all reverted to exactly what was before, states and compiled JSON', () => {
    let reverted = 0;
    fc.assert(
      fc.property(arbitraryChanges, fc.array(arbitraryInstruction, { minLength: 1, maxLength: 4 }), (changes, last) => {
        const variations = buildVariations('on', 'off', 'blue');
        const environment = createMemoryEnvironment({
          flags: ['a', 'b', 'c'].map((key) => buildFlag({ key, variations })),
          segments: ['s', 't'].map((key) => buildSegment({ key })),
        });
        for (const inputs of [...changes, last]) {
          const before = describeEnvironment(environment);
          const reversals = follow(environment, inputs);
          if (reversals === undefined) continue;
          const instructions = [...listRevertInstructions(reversals)];
          if (instructions.length === 0) continue;
          reverted++;
          const after = createMemoryEnvironment({ flags: environment.flags, segments: environment.segments });
          expect(after.follow({ instructions })).not.toHaveProperty('message');
          expect(describeEnvironment(after)).toEqual(before);
        }
      }),
      { numRuns: 300 },
    );
    expect(reverted).toBeGreaterThan(500);
  });
});
