import type { Clause, DefinitionInput, InstructionInput } from '@sluice/authoring';
import fc, { type Arbitrary } from 'fast-check';
import { breakSomewhere } from './break-somewhere.ts';

/**
 * Random changes of a small project: few keys, so that instructions meet. Many can be followed, and many cannot. Flags
 * are made with the variations `on`, `off` and `blue`.
 */

export const arbitraryFlagKey: Arbitrary<string> = fc.constantFrom('a', 'b', 'c');
export const arbitrarySegmentKey: Arbitrary<string> = fc.constantFrom('s', 's', 't', 't', 'u');
const variation = fc.constantFrom('on', 'on', 'off', 'off', 'blue');
const ruleId = fc.constantFrom('r1', 'r2');
const contextKind = fc.option(fc.constantFrom('user', 'account'), { nil: undefined });
const contextKeys = fc.uniqueArray(fc.constantFrom('ann', 'bob', 'cid', 'dan'), { minLength: 1 });

const variations: Arbitrary<NonNullable<DefinitionInput['variations']>> = fc
  .shuffledSubarray(['on', 'off', 'blue'], { minLength: 2 })
  .map((ids) => ids.map((id) => ({ id, value: id })));

const rollout = fc.constantFrom(1000, 25_000, 99_999, 100_000).chain((weight) =>
  fc.record({
    variations: fc
      .shuffledSubarray(['on', 'off', 'blue'], { minLength: 2, maxLength: 2 })
      .map(([first = '', rest = '']) => [
        { variation: first, weight },
        { variation: rest, weight: 100_000 - weight },
      ]),
    contextKind,
    bucketBy: fc.option(fc.constantFrom('key', '/address/country'), { nil: undefined }),
  }),
);

const serve = fc.oneof(
  variation.map((id) => ({ variation: id })),
  rollout.map((shares) => ({ rollout: shares })),
);

const attributeClause: Arbitrary<Clause> = fc.record({
  contextKind,
  attribute: fc.constantFrom('key', 'plan', '/address/country', 'kind'),
  op: fc.constantFrom('in', 'startsWith', 'matches', 'lessThan', 'before', 'semVerEqual', 'cidr', 'glob', 'contains'),
  values: fc.array(
    fc.constantFrom<string | number | boolean>('a', '10.0.0.0/8', '1.2.3', 7, true, '2026-01-01T00:00:00Z', '/x/*'),
    {
      minLength: 1,
      maxLength: 2,
    },
  ),
  negate: fc.boolean(),
});
const fittingClause: Arbitrary<Clause> = fc.constantFrom<Clause>(
  { attribute: 'plan', op: 'in', values: ['free', 'pro'] },
  { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] },
  { attribute: 'path', op: 'glob', values: ['/orders/*'], negate: true },
  { attribute: 'age', op: 'lessThan', values: [7] },
);
const segmentClause: Arbitrary<Clause> = arbitrarySegmentKey.map((key) => ({ op: 'segmentMatch', values: [key] }));
const clauses = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: attributeClause },
    { weight: 6, arbitrary: fittingClause },
    { weight: 2, arbitrary: segmentClause },
  ),
  { maxLength: 2 },
);

const rule = fc.tuple(fc.record({ id: ruleId, clauses }), serve).map(([head, served]) => ({ ...head, ...served }));
const segmentRule = fc.record(
  { id: ruleId, clauses, weight: fc.constantFrom(0, 25_000, 100_000), contextKind },
  { requiredKeys: ['id', 'clauses'] },
);

const trip = fc.record(
  {
    kind: fc.constant('trip'),
    id: ruleId,
    mode: variation,
    reason: fc.constantFrom('slow', 'down'),
    when: clauses,
    share: fc.record({ contextKind: fc.constantFrom('user', 'account'), weight: fc.constantFrom(1, 25_000, 100_000) }),
    exempt: fc.boolean(),
    expiresInMs: fc.constantFrom(60_000, 604_800_000),
  },
  { requiredKeys: ['kind', 'mode', 'reason'] },
);

const configValue = fc.constantFrom(1, 60, 240, 5000, 'info');
const dimensions = fc.shuffledSubarray(['account', 'route', 'ip', 'instance.region']);
const configRules = fc.oneof(
  fc.record({ schema: fc.constant({}), dimensions }, { requiredKeys: ['schema'] }),
  fc.record(
    {
      schema: fc.constantFrom({ type: 'integer' }, { type: 'integer', minimum: 1, maximum: 300 }),
      maxChangeFactor: fc.constant(10),
      dimensions,
    },
    { requiredKeys: ['schema'] },
  ),
);
const configDefinition = fc.record(
  { kind: fc.constant('config'), value: configValue, config: configRules },
  { requiredKeys: ['kind', 'value'] },
);
const configClause = fc.constantFrom<Clause>(
  { contextKind: 'account', attribute: 'key', op: 'in', values: ['ann'] },
  { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] },
  { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] },
  { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1'] },
);

type Weighted = readonly [weight: number, instruction: Arbitrary<object>];

function choose(...choices: readonly Weighted[]): Arbitrary<InstructionInput> {
  const weighted = choices.map(([weight, arbitrary]) => ({ weight, arbitrary }));
  // The records below are made in the form of instructions; the schema checks them wherever they are used.
  return fc.oneof(...weighted) as Arbitrary<InstructionInput>;
}

const before = fc.option(ruleId, { nil: undefined });

