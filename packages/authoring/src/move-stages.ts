import { type Stage, stages } from '@sluice/engine';
import type { FlagConfiguration, Serve } from './configuration.ts';
import type { InstructionInput } from './instructions.ts';
import { listStagesInForce, weightOfStage } from './migration.ts';
import { listNames, type Problem, problem } from './problem.ts';
import { fullWeight } from './serve.ts';
import { describeWeight } from './words.ts';

export type StageMove = Extract<InstructionInput, { kind: 'set-stage' }>;

/** To where, and how much of what is served. */
export interface Advance {
  readonly to: Stage;
  readonly serve: Pick<StageMove, 'stage' | 'rollout'>;
}

/** Where records go next: on to the stage that has begun, or else to the one after it. Undefined: all are at the end. */
export function findNextStage(served: Serve): Stage | undefined {
  const [from = 'off', begun] = listStagesInForce({ fallthrough: served, rules: [] });
  return begun ?? stages[stages.indexOf(from) + 1];
}

/**
 * Moves what something serves on to a stage, the next one unless given: all of it, or until so much is there, in
 * thousandths of a percent. A problem's path is `to` or `weight`.
 */
export function advanceStages(
  served: Serve,
  { to = findNextStage(served), weight = fullWeight }: { readonly to?: Stage; readonly weight?: number } = {},
): Advance | Problem {
  if (to === undefined) return problem('to', 'all records are in complete; there is nothing after it');
  if (weight < weightOfStage(served, to)) {
    return problem('weight', `must be at least what is in ${to} already, ${describeWeight(weightOfStage(served, to))}`);
  }
  if (weight === fullWeight) return { to, serve: { stage: to } };
  const inForce = listStagesInForce({ fallthrough: served, rules: [] });
  const others = inForce.filter((stage) => stage !== to);
  if (others.length > 1) {
    return problem(
      'to',
      `records are in ${listNames(inForce)}; bring them all to one stage before a share of them goes on`,
    );
  }
  const [rest] = others;
  if (rest === undefined) return { to, serve: { stage: to } };
  const rollout = [
    { stage: rest, weight: fullWeight - weight },
    { stage: to, weight },
  ];
  return { to, serve: { rollout } };
}

/** For everything that is past a stage: back to it. What has not come so far stays where it is. */
export function listReturns(
  { fallthrough, rules }: Pick<FlagConfiguration, 'fallthrough' | 'rules'>,
  to: Stage,
): readonly StageMove[] {
  const last = stages.indexOf(to);
  const places = [
    { where: {}, served: fallthrough },
    ...rules.map((rule) => ({ where: { cohort: rule.id }, served: rule })),
  ];
  return places.flatMap(({ where, served }): readonly StageMove[] => {
    const weights = stages.map((stage) => weightOfStage(served, stage));
    const past = weights.slice(last + 1).reduce((sum, weight) => sum + weight, 0);
    if (past === 0) return [];
    const rollout = stages
      .slice(0, last + 1)
      .map((stage, at) => ({ stage, weight: (weights[at] ?? 0) + (stage === to ? past : 0) }));
    return [{ kind: 'set-stage', rollout, ...where }];
  });
}

/** `shadow`, or `75% shadow, 25% live`. */
export function describeShares(serve: Serve): string {
  if (serve.rollout === undefined) return serve.variation;
  return serve.rollout.variations.map(({ variation, weight }) => `${describeWeight(weight)} ${variation}`).join(', ');
}
