import { isDeepStrictEqual } from 'node:util';
import type { EnvironmentFlagView, ExplanationView, InstanceView } from '@sluice/api-client';
import {
  type ConfigRules,
  describeClauses,
  describeLayer,
  describeServe,
  describeValue,
  isProblem,
  type JsonValue,
  parseQuantity,
} from '@sluice/authoring';
import { parseProviderOrder, providerOrderSchema } from '@sluice/protocol';
import { usageError } from './errors.ts';
import { parseJson, parseJsonOrText } from './json.ts';
import { formatFields, formatTable } from './table.ts';

/** A config as it is in an environment. */
export type Config = EnvironmentFlagView & { readonly config: NonNullable<EnvironmentFlagView['config']> };

type ValueRules = Pick<ConfigRules, 'schema' | 'unit'>;

/** A value as it was typed: numbers may have a unit, and what is not JSON is text. */
export function parseConfigValue(name: string, given: string, { schema: { type }, unit }: ValueRules): JsonValue {
  if (unit !== undefined || type === 'integer' || type === 'number') {
    // What is plain JSON must be kept digit by digit.
    if (/^-?(?:0|[1-9]\d*)$/.test(given)) return parseJson(name, given);
    const quantity = parseQuantity(given, unit, name);
    if (isProblem(quantity)) throw usageError(`${name}: ${quantity.message}`);
    return quantity;
  }
  const value = parseJsonOrText(name, given);
  return type === 'string' && typeof value !== 'string' ? given : value;
}

export function describeOwnValue({ fallthrough, config }: Config): string {
  return describeServed(fallthrough, config);
}

/** A config serves no shares: what it serves has one name, the JSON text of the value. */
function describeServed(serve: Config['fallthrough'], { unit }: ValueRules): string {
  if (!('variation' in serve)) return describeServe(serve);
  return describeProviders(serve.variation) ?? describeValue(serve.variation, unit);
}

function isProviderOrder({ schema }: ValueRules): boolean {
  return isDeepStrictEqual(schema, providerOrderSchema);
}

/** `mailgun active 60%, ses standby`; undefined: it is no order of providers. */
function describeProviders(text: string): string | undefined {
  const order = parseProviderOrder(JSON.parse(text));
  if ('expected' in order) return undefined;
  return order.providers
    .map(({ name, state, share }) => `${name} ${state}${share === undefined ? '' : ` ${share}%`}`)
    .join(', ');
}

/** Its overrides in the order in which they win, and what everybody else gets. */
export function formatConfig(config: Config, environment: string, width: number): readonly string[] {
  const { key, name, description, owner, rules, config: own, version } = config;
  const { maxChangeFactor, dimensions } = own;
  const lines = [
    `${key}${name === key ? '' : `  ${name}`}`,
    ...formatFields([
      ['value', `${describeOwnValue(config)} in ${environment}`],
      ...(description === '' ? [] : [['about', description.split('\n')] as const]),
      ...(owner === '' ? [] : [['owner', owner] as const]),
      ['must be', isProviderOrder(own) ? 'an order of providers' : describeRules(own)],
      ...(maxChangeFactor === undefined
        ? []
        : [['at once', `by a factor of at most ${maxChangeFactor}; more is to be confirmed`] as const]),
      ['varies by', dimensions.length === 0 ? 'nothing' : `${dimensions.join(', ')}; the first wins`],
      ['version', String(version)],
    ]),
  ];
  if (rules.length === 0) return [...lines, '', 'There are no overrides: everybody gets this value.'];
  const rows = rules.map((rule) => [rule.id, describeLayer(rule), describeServed(rule, own), describeScopeOf(rule)]);
  const rest = ['', 'default', describeOwnValue(config), 'everybody else'];
  return [...lines, '', ...formatTable(['OVERRIDE', 'LAYER', 'VALUE', 'FOR'], [...rows, rest], width)];
}

/** `request route is "/search"`, after the name of the override where it has one. */
export function describeScopeOf({ name, clauses }: Config['rules'][number]): string {
  return `${name === undefined ? '' : `${name}: `}${describeClauses(clauses).replace(/^if /, '')}`;
}

/** `integer, from 1 s to 3600 s`; of a schema that says more, the schema. */
function describeRules({ schema, unit }: ValueRules): string {
  const { type, minimum, maximum, ...more } = schema;
  if (typeof type !== 'string' || Object.keys(more).length > 0) return JSON.stringify(schema);
  const from = minimum === undefined ? '' : ` from ${describeValue(String(minimum), unit)}`;
  const to = maximum === undefined ? '' : ` to ${describeValue(String(maximum), unit)}`;
  const bounds = `${from}${to}`;
  if (bounds !== '') return `${type},${bounds}`;
  return unit === undefined ? type : `${type} (${unit})`;
}

/** What is served, why, and what would be without that. */
export function formatReason(
  { config: { unit }, rules }: Config,
  { value, layers = [] }: ExplanationView,
  width: number,
): readonly string[] {
  const rows = layers.map(({ layer, override, value: lower }) => {
    const rule = rules.find(({ id }) => id === override);
    const scope = rule === undefined ? 'everybody else' : describeScopeOf(rule);
    return [layer, override ?? '', describeValue(JSON.stringify(lower), unit), scope];
  });
  const [winner] = layers;
  const because =
    winner?.override === undefined
      ? 'no override matches, so it is the value of the environment'
      : `override ${winner.override} (${winner.layer}) wins`;
  return [
    `${describeValue(JSON.stringify(value), unit)}: ${because}`,
    ...(layers.length > 1
      ? ['All that matches, the winner first:', ...formatTable(['LAYER', 'OVERRIDE', 'VALUE', 'FOR'], rows, width)]
      : []),
  ];
}

/** What an instance says is in force beside what should be. */
export function formatInForce(
  { key, config: { unit } }: Config,
  { value }: ExplanationView,
  { instance, state, configs = [], reason }: InstanceView,
): readonly string[] {
  const told = configs.find((config) => config.key === key)?.value;
  const should = JSON.stringify(value);
  const refused = reason === undefined ? [] : [`  It refused something: ${reason}`];
  if (told === undefined) return [`Instance ${instance} (${state}) does not tell which value it has.`, ...refused];
  // Of a long value there is only a hash.
  if (told.startsWith('sha256:')) return [`Instance ${instance} (${state}) has a long value: ${told}.`, ...refused];
  const has = describeValue(told, unit);
  return [
    told === should
      ? `Instance ${instance} (${state}) has that: ${has}.`
      : `Instance ${instance} (${state}) has ${has}, and should have ${describeValue(should, unit)}.`,
    ...refused,
  ];
}
