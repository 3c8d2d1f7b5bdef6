import { createConfiguration, type FlagState } from './configuration.ts';
import {
  createDefinition,
  type FlagDefinition,
  identifyVariations,
  typeOfValue,
  type Variation,
} from './definition.ts';
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
  const definition = createDefinition({ ...input, key }, `${path}.definition`);
  return isProblem(definition)
    ? definition
    : { definition, configuration: createConfiguration(definition, salt ?? lookup.createId()) };
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

/** Modes in another order have other severities. */
function withDefinition({ configuration }: FlagState, definition: FlagDefinition): FlagState {
  if (definition.kind !== 'valve') return { definition, configuration };
  return { definition, configuration: { ...configuration, rules: sortBySeverity(configuration.rules, definition) } };
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
  return {
    ...definition,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags: [...new Set(tags)].sort() }),
    ...(owner !== undefined && { owner }),
    ...(clientSide !== undefined && { clientSide }),
    variations,
  };
}

/** The type of the values stays, and so does every variation that something still serves or waits for. */
function updateVariations(
  flag: FlagState,
  inputs: NonNullable<Of<'update-definition'>['definition']['variations']>,
  lookup: Lookup,
  path: string,
): readonly Variation[] | Problem {
  const { definition } = flag;
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
