import { type Stage, stagePlans, stages } from '@sluice/engine';
import type { FlagConfiguration, FlagState, Rule, Serve } from './configuration.ts';
import { fullWeight, listServed } from './serve.ts';

/** The context kind of whatever is moved: its key decides the stage, so that a record is in one stage for everybody. */
export const recordKind = 'record';

/** The rule in front of a migration that mixes stages. People's ids have no colon. */
export const withoutRecordId = 'migration:without-record';

/** Stages that some record may be in, the earliest first. */
export function listStagesInForce({
  fallthrough,
  rules,
}: Pick<FlagConfiguration, 'fallthrough' | 'rules'>): readonly Stage[] {
  const served = new Set([fallthrough, ...rules].flatMap(listServed));
  return stages.filter((stage) => served.has(stage));
}

/** Whose answers are true, for the records in these stages: of one store, or of either. */
export function describeAuthority(inForce: readonly Stage[]): string {
  const sides = new Set(inForce.map((stage) => stagePlans[stage].authority));
  if (sides.size > 1) return 'either store, by record';
  return sides.has('new') ? 'the new store' : 'the old store';
}

/** How much is in a stage of those whom something serves, in thousandths of a percent. */
export function weightOfStage(serve: Serve, stage: Stage): number {
  if (serve.rollout === undefined) return serve.variation === stage ? fullWeight : 0;
  return serve.rollout.variations.find(({ variation }) => variation === stage)?.weight ?? 0;
}

/**
 * Shares of records, in the order of the stages: whoever has no bucket is in the first, and records move on as later
 * stages grow. One that has everything is served plainly.
 */
export function serveStages(weights: ReadonlyMap<string, number>): Serve {
  const shares = stages
    .map((stage) => ({ variation: stage, weight: weights.get(stage) ?? 0 }))
    .filter(({ weight }) => weight > 0);
  const [first] = shares;
  return first !== undefined && shares.length === 1
    ? { variation: first.variation }
    : { rollout: { variations: shares, contextKind: recordKind } };
}

/**
 * The rule in front where stages are mixed: what is asked for without naming a record is in the earliest of all stages,
 * whatever cohort it is in. Otherwise a context without record could be ahead of every record.
 */
export function listGuardRules({ definition, configuration }: FlagState): readonly Rule[] {
  if (definition.kind !== 'migration') return [];
  const [earliest, ...others] = listStagesInForce(configuration);
  if (earliest === undefined || others.length === 0) return [];
  const clause = { attribute: 'kind', op: 'in', values: [recordKind], negate: true };
  return [{ id: withoutRecordId, clauses: [clause], variation: earliest }];
}

/** The stages that stand between two others. */
export function listStagesBetween(from: Stage, to: Stage): readonly Stage[] {
  return stages.slice(stages.indexOf(from) + 1, stages.indexOf(to));
}
