import {
  type ConfigRules,
  type DefinitionInput,
  isProblem,
  type JsonSchema,
  type JsonValue,
  parseQuantity,
  type Unit,
} from '@sluice/authoring';
import { readJson } from '../read-json.ts';

export type ConfigType = 'integer' | 'number' | 'string' | 'boolean' | 'json';

/** What the form of a new config says, as it was typed. */
export interface ConfigForm {
  readonly key: string;
  readonly description: string;
  readonly owner: string;
  readonly type: ConfigType;
  readonly value: string;
  readonly unit: Unit | '';
  readonly min: string;
  readonly max: string;
  readonly factor: string;
  /** By comma, in the order in which they win. */
  readonly dimensions: string;
}

export type ConfigFormFaults = Readonly<Partial<Record<keyof ConfigForm, string>>>;

/** The definition that a form means; or what is wrong, field by field. */
export function toConfig(
  form: ConfigForm,
): { readonly definition: DefinitionInput } | { readonly faults: ConfigFormFaults } {
  const { type, unit } = form;
  const isNumber = type === 'integer' || type === 'number';
  const [value, min, max] = [
    isNumber ? readNumber(form.value, unit) : readValue(form.value, type),
    readNumber(form.min, unit),
    readNumber(form.max, unit),
  ];
  const factor = readNumber(form.factor, '');
  const faults: ConfigFormFaults = {
    ...(form.key.trim() === '' && { key: 'it has no key yet' }),
    ...faultOf('value', form.value.trim() === '' && type !== 'string' ? { fault: 'it begins with a value' } : value),
    ...(isNumber && { ...faultOf('min', min), ...faultOf('max', max) }),
    ...(isNumber && form.factor.trim() !== '' && faultOf('factor', checkFactor(factor))),
  };
  if (Object.keys(faults).length > 0) return { faults };
  const found = 'found' in value ? value.found : '';
  const config: ConfigRules = {
    schema: isNumber ? { type, ...boundOf('minimum', min), ...boundOf('maximum', max) } : schemaOf(type, found),
    ...(isNumber && unit !== '' && { unit }),
    ...(isNumber && 'found' in factor && typeof factor.found === 'number' && { maxChangeFactor: factor.found }),
    dimensions: [...new Set(form.dimensions.split(/[,\s]+/).filter((name) => name !== ''))],
  };
  return {
    definition: {
      key: form.key.trim(),
      kind: 'config',
      value: found ?? '',
      config: { ...config, dimensions: [...config.dimensions] } as NonNullable<DefinitionInput['config']>,
      ...(form.description.trim() !== '' && { description: form.description.trim() }),
      ...(form.owner.trim() !== '' && { owner: form.owner.trim() }),
    },
  };
}

/** Undefined: nothing was typed. */
type Read = { readonly found: JsonValue | undefined } | { readonly fault: string };

function readNumber(text: string, unit: Unit | ''): Read {
  if (text.trim() === '') return { found: undefined };
  const quantity = parseQuantity(text, unit === '' ? undefined : unit, '');
  return isProblem(quantity) ? { fault: quantity.message } : { found: quantity };
}

function readValue(text: string, type: ConfigType): Read {
  if (type === 'string') return { found: text };
  if (type === 'boolean') return { found: text === 'true' };
  const read = readJson(text);
  if (read.fault === undefined) return { found: read.value };
  return { fault: read.isJson ? read.fault : `expected JSON, such as {"soft": 1} or [1, 2], got ${text}` };
}

function checkFactor(read: Read): Read {
  if ('found' in read && typeof read.found === 'number' && read.found <= 1)
    return { fault: `expected more than 1, got ${read.found}` };
  return read;
}

function faultOf(name: keyof ConfigForm, read: Read): ConfigFormFaults {
  return 'fault' in read ? { [name]: read.fault } : {};
}

function boundOf(name: 'minimum' | 'maximum', read: Read): JsonSchema {
  return 'found' in read && read.found !== undefined ? { [name]: read.found } : {};
}

/** Of JSON: its shape as far as the first value shows it, so that there is a form for it. */
function schemaOf(type: ConfigType, value: JsonValue | undefined): JsonSchema {
  if (type !== 'json') return { type };
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { type: 'array' };
  return { type: typeof value };
}
