import type { JsonSchema, JsonValue } from '@sluice/authoring';
import { isRecord, resolveSchema, typeOf } from './value-schema.ts';

/** Where something is wrong with a value, and what. */
export interface ValueFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Path = ValueFault['path'];

/**
 * What can be said of a value while it is typed: the plain keywords of a schema. The server checks all of it before
 * anything can be applied.
 */
export function findValueFaults(root: JsonSchema, value: JsonValue): readonly ValueFault[] {
  return listFaults(root, value, [], root);
}

function listFaults(given: unknown, value: JsonValue, path: Path, root: JsonSchema): readonly ValueFault[] {
  const schema = resolveSchema(given, root);
  const fault = (message: string): readonly ValueFault[] => [{ path, message }];
  if (Array.isArray(schema.anyOf)) {
    const branches = schema.anyOf.map((branch) => listFaults(branch, value, path, root));
    // Of none that fits, what is wrong by the one that comes furthest, or by the first.
    const nearest = branches.find((faults) => faults.some((each) => each.path.length > path.length)) ?? branches[0];
    if (!branches.some(({ length }) => length === 0)) return nearest ?? [];
  }
  const types = [schema.type].flat().filter((type) => typeof type === 'string');
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) {
    const expected = `expected ${types.map((type) => words[type] ?? type).join(' or ')}`;
    // An emptied field, or one that holds no number, is null: whoever typed there knows what it got.
    return fault(value === null ? expected : `${expected}, got ${spell(value)}`);
  }
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value))) {
    return fault(`expected one of ${schema.enum.map(spell).join(', ')}, got ${spell(value)}`);
  }
  if (typeof value === 'number') return listNumberFaults(schema, value).flatMap(fault);
  if (typeof value === 'string') return listLengthFaults(schema, value.length, 'Length', 'character').flatMap(fault);
  if (Array.isArray(value)) {
    return [
      ...listLengthFaults(schema, value.length, 'Items', 'entry').flatMap(fault),
      ...value.flatMap((item, index) => listFaults(schema.items, item, [...path, index], root)),
    ];
  }
  return isRecord(value) ? listObjectFaults(schema, value, path, root) : [];
}

function listObjectFaults(
  schema: JsonSchema,
  value: Readonly<Record<string, JsonValue>>,
  path: Path,
  root: JsonSchema,
): readonly ValueFault[] {
  const properties: Readonly<Record<string, unknown>> = isRecord(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const missing = required.filter((name) => value[name] === undefined);
  return [
    ...missing.map((name): ValueFault => ({ path, message: `${name} is missing` })),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const at = [...path, name];
      if (name in properties) return listFaults(properties[name], inner, at, root);
      return schema.additionalProperties === false
        ? [{ path: at, message: `there is no ${name} in the schema` }]
        : listFaults(schema.additionalProperties, inner, at, root);
    }),
  ];
}

function listNumberFaults(schema: JsonSchema, value: number): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return [
    ...(typeof minimum === 'number' && value < minimum ? [`${value} is below the minimum of ${minimum}`] : []),
    ...(typeof maximum === 'number' && value > maximum ? [`${value} is above the maximum of ${maximum}`] : []),
    ...(typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum
      ? [`expected more than ${exclusiveMinimum}, got ${value}`]
      : []),
    ...(typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum
      ? [`expected less than ${exclusiveMaximum}, got ${value}`]
      : []),
    ...(typeof multipleOf === 'number' && !isMultiple(value, multipleOf)
      ? [`expected a multiple of ${multipleOf}, got ${value}`]
      : []),
  ];
}

function isMultiple(value: number, step: number): boolean {
  const times = value / step;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

function listLengthFaults(schema: JsonSchema, length: number, what: string, word: string): readonly string[] {
  const [least, most] = [schema[`min${what}`], schema[`max${what}`]];
  const count = (number: number) => `${number} ${number === 1 ? word : word.replace(/y$/, 'ie').concat('s')}`;
  return [
    ...(typeof least === 'number' && length < least ? [`expected at least ${count(least)}, got ${length}`] : []),
    ...(typeof most === 'number' && length > most ? [`expected at most ${count(most)}, got ${length}`] : []),
  ];
}

const words: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function isOfType(type: string, value: JsonValue): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;
}

function spell(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** `limits[0].soft`, as one says it; empty: the whole value. */
export function spellPath(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}
