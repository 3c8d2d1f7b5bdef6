import { findClauseProblem } from './clause.ts';
import type { FlagConfiguration, FlagState, Prerequisite, Rule, Target } from './configuration.ts';
import { findWay } from './cycle.ts';
import { removeOverride, replaceValues, setOverride, setValue } from './edit-config.ts';
import { removeCohort, replaceStages, setStage } from './edit-migration.ts';
import { findValveProblem, restore, sortBySeverity, trip } from './edit-valve.ts';
import type { ConfigurationInstruction } from './instructions.ts';
import { addKeys, removeKeys } from './key-lists.ts';
import { findKindProblem } from './kinds.ts';
import type { Lookup } from './objects.ts';
import { appendPart, insertPart, movePart, removePart, replacePart } from './ordered.ts';
import { isProblem, listNames, type Problem, problem } from './problem.ts';
import { findVariationProblem, parseServe, type ServeInput } from './serve.ts';

/** The instruction whose `kind` is given. */
type Of<Kind extends ConfigurationInstruction['kind']> = Extract<ConfigurationInstruction, { kind: Kind }>;

/** Follows one instruction; `path` is where it stands in the change. */
export function editConfiguration(
  flag: FlagState,
  instruction: ConfigurationInstruction,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const { definition, configuration } = flag;
  const unfit = findKindProblem(definition, instruction.kind, path);
  if (unfit !== undefined) return unfit;
  switch (instruction.kind) {
    case 'turn-on':
      return definition.archived
        ? problem(path, `flag \`${definition.key}\` is archived and serves nothing; take it out of the archive first`)
        : { ...configuration, on: true };
    case 'turn-off':
      return { ...configuration, on: false };
    case 'set-fallthrough': {
      const fallthrough = parseServe(instruction, definition, path);
      return isProblem(fallthrough) ? fallthrough : { ...configuration, fallthrough };
    }
    case 'set-off-variation':
      return (
        findVariationProblem(instruction.variation, definition, `${path}.variation`) ?? {
          ...configuration,
          offVariation: instruction.variation,
        }
      );
    case 'add-rule': {
      const rule = parseRule(instruction.rule, flag, lookup, `${path}.rule`);
      if (isProblem(rule)) return rule;
      return withRules(configuration, insertPart(configuration.rules, rule, instruction.before, path));
    }
    case 'replace-rule': {
      const rule = parseRule(instruction.rule, flag, lookup, `${path}.rule`);
      if (isProblem(rule)) return rule;
      return withRules(configuration, replacePart(configuration.rules, rule, `${path}.rule.id`));
    }
    case 'remove-rule':
      return withRules(configuration, removePart(configuration.rules, instruction.id, `${path}.id`));
    case 'move-rule':
      return withRules(configuration, movePart(configuration.rules, instruction.id, instruction.before, path));
    case 'add-targets':
      return addTargets(flag, instruction, path);
    case 'remove-targets':
      return removeTargets(flag, instruction, path);
    case 'add-prerequisite':
      return addPrerequisite(flag, instruction.prerequisite, lookup, `${path}.prerequisite`);
    case 'remove-prerequisite':
      return removePrerequisite(configuration, instruction, path);
    case 'copy-configuration': {
      const source = lookup.findConfiguration(instruction.from, definition.key);
      if (source === undefined) {
        return problem(
          `${path}.from`,
          `flag \`${definition.key}\` has no configuration in ${listNames([instruction.from])}`,
        );
      }
      const { salt: _, ...configuration } = source;
      return replaceConfiguration(flag, configuration, lookup, `${path}.from`);
    }
    case 'replace-configuration':
      return replaceConfiguration(flag, instruction.configuration, lookup, `${path}.configuration`);
    case 'trip':
      return trip(flag, instruction, lookup, path);
    case 'restore':
      return restore(flag, instruction, path);
    case 'set-value':
      return setValue(flag, instruction, lookup, path);
    case 'set-override':
      return setOverride(flag, instruction, lookup, path);
    case 'remove-override':
      return removeOverride(flag, instruction, path);
    case 'set-stage':
      return setStage(flag, instruction, lookup, path);
    case 'remove-cohort':
      return removeCohort(flag, instruction, path);
    default:
      return instruction satisfies never;
  }
}

function withRules(configuration: FlagConfiguration, rules: readonly Rule[] | Problem): FlagConfiguration | Problem {
  return isProblem(rules) ? rules : { ...configuration, rules };
}

type RuleInput = ServeInput & Pick<Rule, 'name' | 'clauses' | 'trip'> & { readonly id?: string | undefined };

function appendRule(flag: FlagState, input: RuleInput, lookup: Lookup, path: string): FlagConfiguration | Problem {
  const rule = parseRule(input, flag, lookup, path);
  return isProblem(rule) ? rule : withRules(flag.configuration, appendPart(flag.configuration.rules, rule, path));
}

function parseRule(input: RuleInput, { definition }: FlagState, lookup: Lookup, path: string): Rule | Problem {
  const { id = lookup.createId(), name, clauses, trip } = input;
  if (trip !== undefined && definition.kind !== 'valve') {
    return problem(`${path}.trip`, `flag \`${definition.key}\` is a ${definition.kind}; only a valve is tripped`);
  }
  const serve = parseServe(input, definition, path);
  if (isProblem(serve)) return serve;
  const wrong = findClauseProblem(clauses, lookup, `${path}.clauses`);
  return wrong ?? { id, ...(name !== undefined && { name }), clauses, ...(trip !== undefined && { trip }), ...serve };
}

