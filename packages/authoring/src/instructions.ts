import { stages } from '@sluice/engine';
import * as z from 'zod';
import { clauseSchema } from './clause.ts';
import { definitionFields, definitionInput } from './definition.ts';
import { contextKindSchema, idSchema, keySchema } from './key.ts';
import { attributeSchema, fullWeight, serveFields } from './serve.ts';

/** An instruction for a flag: the change names the flag, or the instruction does. */
function forFlag<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  return z.strictObject({ kind: z.literal(kind), flag: keySchema.optional(), ...shape });
}

function forSegment<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  return z.strictObject({ kind: z.literal(kind), segment: keySchema.optional(), ...shape });
}

const contextKeys = z.array(z.string().min(1).max(1024)).min(1).max(50_000);
const text = z.string().max(256).optional();
const saltSchema = z.string().min(1).max(256).optional();

/** That it is meant, although it changes a config by more than that allows at once. */
const confirm = z.boolean().optional();

export const clausesSchema = z.array(clauseSchema).max(100);

const shareSchema = z.strictObject({ contextKind: contextKindSchema, weight: z.int().min(1).max(fullWeight) });

/** What a person says of a trip. */
const tripFields = {
  reason: z.string().min(1).max(1024),
  incident: z.string().min(1).max(1024).optional(),
  exempt: z.boolean().optional(),
  share: shareSchema.optional(),
};

const stageSchema = z.enum(stages);

/** What is looked at before records of a migration go on, besides who can follow. */
export const migrationChecks = ['backfill', 'repairs', 'comparisons'] as const;
export type MigrationCheck = (typeof migrationChecks)[number];

/** What a person says to move records to where some instances may not follow, or from where nothing comes back. */
const crossingFields = {
  /** The key of the migration: that records are meant to go to `complete`. */
  confirm: keySchema.optional(),
  /**
   * Not to wait for these: instances by name; other SDKs, which cannot tell what they run, by name and version too; and
   * checks that are not passed. The history keeps the reason.
   */
  overrule: z
    .strictObject({
      reason: z.string().min(1).max(1024),
      instances: z.array(z.string().min(1).max(300)).min(1).max(1000).optional(),
      checks: z.array(z.enum(migrationChecks)).min(1).max(migrationChecks.length).optional(),
    })
    .refine(({ instances, checks }) => instances !== undefined || checks !== undefined, {
      message: 'expected `instances`, `checks` or both: by name what is not to be waited for',
    })
    .optional(),
};

const ruleSchema = z.strictObject({
  id: idSchema.optional(),
  name: text,
  clauses: clausesSchema,
  ...serveFields,
});

/** Of a config it is the JSON text of a value. */
const keptVariationSchema = z.string().min(1).max(65_536);

/** A rule as it is brought back, with the trip that made it. */
const keptRuleSchema = ruleSchema.extend({
  variation: keptVariationSchema.optional(),
  trip: z
    .strictObject({ ...tripFields, by: z.string().max(256), at: z.int().min(0), expiresAt: z.int().min(0) })
    .optional(),
});

const segmentRuleSchema = z.strictObject({
  id: idSchema.optional(),
  name: text,
  clauses: z.array(clauseSchema).max(100),
  weight: z.int().min(0).max(fullWeight).optional(),
  contextKind: contextKindSchema.optional(),
  bucketBy: attributeSchema.optional(),
});

const membersSchema = z.strictObject({ contextKind: contextKindSchema, keys: contextKeys });
const targetSchema = z.strictObject({ variation: idSchema, contextKind: contextKindSchema, keys: contextKeys });
const prerequisiteSchema = z.strictObject({ flag: keySchema, variation: idSchema });

/** A whole configuration. Without salt the flag keeps its own, and with it its buckets. */
const configurationSchema = z.strictObject({
  salt: saltSchema,
  on: z.boolean(),
  offVariation: keptVariationSchema,
  fallthrough: z.strictObject({ ...serveFields, variation: keptVariationSchema.optional() }),
  targets: z.array(targetSchema).max(10_000),
  rules: z.array(keptRuleSchema).max(1000),
  prerequisites: z.array(prerequisiteSchema).max(100),
});

/** Instructions about what a flag is; they concern every environment of its project. */
export const definitionInstruction = z.discriminatedUnion('kind', [
  // The salt brings a flag back with the buckets that it had; new flags get their own.
  forFlag('create-flag', { definition: definitionInput.omit({ key: true }), salt: saltSchema }),
  forFlag('update-definition', { definition: z.strictObject(definitionFields) }),
  /** `confirm`: the key of a migration in `complete`, which code asked for within the last day. */
  forFlag('archive', { confirm: keySchema.optional() }),
  forFlag('unarchive', {}),
  forFlag('delete', {}),
]);

