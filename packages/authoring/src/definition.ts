import { type Stage, stages } from '@sluice/engine';
import * as z from 'zod';
import { type ConfigRules, configRulesSchema, type JsonSchema, type SchemaChecker } from './config.ts';
import { idPattern, idSchema, keySchema } from './key.ts';
import { isProblem, listNames, type Problem, problem } from './problem.ts';

/** The kinds that can be authored; each compiles to one evaluable flag. */
export type FlagKind = (typeof flagKinds)[number];

export const flagKinds = ['release', 'valve', 'config', 'migration'] as const;

export type JsonValue = z.core.util.JSONType;

export interface Variation {
  readonly id: string;
  readonly value: JsonValue;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}

/** What a flag is, in every environment of its project. */
export interface FlagDefinition {
  readonly key: string;
  readonly kind: FlagKind;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly owner: string;
  /**
   * On serves the first by default, off the last. Of a valve: its modes, the normal one first, then by severity.
   * Of a migration: its stages. A config has none of its own: they are its values in each environment.
   */
  readonly variations: readonly Variation[];
  /** Every config has them, and nothing else. */
  readonly config?: ConfigRules | undefined;
  /** Which client-side SDKs may see the flag. */
  readonly clientSide: { readonly web: boolean; readonly mobile: boolean };
  /** Archived flags are no longer delivered: SDKs answer the caller's default value. */
  readonly archived: boolean;
}

const variationInput = z.strictObject({
  id: idSchema.optional(),
  value: z.json(),
  name: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
});

/** The parts of a definition that may be given at creation and changed later. */
export const definitionFields = {
  name: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
  tags: z.array(z.string().min(1).max(64)).max(64).optional(),
  owner: z.string().max(256).optional(),
  variations: z.array(variationInput).min(2).max(1000).optional(),
  config: configRulesSchema.optional(),
  clientSide: z.strictObject({ web: z.boolean(), mobile: z.boolean() }).optional(),
};

export const definitionInput = z.strictObject({
  key: keySchema,
  kind: z.enum(flagKinds).default('release'),
  /** Of a config: what it is in every environment until it is set there. */
  value: z.json().optional(),
  ...definitionFields,
});

export type DefinitionInput = z.input<typeof definitionInput>;
export type VariationInput = z.infer<typeof variationInput>;

const variationsUnlessGiven: Readonly<Record<Exclude<FlagKind, 'config'>, readonly VariationInput[]>> = {
  migration: stages.map((stage) => ({ id: stage, value: stage })),
  release: [
    { id: 'on', value: true },
    { id: 'off', value: false },
  ],
  valve: [{ value: 'normal' }, { value: 'off' }],
};

/** `schemas` checks the schema of a config. */
export function createDefinition(
  input: z.output<typeof definitionInput>,
  schemas: SchemaChecker,
  path: string,
): FlagDefinition | Problem {
  const { key, kind } = input;
  const variations = createVariations(input, path);
  if ('kind' in variations) return variations;
  const config = kind === 'config' ? createConfigRules(input, schemas, path) : findConfigPart(input, path);
  if (isProblem(config)) return config;
  return {
    key,
    kind,
    name: input.name ?? key,
    description: input.description ?? '',
    tags: [...new Set(input.tags ?? [])].sort(),
    owner: input.owner ?? '',
    variations,
    ...(config !== undefined && { config }),
    clientSide: input.clientSide ?? { web: false, mobile: false },
    archived: false,
  };
}

function createVariations(
  { kind, variations }: z.output<typeof definitionInput>,
  path: string,
): readonly Variation[] | Problem {
  if (kind === 'config') {
    return variations === undefined
      ? []
      : problem(`${path}.variations`, 'a config has values instead: expected `value`, got variations');
  }
  return identifyVariations(variations ?? variationsUnlessGiven[kind], kind, `${path}.variations`);
}

/** Only a config has rules for its values. */
function findConfigPart({ kind, config, value }: z.output<typeof definitionInput>, path: string): Problem | undefined {
  const name = config === undefined ? 'value' : 'config';
  return config === undefined && value === undefined
    ? undefined
    : problem(`${path}.${name}`, `only a config has a \`${name}\`, and this is a ${kind}`);
}

/** Without a schema, values stay of the type that the first one has. */
function createConfigRules(
  { config, value }: z.output<typeof definitionInput>,
  schemas: SchemaChecker,
  path: string,
): ConfigRules | Problem {
  if (value === undefined) return problem(`${path}.value`, 'a config needs a value to begin with, got none');
  return parseConfigRules(config ?? { schema: { type: schemaTypeOf(value) } }, schemas, `${path}.config`);
}

