import { findClauseProblem } from './clause.ts';
import type { FlagConfiguration, FlagState, Rule, Serve } from './configuration.ts';
import type { FlagDefinition } from './definition.ts';
import type { ConfigurationInstruction } from './instructions.ts';
import { recordKind, serveStages } from './migration.ts';
import type { Lookup } from './objects.ts';
import { isProblem, listNames, type Problem, problem } from './problem.ts';
import { haveSameClauses } from './scope.ts';
import { fullWeight } from './serve.ts';

type Of<Kind extends ConfigurationInstruction['kind']> = Extract<ConfigurationInstruction, { kind: Kind }>;

/**
 * Puts the records of a cohort into a stage, or shares of them into several; without a cohort all that are in none. A
 * new cohort goes before those that are there. Whether that is safe is asked once the whole change is known.
 */
export function setStage(
  { definition, configuration }: FlagState,
  instruction: Of<'set-stage'>,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const { cohort, when: clauses, id: givenId } = instruction;
  const serve = parseStages(instruction, path);
  if (isProblem(serve)) return serve;
  if (cohort !== undefined && clauses !== undefined) {
    return problem(path, 'expected `cohort` for one that is there, or `when` for a new one, got both');
  }
  if (givenId !== undefined && clauses === undefined) {
    return problem(
      `${path}.id`,
      'an id is given to a new cohort, and one needs `when`; name one that is there as `cohort`',
    );
  }
  const { rules } = configuration;
  if (clauses === undefined && cohort === undefined) return { ...configuration, fallthrough: serve };
  const at = rules.findIndex((rule) =>
    clauses === undefined ? rule.id === cohort : haveSameClauses(rule, { clauses }),
  );
  const known = rules[at];
  if (known !== undefined) {
    return { ...configuration, rules: rules.with(at, { id: known.id, clauses: known.clauses, ...serve }) };
  }
  if (clauses === undefined) return noSuchCohort(definition, rules, cohort, `${path}.cohort`);
  const { id = lookup.createId() } = instruction;
  if (rules.some((rule) => rule.id === id)) return problem(`${path}.id`, `there already is a cohort \`${id}\``);
  const wrong = findClauseProblem(clauses, lookup, `${path}.when`);
  return wrong ?? { ...configuration, rules: [{ id, clauses, ...serve }, ...rules] };
}

/** What was in the cohort goes to the next that fits, or to all others. */
export function removeCohort(
  { definition, configuration }: FlagState,
  { id }: Of<'remove-cohort'>,
  path: string,
): FlagConfiguration | Problem {
  const rules = configuration.rules.filter((rule) => rule.id !== id);
  if (rules.length < configuration.rules.length) return { ...configuration, rules };
  return noSuchCohort(definition, configuration.rules, id, `${path}.id`);
}

/** Whatever brings a configuration back brings what could be set step by step. */
export function replaceStages(configuration: FlagConfiguration, path: string): FlagConfiguration | Problem {
  const { on, offVariation, fallthrough, targets, rules, prerequisites } = configuration;
  if (!on) return problem(`${path}.on`, 'a migration is always on, got false');
  if (offVariation !== 'off')
    return problem(`${path}.offVariation`, `expected the stage \`off\`, got \`${offVariation}\``);
  if (targets.length > 0) return problem(`${path}.targets`, 'a migration has no targets, but cohorts');
  if (prerequisites.length > 0) return problem(`${path}.prerequisites`, 'a migration depends on no other flag');
  const served = [
    { at: `${path}.fallthrough`, serve: fallthrough },
    ...rules.map((serve, index) => ({ at: `${path}.rules[${index}]`, serve })),
  ];
  for (const { at, serve } of served) {
    const { contextKind = 'user', bucketBy = 'key' } = serve.rollout ?? { contextKind: recordKind };
    if (contextKind !== recordKind || bucketBy !== 'key') {
      return problem(
        `${at}.rollout`,
        `stages are shared out by the key of contexts of kind \`${recordKind}\`, got ${bucketBy} of \`${contextKind}\``,
      );
    }
  }
  return {
    ...configuration,
    fallthrough: sortStages(fallthrough),
    rules: rules.map(({ id, name, clauses, ...serve }) => ({
      id,
      ...(name !== undefined && { name }),
      clauses,
      ...sortStages(serve),
    })),
  };
}

function sortStages(serve: Serve): Serve {
  if (serve.rollout === undefined) return serve;
  return serveStages(new Map(serve.rollout.variations.map(({ variation, weight }) => [variation, weight])));
}

function parseStages({ stage, rollout }: Of<'set-stage'>, path: string): Serve | Problem {
  if (stage !== undefined && rollout !== undefined) {
    return problem(path, 'expected either a stage or a rollout, got both');
  }
  if (stage !== undefined) return { variation: stage };
  if (rollout === undefined) return problem(path, 'expected a stage or a rollout, got neither');
  const seen = new Set<string>();
  for (const [index, share] of rollout.entries()) {
    if (seen.has(share.stage)) {
      return problem(`${path}.rollout[${index}].stage`, `each stage may stand once, got \`${share.stage}\` twice`);
    }
    seen.add(share.stage);
  }
  const sum = rollout.reduce((total, { weight }) => total + weight, 0);
  if (sum !== fullWeight) {
    return problem(
      `${path}.rollout`,
      `weights must sum to ${fullWeight} (thousandths of a percent; 25% is 25000), got ${sum}`,
    );
  }
  return serveStages(new Map(rollout.map(({ stage: name, weight }) => [name, weight])));
}

function noSuchCohort({ key }: FlagDefinition, rules: readonly Rule[], id: string | undefined, path: string): Problem {
  return problem(
    path,
    `migration \`${key}\` has no cohort \`${id}\`; its cohorts are ${listNames(rules.map((rule) => rule.id))}`,
  );
}
