import * as z from 'zod';
import type { Clause, FlagConfiguration, Rule } from './configuration.ts';
import { contextKindPattern } from './key.ts';
import { listNames, type Problem, problem } from './problem.ts';
import { type Unit, units } from './units.ts';

/** What a config's values may be, and by what they may vary. */
export interface ConfigRules {
  /** JSON Schema, draft 2020-12; bounds are its `minimum` and `maximum`. */
  readonly schema: JsonSchema;
  /** Of values that are numbers. */
  readonly unit?: Unit | undefined;
  /** A number may become at most so many times as large, or small, at once; more needs to be confirmed. */
  readonly maxChangeFactor?: number | undefined;
  /** By what values may differ: of two overrides that match, the one by the dimension that stands first here wins. */
  readonly dimensions: readonly string[];
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Checks by JSON Schema; its library comes from outside. Undefined: nothing is wrong. */
export interface SchemaChecker {
  findSchemaProblem(schema: JsonSchema): SchemaFault | undefined;
  findValueProblem(schema: JsonSchema, value: unknown): SchemaFault | undefined;
}

/** What is wrong with a schema or a value, and where in it (`.limits[0]`, or nothing for the whole). */
export interface SchemaFault {
  readonly path: string;
  readonly message: string;
}

/** What people call what clauses look at; others are `kind.attribute`, and members of segments are `segment`. */
const shortNames: Readonly<Record<string, readonly [contextKind: string, attribute: string]>> = {
  route: ['request', 'route'],
  method: ['request', 'method'],
  ip: ['request', 'ip'],
  account: ['account', 'key'],
  user: ['user', 'key'],
  instance: ['instance', 'key'],
};

const dimensionSchema = z
  .string()
  .max(256)
  .refine(isDimension, {
    message: `one of ${[...Object.keys(shortNames), 'segment'].join(', ')}, or a context kind and an attribute such as "instance.region"`,
  });

function isDimension(name: string): boolean {
  if (name === 'segment' || Object.hasOwn(shortNames, name)) return true;
  const dot = name.indexOf('.');
  return dot > 0 && dot < name.length - 1 && contextKindPattern.test(name.slice(0, dot));
}

/** What clauses of a dimension look at; undefined: which segments somebody is in. */
export function splitDimension(name: string): { readonly contextKind: string; readonly attribute: string } | undefined {
  if (name === 'segment') return undefined;
  const dot = name.indexOf('.');
  const [contextKind, attribute] = shortNames[name] ?? [name.slice(0, dot), name.slice(dot + 1)];
  return { contextKind, attribute };
}

export const configRulesSchema = z.strictObject({
  schema: z.record(z.string(), z.json()),
  unit: z.enum(units).optional(),
  maxChangeFactor: z.number().gt(1).optional(),
  dimensions: z.array(dimensionSchema).max(32).optional(),
});

/** What a clause looks at. */
function dimensionOf({ contextKind = 'user', attribute = 'key', op }: Clause): string {
  if (op === 'segmentMatch') return 'segment';
  const short = Object.entries(shortNames).find(([, [kind, name]]) => kind === contextKind && name === attribute);
  return short?.[0] ?? `${contextKind}.${attribute}`;
}

export function findDimensionProblem(
  key: string,
  { dimensions }: ConfigRules,
  clauses: readonly Clause[],
  path: string,
): Problem | undefined {
  const index = clauses.findIndex((clause) => !dimensions.includes(dimensionOf(clause)));
  const clause = clauses[index];
  if (clause === undefined) return undefined;
  return problem(
    `${path}[${index}]`,
    `\`${key}\` may vary by ${listNames(dimensions, 'nothing')}, got \`${dimensionOf(clause)}\`; what it may vary by is declared in its definition (config.dimensions)`,
  );
}

/**
 * The order in which overrides are asked, so that the first that matches is the one that should win: by the dimensions
 * that they name in the order of the definition, more of them before fewer, smaller networks before larger ones, and
 * of what is left the newest.
 */
export function sortByLayer(rules: readonly Rule[], { dimensions }: ConfigRules): readonly Rule[] {
  const placesOf = ({ clauses }: Rule): readonly number[] =>
    [...new Set(clauses.map((clause) => dimensions.indexOf(dimensionOf(clause))))].sort((a, b) => a - b);
  return rules.toSorted((a, b) => comparePlaces(placesOf(a), placesOf(b)) || narrownessOf(b) - narrownessOf(a));
}

function comparePlaces(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((place, index) => place !== b[index]);
  if (at < 0) return b.length - a.length;
  return (a[at] ?? 0) - (b[at] ?? Number.POSITIVE_INFINITY);
}

/** The length of the shortest prefix among its networks. */
function narrownessOf({ clauses }: Rule): number {
  const lengths = clauses
    .filter(({ op }) => op === 'cidr')
    .flatMap(({ values }) => values.map((value) => Number(String(value).split('/')[1] ?? 128)));
  return lengths.length === 0 ? 0 : Math.min(...lengths);
}

/** Which layer of a config a rule belongs to: `route`, `account + route`. */
export function describeLayer({ clauses }: Pick<Rule, 'clauses'>): string {
  return [...new Set(clauses.map(dimensionOf))].join(' + ');
}

/**
 * A config has no variations of its own: in each environment they are its values there, each named by its JSON text.
 * The environment's value is the first.
 */
export function listValues({
  fallthrough,
  rules,
}: Pick<FlagConfiguration, 'fallthrough' | 'rules'>): readonly string[] {
  return [...new Set([fallthrough, ...rules].flatMap(({ variation }) => variation ?? []))];
}
