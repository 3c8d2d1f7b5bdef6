import { findClauseProblem } from './clause.ts';
import { type ConfigRules, findDimensionProblem, sortByLayer } from './config.ts';
import type { FlagConfiguration, FlagState, Rule } from './configuration.ts';
import type { FlagDefinition, JsonValue } from './definition.ts';
import type { ConfigurationInstruction } from './instructions.ts';
import type { Lookup } from './objects.ts';
import { isProblem, listNames, type Problem, problem } from './problem.ts';
import { haveSameClauses } from './scope.ts';
import { nameValue } from './variations.ts';

type Of<Kind extends ConfigurationInstruction['kind']> = Extract<ConfigurationInstruction, { kind: Kind }>;

/** So large may a value be, as JSON. */
const mostBytes = 64 * 1024;

/** What everybody gets for whom there is no override. */
export function setValue(
  { definition, configuration }: FlagState,
  { value }: Of<'set-value'>,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const name = parseValue(definition, value, lookup, `${path}.value`);
  return isProblem(name) ? name : { ...configuration, offVariation: name, fallthrough: { variation: name } };
}

/** Another value for whoever matches. There is one override for the same clauses: setting it again replaces it. */
export function setOverride(
  { definition, configuration }: FlagState,
  { id: givenId, name: title, when: clauses, value }: Of<'set-override'>,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const name = parseValue(definition, value, lookup, `${path}.value`);
  if (isProblem(name)) return name;
  const same = configuration.rules.find((rule) => haveSameClauses(rule, { clauses }));
  const id = same?.id ?? givenId ?? lookup.createId();
  const others = configuration.rules.filter((rule) => rule !== same);
  if (others.some((rule) => rule.id === id)) return problem(`${path}.id`, `there already is an override \`${id}\``);
  const rules = rulesOf(definition);
  const wrong =
    findClauseProblem(clauses, lookup, `${path}.when`) ??
    findDimensionProblem(definition.key, rules, clauses, `${path}.when`);
  if (wrong !== undefined) return wrong;
  const rule: Rule = { id, ...(title !== undefined && { name: title }), clauses, variation: name };
  return { ...configuration, rules: sortByLayer([rule, ...others], rules) };
}

export function removeOverride(
  { definition, configuration }: FlagState,
  { id }: Of<'remove-override'>,
  path: string,
): FlagConfiguration | Problem {
  const rules = configuration.rules.filter((rule) => rule.id !== id);
  if (rules.length < configuration.rules.length) return { ...configuration, rules };
  const ids = configuration.rules.map((rule) => rule.id);
  return problem(`${path}.id`, `config \`${definition.key}\` has no override \`${id}\`; there are ${listNames(ids)}`);
}

/** Takes over all values at once. */
export function replaceValues(
  { definition, configuration: { salt: own } }: FlagState,
  input: ReplacedConfiguration,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const { on, offVariation, fallthrough, targets, prerequisites, salt = own } = input;
  const rules = input.rules.map(
    ({ id = lookup.createId(), name, clauses, variation = '' }): Rule => ({
      id,
      ...(name !== undefined && { name }),
      clauses,
      variation,
    }),
  );
  const { variation = '' } = fallthrough;
  const configuration = { on, offVariation, fallthrough: { variation }, targets, rules, prerequisites, salt };
  const wrong = findConfigProblem(definition, configuration, lookup, path);
  return wrong ?? { ...configuration, rules: sortByLayer(rules, rulesOf(definition)) };
}

type ReplacedConfiguration = Omit<FlagConfiguration, 'salt' | 'fallthrough' | 'rules'> & {
  readonly salt?: string | undefined;
  readonly fallthrough: { readonly variation?: string | undefined };
  readonly rules: readonly (Pick<Rule, 'name' | 'clauses'> & {
    readonly id?: string | undefined;
    readonly variation?: string | undefined;
  })[];
};

/** Whatever brings a config's values back, or takes them from elsewhere, brings what could be set one by one. */
export function findConfigProblem(
  definition: FlagDefinition,
  configuration: FlagConfiguration,
  lookup: Lookup,
  path: string,
): Problem | undefined {
  const { on, offVariation, fallthrough, rules, targets, prerequisites } = configuration;
  if (!on) return problem(`${path}.on`, 'a config is always on, got false');
  if (fallthrough.variation !== offVariation)
    return problem(`${path}.offVariation`, 'a config serves the same value when off, got another');
  if (targets.length > 0) return problem(`${path}.targets`, 'a config has no targets, but overrides');
  if (prerequisites.length > 0) return problem(`${path}.prerequisites`, 'a config depends on no other flag');
  const served = [
    { at: `${path}.fallthrough`, clauses: [], ...fallthrough },
    ...rules.map((rule, index) => ({ at: `${path}.rules[${index}]`, ...rule })),
  ];
  for (const { at, clauses, variation } of served) {
    const value = variation === undefined ? undefined : parseJson(variation);
    if (value === undefined) return problem(`${at}.variation`, 'expected the JSON text of a value');
    const name = parseValue(definition, value, lookup, `${at}.variation`);
    if (isProblem(name)) return name;
    const wrong =
      findClauseProblem(clauses, lookup, `${at}.clauses`) ??
      findDimensionProblem(definition.key, rulesOf(definition), clauses, `${at}.clauses`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The name of a value that fits the config's schema. */
export function parseValue(
  definition: FlagDefinition,
  value: JsonValue,
  lookup: Pick<Lookup, 'schemas'>,
  path: string,
): string | Problem {
  const { schema, unit } = rulesOf(definition);
  const name = nameValue(value);
  if (name.length > mostBytes) return problem(path, `expected at most ${mostBytes} bytes of JSON, got ${name.length}`);
  const wrong = lookup.schemas.findValueProblem(schema, value);
  if (wrong === undefined) return name;
  return problem(`${path}${wrong.path}`, `${wrong.message}${unit === undefined ? '' : ` (in ${unit})`}`);
}

/** A config's definition always has them. */
export function rulesOf({ key, config }: FlagDefinition): ConfigRules {
  if (config === undefined) throw new RangeError(`flag ${key} is no config`);
  return config;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    // Whatever JSON can be.
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
