import { compileClauses, type Match, type Surroundings, type Test } from './clause.ts';
import type { Outcome, Reason } from './detail.ts';
import { type EvaluatedFlag, type Evaluation, findAttributes } from './evaluation.ts';
import type { Flag, FlagRule, Rollout, Target, VariationOrRollout } from './flag.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import { compileBucket } from './rollout.ts';

/** A flag turned into closures. */
export interface CompiledFlag<Tally> extends EvaluatedFlag<Tally> {
  /** The result for everybody, of a flag that is off or serves one variation without looking at the context. */
  readonly constant: Outcome | undefined;
  readonly evaluate: (evaluation: Evaluation<Tally>) => Outcome;
}

/** What compiling a flag needs from the ruleset around it. */
export interface FlagSurroundings<Tally> extends Surroundings {
  /** Finds the flag as it is when asked; undefined when it is missing or deleted. */
  readonly flagFinder: (key: string) => () => CompiledFlag<Tally> | undefined;
}

/** Decides, or leaves it to the next step. */
type Step<Tally> = (evaluation: Evaluation<Tally>) => Outcome | undefined;
type LastStep<Tally> = (evaluation: Evaluation<Tally>) => Outcome;

/** Compiles a flag; never fails, as what is malformed in it shows only for the contexts that reach it. */
export function compileFlag<Tally>(flag: Flag, tally: Tally, around: FlagSurroundings<Tally>): CompiledFlag<Tally> {
  const outcomes = createOutcomes(flag);
  if (flag.on !== true) {
    return withConstant(flag, tally, outcomes.serveOff({ kind: 'OFF' }));
  }
  const steps: Step<Tally>[] = [];
  const prerequisites = compilePrerequisites(flag, outcomes, around);
  if (prerequisites !== undefined) steps.push(prerequisites);
  steps.push(...compileTargets<Tally>(flag, outcomes));
  for (const [index, rule] of (flag.rules ?? []).entries())
    steps.push(compileRule(rule, index, flag, outcomes, around));
  const fallthrough = compileServe<Tally>(flag.fallthrough, flag, outcomes, (inExperiment) => ({
    reason: { kind: 'FALLTHROUGH', ...(inExperiment && { inExperiment }) },
    isExperiment: inExperiment || flag.trackEventsFallthrough === true,
  }));
  if (steps.length === 0) {
    return typeof fallthrough === 'function'
      ? { flag, tally, constant: undefined, evaluate: fallthrough }
      : withConstant(flag, tally, fallthrough);
  }
  const last = typeof fallthrough === 'function' ? fallthrough : () => fallthrough;
  return { flag, tally, constant: undefined, evaluate: walk(steps, last) };
}

function withConstant<Tally>(flag: Flag, tally: Tally, constant: Outcome): CompiledFlag<Tally> {
  return { flag, tally, constant, evaluate: () => constant };
}

/** The first step that decides, else the last. */
function walk<Tally>(steps: readonly Step<Tally>[], last: LastStep<Tally>): LastStep<Tally> {
  const [only] = steps;
  if (only !== undefined && steps.length === 1) return (evaluation) => only(evaluation) ?? last(evaluation);
  return (evaluation) => {
    for (let index = 0; index < steps.length; index++) {
      const outcome = steps[index]?.(evaluation);
      if (outcome !== undefined) return outcome;
    }
    return last(evaluation);
  };
}

/**
 * A prerequisite holds when its flag is on and serves the variation. Each is evaluated in order, and told to
 * `onPrerequisite` even when it fails; a flag that meets itself on one path is malformed.
 */
function compilePrerequisites<Tally>(
  flag: Flag,
  outcomes: Outcomes,
  around: FlagSurroundings<Tally>,
): Step<Tally> | undefined {
  const prerequisites = (flag.prerequisites ?? []).map(({ key, variation }) => ({
    find: around.flagFinder(key),
    variation,
    failed: outcomes.serveOff({ kind: 'PREREQUISITE_FAILED', prerequisiteKey: key }),
  }));
  if (prerequisites.length === 0) return undefined;
  let visiting = 0;
  return (evaluation) => {
    const { serial, onPrerequisite } = evaluation;
    // Only a flag with prerequisites can be part of a cycle, so the mark is needed nowhere else.
    if (visiting === serial) return outcomes.malformed;
    visiting = serial;
    let result: Outcome | undefined;
    for (let index = 0; index < prerequisites.length && result === undefined; index++) {
      const prerequisite = prerequisites[index];
      if (prerequisite === undefined) break;
      const found = prerequisite.find();
      if (found === undefined) {
        result = prerequisite.failed;
        break;
      }
      const outcome = found.evaluate(evaluation);
      if (onPrerequisite !== undefined) onPrerequisite(found, outcome, flag);
      if (outcome.isMalformed) result = outcomes.malformed;
      else if (found.flag.on !== true || outcome.detail.variation !== prerequisite.variation) {
        result = prerequisite.failed;
      }
    }
    visiting = 0;
    return result;
  };
}

