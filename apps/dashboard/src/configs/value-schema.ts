import type { JsonSchema, JsonValue } from '@sluice/authoring';

/** How a value is edited. `json`: the schema says more than a form can show. */
export type FieldKind = 'choice' | 'boolean' | 'number' | 'text' | 'object' | 'list' | 'json';

/** Keywords with which one value may be of several shapes. */
const branching = ['oneOf', 'anyOf', 'allOf', 'if', 'not', 'prefixItems', 'patternProperties'] as const;

/** The schema with what it refers to in its place: `#/$defs/name`. */
export function resolveSchema(schema: unknown, root: JsonSchema): JsonSchema {
  if (!isRecord(schema)) return {};
  const own: JsonSchema = schema;
  const { $ref } = own;
  if (typeof $ref !== 'string' || !$ref.startsWith('#/')) return own;
  const found = $ref
    .slice(2)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), root);
  return isRecord(found) ? found : {};
}

/** By its schema, and where that leaves it open by what the value is. */
export function fieldKindOf(schema: JsonSchema, value: JsonValue | undefined): FieldKind {
  if (branching.some((name) => name in schema)) return 'json';
  if (Array.isArray(schema.enum)) return 'choice';
  const [type, ...others] = [schema.type].flat();
  const name = others.length === 0 && typeof type === 'string' ? type : typeOf(value);
  switch (name) {
    case 'integer':
    case 'number':
      // Null is what stands for a field in which there is no number.
      return typeof value === 'number' || value === undefined || value === null ? 'number' : 'json';
    case 'string':
      return typeof value === 'string' || value === undefined ? 'text' : 'json';
    case 'boolean':
      return typeof value === 'boolean' || value === undefined ? 'boolean' : 'json';
    case 'object':
      return isRecord(value) || value === undefined ? 'object' : 'json';
    case 'array':
      return Array.isArray(value) || value === undefined ? 'list' : 'json';
    default:
      return 'json';
  }
}

/** Whether it is edited in its line; others open below it. */
export function isInline(kind: FieldKind): boolean {
  return kind === 'choice' || kind === 'boolean' || kind === 'number' || kind === 'text';
}

/** By how much one step of an arrow key changes a number. */
export function stepOf({ multipleOf, type }: JsonSchema): number {
  if (typeof multipleOf === 'number' && multipleOf > 0) return multipleOf;
  return type === 'integer' ? 1 : 0.1;
}

export interface Bounds {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): Bounds {
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
  return { min: number(minimum) ?? number(exclusiveMinimum), max: number(maximum) ?? number(exclusiveMaximum) };
}

/** What a new entry begins as: something that the schema lets through, as far as it says. */
export function startOf(schema: JsonSchema, root: JsonSchema): JsonValue {
  const own = resolveSchema(schema, root);
  // Schemas are JSON, and so is what stands in them.
  if (own.default !== undefined) return own.default as JsonValue;
  if (own.const !== undefined) return own.const as JsonValue;
  if (Array.isArray(own.enum)) return (own.enum[0] ?? null) as JsonValue;
  switch ([own.type].flat()[0]) {
    case 'integer':
    case 'number':
      return Math.max(0, boundsOf(own).min ?? 0);
    case 'boolean':
      return false;
    case 'object': {
      const required = Array.isArray(own.required) ? own.required.map(String) : [];
      const properties = isRecord(own.properties) ? own.properties : {};
      return Object.fromEntries(required.map((name) => [name, startOf(resolveSchema(properties[name], root), root)]));
    }
    case 'array':
      return [];
    case 'null':
      return null;
    default:
      return '';
  }
}

export function typeOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

export function isRecord(value: unknown): value is Readonly<Record<string, never>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
