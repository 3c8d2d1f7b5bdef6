import { type ConfigRules, sortByLayer } from './config.ts';
import { createConfiguration, type FlagState } from './configuration.ts';
import {
  createDefinition,
  type FlagDefinition,
  identifyVariations,
  parseConfigRules,
  typeOfValue,
  type Variation,
} from './definition.ts';
import { findConfigProblem, parseValue, rulesOf } from './edit-config.ts';
import { sortBySeverity } from './edit-valve.ts';
import type { DefinitionInstruction } from './instructions.ts';
import type { Lookup } from './objects.ts';
import { isProblem, listNames, type Problem, problem } from './problem.ts';
import { listServed } from './serve.ts';

type Of<Kind extends DefinitionInstruction['kind']> = Extract<DefinitionInstruction, { kind: Kind }>;

/** The state of a flag that is new in an environment. */
export function createFlag(
  key: string,
  { definition: input, salt }: Of<'create-flag'>,
  lookup: Lookup,
  path: string,
): FlagState | Problem {
  const at = `${path}.definition`;
  const definition = createDefinition({ ...input, key }, lookup.schemas, at);
  if (isProblem(definition)) return definition;
  const { value } = input;
  const name = value === undefined ? undefined : parseValue(definition, value, lookup, `${at}.value`);
  if (isProblem(name)) return name;
  return { definition, configuration: createConfiguration(definition, salt ?? lookup.createId(), name) };
}

/** Follows an instruction about a flag's definition; undefined when the flag is deleted. */
export function editDefinition(
  flag: FlagState,
  instruction: Exclude<DefinitionInstruction, { kind: 'create-flag' }>,
  lookup: Lookup,
  path: string,
): FlagState | undefined | Problem {
  const { definition } = flag;
  switch (instruction.kind) {
    case 'update-definition': {
      const updated = updateDefinition(flag, instruction, lookup, `${path}.definition`);
      return isProblem(updated) ? updated : withDefinition(flag, updated);
    }
    case 'archive':
      return (
        findDependentProblem(definition, 'archived', lookup, path) ?? {
          ...flag,
          definition: { ...definition, archived: true },
        }
      );
    case 'unarchive':
      return { ...flag, definition: { ...definition, archived: false } };
    case 'delete':
      return findDependentProblem(definition, 'deleted', lookup, path);
    default:
      return instruction satisfies never;
  }
}

/** Modes in another order have other severities, and dimensions in another order make other layers. */
function withDefinition({ configuration }: FlagState, definition: FlagDefinition): FlagState {
  const { rules } = configuration;
  switch (definition.kind) {
    case 'release':
    case 'migration':
      return { definition, configuration };
    case 'valve':
      return { definition, configuration: { ...configuration, rules: sortBySeverity(rules, definition) } };
    case 'config':
      return { definition, configuration: { ...configuration, rules: sortByLayer(rules, rulesOf(definition)) } };
    default:
      return definition.kind satisfies never;
  }
}

function findDependentProblem(
  { key }: FlagDefinition,
  verb: string,
  lookup: Lookup,
  path: string,
): Problem | undefined {
  const dependents = lookup.listDependents({ kind: 'flag', key }).map((dependent) => dependent.key);
  if (dependents.length === 0) return undefined;
  return problem(path, `flag \`${key}\` is a prerequisite of ${listNames(dependents)} and cannot be ${verb}`);
}

function updateDefinition(
  flag: FlagState,
  { definition: input }: Of<'update-definition'>,
  lookup: Lookup,
  path: string,
): FlagDefinition | Problem {
  const { definition } = flag;
  const { name, description, tags, owner, clientSide } = input;
  const variations =
    input.variations === undefined
      ? definition.variations
      : updateVariations(flag, input.variations, lookup, `${path}.variations`);
  if (isProblem(variations)) return variations;
  const config =
    input.config === undefined ? definition.config : updateConfig(flag, input.config, lookup, `${path}.config`);
  if (isProblem(config)) return config;
  return {
    ...definition,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags: [...new Set(tags)].sort() }),
    ...(owner !== undefined && { owner }),
    ...(clientSide !== undefined && { clientSide }),
    ...(config !== undefined && { config }),
    variations,
  };
}

/** Whatever the config serves in this environment has to be right by the new rules as well. */
function updateConfig(
  { definition, configuration }: FlagState,
  input: NonNullable<Of<'update-definition'>['definition']['config']>,
  lookup: Lookup,
  path: string,
): ConfigRules | Problem {
  if (definition.kind !== 'config') return problem(path, `only a config has these, and this is a ${definition.kind}`);
  const config = parseConfigRules(input, lookup.schemas, path);
  if (isProblem(config)) return config;
  const unfit = findConfigProblem({ ...definition, config }, configuration, lookup, '');
  if (unfit === undefined) return config;
  return problem(path, `what \`${definition.key}\` serves would no longer fit: ${unfit.message}`);
}

/** The type of the values stays, and so does every variation that something still serves or waits for. */
function updateVariations(
  flag: FlagState,
  inputs: NonNullable<Of<'update-definition'>['definition']['variations']>,
  lookup: Lookup,
  path: string,
): readonly Variation[] | Problem {
  const { definition } = flag;
  if (definition.kind === 'config') return problem(path, 'a config has values instead of variations; set its value');
  const variations = identifyVariations(inputs, definition.kind, path);
  if (isProblem(variations)) return variations;
  const was = typeOfValue(definition.variations[0]?.value);
  const is = typeOfValue(variations[0]?.value);
  if (was !== is) return problem(path, `the type of a flag cannot change: expected values of type ${was}, got ${is}`);
  const [normal] = definition.variations;
  if (definition.kind === 'valve' && variations[0]?.id !== normal?.id) {
    return problem(
      `${path}[0]`,
      `the normal mode stays first: expected \`${normal?.id}\`, got \`${variations[0]?.id}\``,
    );
  }
  const kept = new Set(variations.map(({ id }) => id));
  for (const { id } of definition.variations) {
    if (kept.has(id)) continue;
    const use = findUse(flag, id, lookup);
    if (use !== undefined) return problem(path, `variation \`${id}\` is still in use: ${use}`);
  }
  return variations;
}

/** What still needs a variation, in words. */
function findUse({ definition, configuration }: FlagState, id: string, lookup: Lookup): string | undefined {
  if (configuration.offVariation === id) return 'it is served when the flag is off';
  if (listServed(configuration.fallthrough).includes(id)) return 'the fallthrough serves it';
  const rule = configuration.rules.find((candidate) => listServed(candidate).includes(id));
  if (rule !== undefined) return `rule \`${rule.id}\` serves it`;
  if (configuration.targets.some(({ variation }) => variation === id)) return 'it has targets';
  const dependent = lookup
    .listDependents({ kind: 'flag', key: definition.key })
    .find(({ key }) => hasPrerequisite(lookup.findFlag(key), definition.key, id));
  return dependent === undefined ? undefined : `it is a prerequisite of flag \`${dependent.key}\``;
}

function hasPrerequisite(flag: FlagState | undefined, key: string, variation: string): boolean {
  const prerequisites = flag?.configuration.prerequisites ?? [];
  return prerequisites.some((prerequisite) => prerequisite.flag === key && prerequisite.variation === variation);
}
