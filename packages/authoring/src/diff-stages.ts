import { stages } from '@sluice/engine';
import type { FlagConfiguration, Rule, Serve } from './configuration.ts';
import { describeAuthority, listStagesInForce, weightOfStage } from './migration.ts';
import { describeClauses, describeWeight } from './words.ts';

/** What became different about a migration, in words: where its records are, and what that means for the stores. */
export function diffStages(before: FlagConfiguration, after: FlagConfiguration): string[] {
  const all = before.rules.length === 0 && after.rules.length === 0 ? 'records' : 'other records';
  return [
    ...before.rules.filter(({ id }) => find(after, id) === undefined).map((rule) => `${nameOf(rule)} removed`),
    ...after.rules.flatMap((rule) => {
      const was = find(before, rule.id);
      if (was === undefined) return [`${nameOf(rule)} added: ${describeStages(rule)}`];
      const moved = diffShares(was, rule, 'records').map((text) => `cohort \`${rule.id}\`: ${text}`);
      return describeClauses(was.clauses) === describeClauses(rule.clauses)
        ? moved
        : [`${nameOf(was)} is now for others, ${describeClauses(rule.clauses)}: ${describeStages(rule)}`];
    }),
    ...diffOrder(before.rules, after.rules),
    ...diffShares(before.fallthrough, after.fallthrough, all),
    ...diffStores(before, after),
  ];
}

/** `all records in live`, `75% of records in shadow and 25% in live`. */
export function describeStages(serve: Serve, all = 'records'): string {
  if (serve.rollout === undefined) return `all ${all} in \`${serve.variation}\``;
  const [first, ...others] = serve.rollout.variations.map(
    ({ variation, weight }, at) => `${describeWeight(weight)}${at === 0 ? ` of ${all}` : ''} in \`${variation}\``,
  );
  return [first, ...others].join(', ');
}

function find({ rules }: FlagConfiguration, id: string): Rule | undefined {
  return rules.find((rule) => rule.id === id);
}

function nameOf({ id, clauses }: Rule): string {
  return `cohort \`${id}\` (${describeClauses(clauses)})`;
}

/** Of two stages one number says all, and it is the one of the later. */
function diffShares(before: Serve, after: Serve, all: string): string[] {
  if (before.rollout === undefined && after.rollout === undefined) {
    return before.variation === after.variation
      ? []
      : [`all ${all} in \`${after.variation}\` instead of \`${before.variation}\``];
  }
  const served = stages.filter((stage) => weightOfStage(before, stage) + weightOfStage(after, stage) > 0);
  const different = served.filter((stage) => weightOfStage(before, stage) !== weightOfStage(after, stage));
  const told = served.length === 2 ? different.slice(-1) : different;
  return told.map((stage) => {
    const [was, is] = [weightOfStage(before, stage), weightOfStage(after, stage)];
    return `${describeWeight(was)} → ${describeWeight(is)} of ${all} in \`${stage}\``;
  });
}

function diffOrder(before: readonly Rule[], after: readonly Rule[]): string[] {
  const [were, are] = [before, after].map((rules) => rules.map(({ id }) => id));
  const inBoth = (ids: readonly string[] = [], others: readonly string[] = []): string =>
    ids.filter((id) => others.includes(id)).join();
  if (inBoth(were, are) === inBoth(are, were)) return [];
  return [`cohorts in a new order: ${are?.map((id) => `\`${id}\``).join(', ')}`];
}

/** What people have to know of the stores: which is true, and which is left behind. */
function diffStores(before: FlagConfiguration, after: FlagConfiguration): string[] {
  const [was, is] = [before, after].map((configuration) => describeAuthority(listStagesInForce(configuration)));
  return [
    ...(was === is ? [] : [`true is ${is} instead of ${was}`]),
    ...(grows(before, after, 'off')
      ? [
          'the new store is no longer kept for records in `off`: what is written to them from now on it lacks, until they are moved again',
        ]
      : []),
    ...(grows(before, after, 'complete')
      ? ['the old store is no longer kept for records in `complete`: there is no way back for them']
      : []),
  ];
}

/** Whether anywhere more records are in a stage than before. */
function grows(before: FlagConfiguration, after: FlagConfiguration, stage: 'off' | 'complete'): boolean {
  const moves: readonly (readonly [Serve, Serve])[] = [
    [before.fallthrough, after.fallthrough],
    ...after.rules.map((rule) => [find(before, rule.id) ?? before.fallthrough, rule] as const),
    ...before.rules.map((rule) => [rule, find(after, rule.id) ?? after.fallthrough] as const),
  ];
  return moves.some(([was, is]) => weightOfStage(is, stage) > weightOfStage(was, stage));
}