const stage = fc.constantFrom('off', 'dualwrite', 'shadow', 'live', 'rampdown');
const stages = fc.oneof(
  stage.map((only) => ({ stage: only })),
  fc
    .tuple(stage, stage, fc.constantFrom(0, 25_000, 99_999))
    .filter(([first, second]) => first !== second)
    .map(([first, second, weight]) => ({
      rollout: [
        { stage: first, weight },
        { stage: second, weight: 100_000 - weight },
      ],
    })),
);
const cohort = fc.oneof(
  fc.constant({}),
  ruleId.map((id) => ({ cohort: id })),
  fc.record({ when: fc.array(configClause, { minLength: 1, maxLength: 2 }), id: ruleId }),
);

/** Instructions about flags, without the flag. What others need to meet something comes more often. */
const flagInstruction = choose(
  [1, fc.record({ kind: fc.constantFrom('create-flag'), definition: fc.record({ variations }) })],
  [
    1,
    fc.record({ kind: fc.constant('create-flag'), definition: fc.record({ kind: fc.constant('valve'), variations }) }),
  ],
  [1, fc.record({ kind: fc.constant('create-flag'), definition: configDefinition })],
  [1, fc.record({ kind: fc.constant('update-definition'), definition: fc.record({ config: configRules }) })],
  [2, fc.record({ kind: fc.constant('set-value'), value: configValue, confirm: fc.boolean() })],
  [
    3,
    fc.record({
      kind: fc.constant('set-override'),
      when: fc.array(configClause, { minLength: 1, maxLength: 2 }),
      value: configValue,
    }),
  ],
  [1, fc.record({ kind: fc.constant('remove-override'), id: ruleId })],
  [1, fc.constant({ kind: 'create-flag', definition: { kind: 'migration' } })],
  [3, fc.tuple(stages, cohort).map(([served, where]) => ({ kind: 'set-stage', ...served, ...where }))],
  [1, fc.record({ kind: fc.constant('remove-cohort'), id: ruleId })],
  [3, trip],
  [1, fc.record({ kind: fc.constant('restore'), id: fc.option(ruleId, { nil: undefined }) })],
  [2, fc.record({ kind: fc.constant('update-definition'), definition: fc.record({ variations }) })],
  [
    1,
    fc.record({
      kind: fc.constant('update-definition'),
      definition: fc.record({ name: fc.constantFrom('one', 'two') }),
    }),
  ],
  [2, fc.record({ kind: fc.constantFrom('turn-on', 'turn-off') })],
  [2, fc.record({ kind: fc.constantFrom('archive', 'unarchive', 'delete') })],
  [2, serve.map((served) => ({ kind: 'set-fallthrough', ...served }))],
  [1, fc.record({ kind: fc.constant('set-off-variation'), variation })],
  [6, fc.record({ kind: fc.constant('add-rule'), rule, before: fc.option(ruleId, { nil: undefined, freq: 1 }) })],
  [1, fc.record({ kind: fc.constant('replace-rule'), rule })],
  [1, fc.record({ kind: fc.constant('remove-rule'), id: ruleId })],
  [1, fc.record({ kind: fc.constant('move-rule'), id: ruleId, before })],
  [2, fc.record({ kind: fc.constantFrom('add-targets', 'remove-targets'), variation, contextKind, keys: contextKeys })],
  [
    4,
    fc.record({
      kind: fc.constant('add-prerequisite'),
      prerequisite: fc.record({ flag: arbitraryFlagKey, variation }),
    }),
  ],
  [2, fc.record({ kind: fc.constant('remove-prerequisite'), prerequisite: fc.record({ flag: arbitraryFlagKey }) })],
);

/** Instructions about segments, without the segment. */
const segmentInstruction = choose(
  [2, fc.record({ kind: fc.constant('create-segment') })],
  [1, fc.record({ kind: fc.constant('update-segment'), name: fc.constantFrom('one', 'two') })],
  [
    2,
    fc.record({
      kind: fc.constantFrom('add-members', 'remove-members'),
      list: fc.constantFrom('included', 'excluded'),
      contextKind,
      keys: contextKeys,
    }),
  ],
  [4, fc.record({ kind: fc.constant('add-segment-rule'), rule: segmentRule })],
  [1, fc.record({ kind: fc.constant('replace-segment-rule'), rule: segmentRule })],
  [1, fc.record({ kind: fc.constant('remove-segment-rule'), id: ruleId })],
  [1, fc.record({ kind: fc.constant('move-segment-rule'), id: ruleId, before })],
  [1, fc.record({ kind: fc.constant('delete-segment') })],
);

/** One instruction that says itself whom it concerns, as people write it; JSON throughout. */
export const arbitraryInstruction: Arbitrary<InstructionInput> = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(flagInstruction, arbitraryFlagKey).map(([given, flag]) => ({ ...given, flag })) },
    {
      weight: 1,
      arbitrary: fc.tuple(segmentInstruction, arbitrarySegmentKey).map(([given, segment]) => ({ ...given, segment })),
    },
  )
  // Absent is absent, as in JSON.
  .map((instruction) => JSON.parse(JSON.stringify(instruction)));

/** Changes one after the other, of a few instructions each. */
export const arbitraryChanges: Arbitrary<readonly (readonly InstructionInput[])[]> = fc.array(
  fc.array(arbitraryInstruction, { minLength: 1, maxLength: 3 }),
  { minLength: 1, maxLength: 25, size: 'max' },
);

/** An instruction with one or two of its places, however deep, taken over by something strange. */
export const arbitraryBrokenInstruction: Arbitrary<unknown> = breakSomewhere(arbitraryInstruction);
