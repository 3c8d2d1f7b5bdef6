import type { FlagView } from '@sluice/api-client';
import { type InstructionInput, isProblem, type JsonSchema, parseQuantity, type Unit } from '@sluice/authoring';
import { isSame } from '../flag/draft.ts';
import { findValueFaults, spellPath } from './find-value-faults.ts';
import { schemaOfSchemas } from './schema-of-schemas.ts';

export type Rules = NonNullable<FlagView['config']>;

/** What a config's values may be, as a form has it. Bounds, factor and dimensions are as they were typed. */
export interface RulesDraft {
  readonly schema: JsonSchema;
  readonly unit: Unit | '';
  readonly min: string;
  readonly max: string;
  readonly factor: string;
  /** By comma, in the order in which they win. */
  readonly dimensions: string;
}

export function rulesDraftOf({ schema, unit, maxChangeFactor, dimensions }: Rules): RulesDraft {
  return {
    ...withSchema(schema),
    unit: unit ?? '',
    factor: spell(maxChangeFactor),
    dimensions: dimensions.join(', '),
  };
}

/** The schema with its bounds as fields have them. */
export function withSchema(schema: JsonSchema): Pick<RulesDraft, 'schema' | 'min' | 'max'> {
  return { schema, min: spell(schema.minimum), max: spell(schema.maximum) };
}

/** Bounds, a unit and a factor are of numbers. */
export function isOfNumbers({ type }: JsonSchema): boolean {
  return [type].flat().some((name) => name === 'integer' || name === 'number');
}

export type RulesFaults = Readonly<Partial<Record<'min' | 'max' | 'factor' | 'schema', string>>>;

/** What is wrong, field by field. */
export function findRulesFaults({ schema, unit, min, max, factor }: RulesDraft): RulesFaults {
  const [wrong] = findValueFaults(schemaOfSchemas, schema as Parameters<typeof findValueFaults>[1]);
  const times = readNumber(factor, '');
  return {
    ...(wrong && { schema: [spellPath(wrong.path), wrong.message].filter(Boolean).join(': ') }),
    ...(isOfNumbers(schema) && {
      ...faultOf('min', readNumber(min, unit)),
      ...faultOf('max', readNumber(max, unit)),
      ...faultOf(
        'factor',
        typeof times === 'number' && times <= 1 ? { message: `expected more than 1, got ${times}` } : times,
      ),
    }),
  };
}

/** What the draft means; what is wrong in it is left out. */
export function toRules({ schema, unit, min, max, factor, dimensions }: RulesDraft): Rules {
  const names = dimensions.split(/[,\s]+/).filter((name) => name !== '');
  const times = readNumber(factor, '');
  return {
    schema: isOfNumbers(schema)
      ? withBound(withBound(schema, 'minimum', readNumber(min, unit)), 'maximum', readNumber(max, unit))
      : schema,
    ...(isOfNumbers(schema) && unit !== '' && { unit }),
    ...(isOfNumbers(schema) && typeof times === 'number' && { maxChangeFactor: times }),
    dimensions: [...new Set(names)],
  };
}

export function listRulesInstructions(rules: Rules, draft: RulesDraft): readonly InstructionInput[] {
  if (isSame(rulesDraftOf(rules), draft)) return [];
  const { dimensions, schema, ...rest } = toRules(draft);
  // Schemas are JSON.
  const config = { ...rest, schema, dimensions: [...dimensions] } as Config;
  return [{ kind: 'update-definition', definition: { config } }];
}

type Config = NonNullable<Extract<InstructionInput, { kind: 'update-definition' }>['definition']['config']>;

/** Undefined: nothing was typed. */
function readNumber(text: string, unit: Unit | ''): number | undefined | { readonly message: string } {
  if (text.trim() === '') return undefined;
  const quantity = parseQuantity(text, unit === '' ? undefined : unit, '');
  return isProblem(quantity) ? { message: quantity.message } : quantity;
}

function faultOf(name: keyof RulesFaults, read: ReturnType<typeof readNumber>): RulesFaults {
  return typeof read === 'object' ? { [name]: read.message } : {};
}

function withBound(schema: JsonSchema, name: 'minimum' | 'maximum', bound: ReturnType<typeof readNumber>): JsonSchema {
  const { [name]: _, ...others } = schema;
  return typeof bound === 'number' ? { ...schema, [name]: bound } : others;
}

function spell(number: unknown): string {
  return typeof number === 'number' ? String(number) : '';
}