/** One step per run of lists of the same kind, so that the first list in order wins and each step is one look-up. */
function compileTargets<Tally>(flag: Flag, outcomes: Outcomes): Step<Tally>[] {
  const runs: { kind: string; byKey: Map<string, Outcome> }[] = [];
  for (const { contextKind, values, variation } of orderTargets(flag)) {
    const kind = contextKind || 'user';
    let run = runs.at(-1);
    if (run?.kind !== kind) {
      run = { kind, byKey: new Map() };
      runs.push(run);
    }
    const outcome = outcomes.serve(variation, { kind: 'TARGET_MATCH' });
    for (const key of values ?? []) if (!run.byKey.has(key)) run.byKey.set(key, outcome);
  }
  return runs.map(({ kind, byKey }) => (evaluation) => {
    const attributes = findAttributes(evaluation, kind);
    return attributes === undefined ? undefined : byKey.get(attributes.key);
  });
}

/** `contextTargets` set the order when there are any; an empty one of kind user stands for the list in `targets`. */
function orderTargets({ targets, contextTargets }: Flag): readonly Target[] {
  if (contextTargets === undefined || contextTargets === null || contextTargets.length === 0) return targets ?? [];
  return contextTargets.flatMap((target) => {
    const isPlaceholder = (target.contextKind || 'user') === 'user' && (target.values ?? []).length === 0;
    return isPlaceholder ? ((targets ?? []).find(({ variation }) => variation === target.variation) ?? []) : target;
  });
}

function compileRule<Tally>(
  rule: FlagRule,
  ruleIndex: number,
  flag: Flag,
  outcomes: Outcomes,
  around: FlagSurroundings<Tally>,
): Step<Tally> {
  const matches: Test = compileClauses(rule.clauses, around);
  const ruleId = rule.id;
  const serve = compileServe<Tally>(rule, flag, outcomes, (inExperiment) => ({
    reason: {
      kind: 'RULE_MATCH',
      ruleIndex,
      ...(ruleId && { ruleId }),
      ...(inExperiment && { inExperiment }),
    },
    isExperiment: inExperiment || rule.trackEvents === true,
  }));
  const { malformed } = outcomes;
  if (typeof serve !== 'function') {
    return (evaluation) => {
      const match: Match = matches(evaluation);
      if (match === false) return undefined;
      return match === true ? serve : malformed;
    };
  }
  return (evaluation) => {
    const match: Match = matches(evaluation);
    if (match === false) return undefined;
    return match === true ? serve(evaluation) : malformed;
  };
}

/** How the result of a rule or the fallthrough is described, in an experiment or not. */
type Describe = (inExperiment: boolean) => { reason: Reason; isExperiment: boolean };

/** One outcome for everybody, or a step that chooses. */
function compileServe<Tally>(
  serve: VariationOrRollout | undefined | null,
  flag: Flag,
  outcomes: Outcomes,
  describe: Describe,
): Outcome | LastStep<Tally> {
  if (serve?.variation !== undefined && serve.variation !== null) {
    const { reason, isExperiment } = describe(false);
    return outcomes.serve(serve.variation, reason, isExperiment);
  }
  return serve?.rollout ? compileRollout(serve.rollout, flag, outcomes, describe) : outcomes.unservable;
}

function compileRollout<Tally>(
  rollout: Rollout,
  flag: Flag,
  outcomes: Outcomes,
  describe: Describe,
): Outcome | LastStep<Tally> {
  const isExperiment = rollout.kind === 'experiment';
  const bucketOf = compileBucket({
    prefix:
      rollout.seed === undefined || rollout.seed === null ? `${flag.key}.${flag.salt ?? ''}` : String(rollout.seed),
    contextKind: rollout.contextKind,
    bucketBy: isExperiment ? undefined : rollout.bucketBy,
  });
  let sum = 0;
  const shares = (rollout.variations ?? []).map(({ variation, weight, untracked }) => {
    sum += weight / 100_000;
    const plain = describe(false);
    const tracked = describe(isExperiment && untracked !== true);
    return {
      end: sum,
      // A context without the kind is never in the experiment.
      withoutContext: outcomes.serve(variation, plain.reason, plain.isExperiment),
      outcome: outcomes.serve(variation, tracked.reason, tracked.isExperiment),
    };
  });
  const last = shares.at(-1);
  if (bucketOf === undefined || last === undefined) return outcomes.unservable;
  return (evaluation) => {
    const bucket = bucketOf(evaluation);
    const place = bucket ?? 0;
    let chosen = last;
    // Weights that sum to less than everybody leave the rest to the last variation.
    for (let index = 0; index < shares.length; index++) {
      const share = shares[index];
      if (share !== undefined && place < share.end) {
        chosen = share;
        break;
      }
    }
    return bucket === undefined ? chosen.withoutContext : chosen.outcome;
  };
}