export function parseConfigRules(
  { schema, unit, maxChangeFactor, dimensions = [] }: z.output<typeof configRulesSchema>,
  schemas: SchemaChecker,
  path: string,
): ConfigRules | Problem {
  const wrong = schemas.findSchemaProblem(schema);
  if (wrong !== undefined) return problem(`${path}.schema${wrong.path}`, wrong.message);
  if (unit !== undefined && !isOfNumbers(schema)) return refuseForNumbers('a unit', schema, `${path}.unit`);
  if (maxChangeFactor !== undefined && !isOfNumbers(schema))
    return refuseForNumbers('a factor', schema, `${path}.maxChangeFactor`);
  return {
    schema,
    ...(unit !== undefined && { unit }),
    ...(maxChangeFactor !== undefined && { maxChangeFactor }),
    dimensions: [...new Set(dimensions)],
  };
}

function isOfNumbers({ type }: JsonSchema): boolean {
  return [type].flat().some((name) => name === 'integer' || name === 'number');
}

function refuseForNumbers(what: string, { type }: JsonSchema, path: string): Problem {
  const found = type === undefined ? 'nothing' : JSON.stringify(type);
  return problem(path, `${what} is of numbers: expected the schema to have the type integer or number, got ${found}`);
}

function schemaTypeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * Gives every variation an id: the one asked for, else `on` and `off` for booleans, the value itself where it reads as
 * an id, else `variation-N`.
 */
export function identifyVariations(
  inputs: readonly VariationInput[],
  kind: FlagKind,
  path: string,
): readonly Variation[] | Problem {
  const types = new Set(inputs.map(({ value }) => typeOfValue(value)));
  if (types.size > 1) {
    return problem(path, `variations must all be of one type, got ${listNames([...types])}`);
  }
  const asked = new Set(inputs.flatMap(({ id }) => id ?? []));
  const ids = new Set<string>();
  const values = new Map<string, number>();
  const variations: Variation[] = [];
  const isFree = (id: string): boolean => !asked.has(id) && !ids.has(id);
  for (const [index, input] of inputs.entries()) {
    const encoded = JSON.stringify(input.value);
    const twin = values.get(encoded);
    if (twin !== undefined) {
      return problem(`${path}[${index}].value`, `values must differ, got ${encoded} as in variations[${twin}]`);
    }
    values.set(encoded, index);
    const suggested = suggestId(input.value);
    const id = input.id ?? (suggested !== undefined && isFree(suggested) ? suggested : findFreeId(index + 1, isFree));
    if (ids.has(id)) return problem(`${path}[${index}].id`, `variation ids must differ, got \`${id}\` twice`);
    ids.add(id);
    variations.push({ ...input, id });
  }
  return findKindVariationProblem(variations, kind, path) ?? variations;
}

function findKindVariationProblem(variations: readonly Variation[], kind: FlagKind, path: string): Problem | undefined {
  if (kind === 'valve') return findModeProblem(variations, path);
  return kind === 'migration' ? findStageProblem(variations, path) : undefined;
}

/** They need not be given; who gives them gives all, as they are. */
function findStageProblem(variations: readonly Variation[], path: string): Problem | undefined {
  const isStages = variations.length === stages.length && stages.every((stage, at) => isPlainly(variations[at], stage));
  return isStages
    ? undefined
    : problem(path, `a migration has the stages ${listNames(stages)}, and no other variations; leave them out`);
}

function isPlainly(variation: Variation | undefined, stage: Stage): boolean {
  return variation?.id === stage && variation.value === stage;
}

/** Code asks for modes by the value that it gets, people by id: they are the same. */
function findModeProblem(variations: readonly Variation[], path: string): Problem | undefined {
  // Code has modes as properties, and JavaScript puts those first that are integers: `404` would be the normal one.
  const index = variations.findIndex(({ id, value }) => id !== value || /^\d+$/.test(id));
  const variation = variations[index];
  if (variation === undefined) return undefined;
  return problem(
    `${path}[${index}].value`,
    `the modes of a valve are names such as "cached": a letter or digit, then at most 63 letters, digits, dots, underscores or hyphens, not digits alone, and no other id; got ${JSON.stringify(variation.value)}`,
  );
}

/** `variation-N`, or the next number that is not taken. */
function findFreeId(number: number, isFree: (id: string) => boolean): string {
  const id = `variation-${number}`;
  return isFree(id) ? id : findFreeId(number + 1, isFree);
}

function suggestId(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string' && idPattern.test(value)) return value;
  return undefined;
}

export function typeOfValue(value: unknown): 'boolean' | 'number' | 'string' | 'json' {
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'json';
}