/** Instructions about how a flag behaves in one environment. */
export const configurationInstruction = z.discriminatedUnion('kind', [
  forFlag('turn-on', {}),
  forFlag('turn-off', {}),
  forFlag('set-fallthrough', serveFields),
  forFlag('set-off-variation', { variation: idSchema }),
  forFlag('add-rule', { rule: ruleSchema, before: idSchema.optional() }),
  forFlag('replace-rule', { rule: ruleSchema.extend({ id: idSchema }) }),
  forFlag('remove-rule', { id: idSchema }),
  forFlag('move-rule', { id: idSchema, before: idSchema.optional() }),
  forFlag('add-targets', { variation: idSchema, contextKind: contextKindSchema.optional(), keys: contextKeys }),
  forFlag('remove-targets', { variation: idSchema, contextKind: contextKindSchema.optional(), keys: contextKeys }),
  forFlag('add-prerequisite', { prerequisite: prerequisiteSchema }),
  forFlag('remove-prerequisite', { prerequisite: z.strictObject({ flag: keySchema }) }),
  forFlag('copy-configuration', { from: keySchema, confirm }),
  forFlag('trip', {
    /** Of the rule that it makes. */
    id: idSchema.optional(),
    mode: idSchema,
    when: clausesSchema.optional(),
    ...tripFields,
    /** Not `z.int()`: of what is beyond, `trip` says how long at most and why. */
    expiresInMs: z.number().multipleOf(1, 'expected an integer').min(60_000).optional(),
  }),
  forFlag('restore', { id: idSchema.optional() }),
  forFlag('set-value', { value: z.json(), confirm }),
  forFlag('set-override', {
    id: idSchema.optional(),
    name: text,
    when: clausesSchema.min(1),
    value: z.json(),
    confirm,
  }),
  forFlag('remove-override', { id: idSchema, confirm }),
  forFlag('set-stage', {
    stage: stageSchema.optional(),
    /** Shares of records, in thousandths of a percent that sum to 100,000. */
    rollout: z
      .array(z.strictObject({ stage: stageSchema, weight: z.int().min(0).max(fullWeight) }))
      .min(1)
      .max(stages.length)
      .optional(),
    /** One that is there; without it and without `when` the records that are in no cohort. */
    cohort: idSchema.optional(),
    /** Whom a new cohort is for, and the id that it gets. */
    when: clausesSchema.min(1).optional(),
    id: idSchema.optional(),
    ...crossingFields,
  }),
  forFlag('remove-cohort', { id: idSchema, ...crossingFields }),
]);

/** Brings a configuration back. Only reverts make it: it takes over what instructions would check one by one. */
const replaceConfiguration = forFlag('replace-configuration', { configuration: configurationSchema });

export const segmentInstruction = z.discriminatedUnion('kind', [
  forSegment('create-segment', {
    name: text,
    description: z.string().max(4096).optional(),
    tags: z.array(z.string().min(1).max(64)).max(64).optional(),
    salt: saltSchema,
  }),
  forSegment('update-segment', {
    name: text,
    description: z.string().max(4096).optional(),
    tags: z.array(z.string().min(1).max(64)).max(64).optional(),
  }),
  forSegment('add-members', {
    list: z.enum(['included', 'excluded']).default('included'),
    contextKind: contextKindSchema.optional(),
    keys: contextKeys,
  }),
  forSegment('remove-members', {
    list: z.enum(['included', 'excluded']).default('included'),
    contextKind: contextKindSchema.optional(),
    keys: contextKeys,
  }),
  forSegment('add-segment-rule', { rule: segmentRuleSchema, before: idSchema.optional() }),
  forSegment('replace-segment-rule', { rule: segmentRuleSchema.extend({ id: idSchema }) }),
  forSegment('remove-segment-rule', { id: idSchema }),
  forSegment('move-segment-rule', { id: idSchema, before: idSchema.optional() }),
  forSegment('replace-segment', {
    configuration: z.strictObject({
      salt: saltSchema,
      name: z.string().max(256),
      description: z.string().max(4096),
      tags: z.array(z.string().min(1).max(64)).max(64),
      included: z.array(membersSchema).max(100),
      excluded: z.array(membersSchema).max(100),
      rules: z.array(segmentRuleSchema).max(1000),
    }),
  }),
  forSegment('delete-segment', {}),
]);

/** What people may ask for. Has a name of its own in the OpenAPI document, and so has what follows. */
const askedInstruction = z
  .discriminatedUnion('kind', [
    ...definitionInstruction.options,
    ...configurationInstruction.options,
    ...segmentInstruction.options,
  ])
  .meta({ id: 'Instruction' });

/** What changes are made of. */
export const instructionSchema = z
  .discriminatedUnion('kind', [...askedInstruction.options, replaceConfiguration])
  .meta({ id: 'RecordedInstruction' });

export type DefinitionInstruction = z.output<typeof definitionInstruction>;
export type ConfigurationInstruction =
  | z.output<typeof configurationInstruction>
  | z.output<typeof replaceConfiguration>;
export type SegmentInstruction = z.output<typeof segmentInstruction>;
export type Instruction = z.output<typeof instructionSchema>;

/** An instruction that a change follows, and where it stands in it. */
export interface Step {
  readonly instruction: Instruction;
  readonly path: string;
}

/** An instruction as people write it, defaults left out. */
export type InstructionInput = z.input<typeof askedInstruction>;

/** What people ask of an environment: instructions, and whom they concern unless they say so themselves. */
export const changeRequestSchema = z.strictObject({
  flag: keySchema.optional(),
  segment: keySchema.optional(),
  instructions: z.array(askedInstruction).min(1).max(1000),
  comment: z.string().max(4096).optional(),
});

/** What is asked of an environment, by people or by a revert. */
export type ChangeRequest = Omit<z.output<typeof changeRequestSchema>, 'instructions'> & {
  instructions: Instruction[];
};

const definitionKinds: ReadonlySet<string> = new Set(
  definitionInstruction.options.map((option) => option.shape.kind.value),
);
const segmentKinds: ReadonlySet<string> = new Set(segmentInstruction.options.map((option) => option.shape.kind.value));

export function isDefinitionInstruction(instruction: Instruction): instruction is DefinitionInstruction {
  return definitionKinds.has(instruction.kind);
}

export function isSegmentInstruction(instruction: Instruction): instruction is SegmentInstruction {
  return segmentKinds.has(instruction.kind);
}