type TargetInput = Pick<Target, 'variation' | 'keys'> & { readonly contextKind?: string | undefined };

/** A key has one variation: adding it to one takes it from the others. */
function addTargets(flag: FlagState, target: TargetInput, path: string): FlagConfiguration | Problem {
  const { variation, contextKind = 'user', keys } = target;
  const wrong = findVariationProblem(variation, flag.definition, `${path}.variation`);
  if (wrong !== undefined) return wrong;
  const isOther = (target: Target): boolean => target.contextKind === contextKind && target.variation !== variation;
  const targets = addKeys(
    removeKeys(flag.configuration.targets, keys, isOther),
    keys,
    (target) => target.contextKind === contextKind && target.variation === variation,
    (added) => ({ variation, contextKind, keys: added }),
  );
  return { ...flag.configuration, targets };
}

function removeTargets(flag: FlagState, target: TargetInput, path: string): FlagConfiguration | Problem {
  const { variation, contextKind = 'user', keys } = target;
  const wrong = findVariationProblem(variation, flag.definition, `${path}.variation`);
  if (wrong !== undefined) return wrong;
  const belongs = (target: Target): boolean => target.contextKind === contextKind && target.variation === variation;
  return { ...flag.configuration, targets: removeKeys(flag.configuration.targets, keys, belongs) };
}

function addPrerequisite(
  flag: FlagState,
  prerequisite: Prerequisite,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const others = flag.configuration.prerequisites.filter((other) => other.flag !== prerequisite.flag);
  const wrong = findPrerequisiteProblem(flag.definition.key, prerequisite, lookup, path);
  return wrong ?? { ...flag.configuration, prerequisites: [...others, prerequisite] };
}

function findPrerequisiteProblem(
  key: string,
  prerequisite: Prerequisite,
  lookup: Lookup,
  path: string,
): Problem | undefined {
  const found = lookup.findFlag(prerequisite.flag);
  if (found === undefined) return problem(`${path}.flag`, `there is no flag \`${prerequisite.flag}\` in this project`);
  if (found.definition.archived) {
    return problem(`${path}.flag`, `flag \`${prerequisite.flag}\` is archived and serves nothing`);
  }
  const way = findWay(prerequisite.flag, key, (flag) => listPrerequisites(lookup, flag));
  if (way !== undefined) {
    return problem(`${path}.flag`, `prerequisites may not form a cycle, got ${[key, ...way].join(' → ')}`);
  }
  return findVariationProblem(prerequisite.variation, found.definition, `${path}.variation`);
}

function listPrerequisites(lookup: Lookup, key: string): readonly string[] {
  return (lookup.findFlag(key)?.configuration.prerequisites ?? []).map(({ flag }) => flag);
}

function removePrerequisite(
  configuration: FlagConfiguration,
  { prerequisite }: Of<'remove-prerequisite'>,
  path: string,
): FlagConfiguration | Problem {
  const prerequisites = configuration.prerequisites.filter(({ flag }) => flag !== prerequisite.flag);
  if (prerequisites.length < configuration.prerequisites.length) return { ...configuration, prerequisites };
  const flags = configuration.prerequisites.map(({ flag }) => flag);
  return problem(
    `${path}.prerequisite.flag`,
    `\`${prerequisite.flag}\` is not a prerequisite; the prerequisites are ${listNames(flags)}`,
  );
}

interface ConfigurationInput {
  readonly salt?: string | undefined;
  readonly on: boolean;
  readonly offVariation: string;
  readonly fallthrough: ServeInput;
  readonly targets: readonly Target[];
  readonly rules: readonly RuleInput[];
  readonly prerequisites: readonly Prerequisite[];
}

/** Takes over a whole configuration as if each of its parts had been asked for. */
function replaceConfiguration(
  flag: FlagState,
  input: ConfigurationInput,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  if (flag.definition.kind === 'config') return replaceValues(flag, input, lookup, path);
  const { on, offVariation, salt = flag.configuration.salt } = input;
  const wrong = findVariationProblem(offVariation, flag.definition, `${path}.offVariation`);
  if (wrong !== undefined) return wrong;
  const fallthrough = parseServe(input.fallthrough, flag.definition, `${path}.fallthrough`);
  if (isProblem(fallthrough)) return fallthrough;

  type Edit = (flag: FlagState) => FlagConfiguration | Problem;
  const edits: readonly Edit[] = [
    ...input.targets.map(
      (target, at): Edit =>
        (state) =>
          addTargets(state, target, `${path}.targets[${at}]`),
    ),
    ...input.rules.map(
      (rule, at): Edit =>
        (state) =>
          appendRule(state, rule, lookup, `${path}.rules[${at}]`),
    ),
    ...input.prerequisites.map(
      (prerequisite, at): Edit =>
        (state) =>
          addPrerequisite(state, prerequisite, lookup, `${path}.prerequisites[${at}]`),
    ),
  ];
  let configuration: FlagConfiguration = {
    on,
    offVariation,
    fallthrough,
    targets: [],
    rules: [],
    prerequisites: [],
    salt,
  };
  for (const edit of edits) {
    const edited = edit({ ...flag, configuration });
    if (isProblem(edited)) return edited;
    configuration = edited;
  }
  if (flag.definition.kind === 'migration') return replaceStages(configuration, path);
  if (flag.definition.kind !== 'valve') return configuration;
  const rules = sortBySeverity(configuration.rules, flag.definition);
  return findValveProblem(flag, configuration, path) ?? { ...configuration, rules };
}
