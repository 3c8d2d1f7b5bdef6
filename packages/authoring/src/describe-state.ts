import { describeLayer } from './config.ts';
import type { FlagConfiguration, FlagState, Rule, Serve } from './configuration.ts';
import { listStagesInForce, weightOfStage } from './migration.ts';
import { spellClause } from './scope.ts';
import { fullWeight, listServed } from './serve.ts';
import { describeValue } from './units.ts';
import { describeScope, describeWeight } from './words.ts';

/** What a list sorts flags by. `tripped` is a valve that is not in its normal mode for somebody. */
export const stateWords = ['on', 'off', 'tripped', 'archived'] as const;

export type StateWord = (typeof stateWords)[number];

/** Part of a sentence: `strong` is what one looks for in it, `value` is something that code gets. */
export interface StatePart {
  readonly text: string;
  readonly as?: 'strong' | 'value';
}

/** How a flag behaves in an environment, in a few words; the texts of the parts together are the sentence. */
export interface StateSentence {
  readonly word: StateWord;
  readonly parts: readonly StatePart[];
}

/** `on for everyone`, `on, 2 rules, else true`, `on, 50% by account`, `cached for everyone`, `3, 2 layers`, `dualwrite, 100%`. */
export function describeState(flag: FlagState): StateSentence {
  if (flag.definition.archived) return { word: 'archived', parts: [{ text: 'archived' }] };
  switch (flag.definition.kind) {
    case 'release':
      return describeRelease(flag);
    case 'valve':
      return describeValve(flag);
    case 'config':
      return { word: 'on', parts: describeConfig(flag) };
    case 'migration':
      return describeMigration(flag.configuration);
    default:
      return flag.definition.kind satisfies never;
  }
}

function describeRelease(flag: FlagState): StateSentence {
  const { on, targets, rules, prerequisites } = flag.configuration;
  if (!on) return { word: 'off', parts: [{ text: 'off' }] };
  const keys = targets.reduce((sum, target) => sum + target.keys.length, 0);
  const exceptions = [
    ...countParts(prerequisites.length, 'prerequisite'),
    ...countParts(keys, 'target'),
    ...countParts(rules.length, 'rule'),
  ];
  if (exceptions.length === 0) return { word: 'on', parts: describeEverybody(flag) };
  return { word: 'on', parts: [{ text: 'on' }, ...exceptions, { text: ', else ' }, ...describeShares(flag)] };
}

/** What is not `true` is named; with `true` there is nothing to say but for whom. */
function describeEverybody(flag: FlagState): readonly StatePart[] {
  const { fallthrough } = flag.configuration;
  if (fallthrough.rollout !== undefined) return [{ text: 'on, ' }, ...describeShares(flag)];
  const named: readonly StatePart[] =
    spellValue(flag, fallthrough.variation) === 'true'
      ? [{ text: 'on for ' }]
      : [{ text: 'on, ' }, ...describeShares(flag), { text: ' for ' }];
  return [...named, { text: 'everyone', as: 'strong' }];
}

/** Of two shares one number says all, and it is the one that is not the off variation's. */
function describeShares(flag: FlagState): readonly StatePart[] {
  const { fallthrough, offVariation } = flag.configuration;
  if (fallthrough.rollout === undefined) return [{ text: spellValue(flag, fallthrough.variation), as: 'value' }];
  const shares = fallthrough.rollout.variations.filter(({ weight }) => weight > 0);
  const told =
    shares.length > 2 ? undefined : (shares.find(({ variation }) => variation !== offVariation) ?? shares[0]);
  const text = told === undefined ? `${shares.length} variations` : describeWeight(told.weight);
  return [{ text, as: 'strong' }, { text: ` by ${unitOfShare(fallthrough)}` }];
}

function unitOfShare({ rollout }: Serve): string {
  const { contextKind = 'user', bucketBy = 'key' } = rollout ?? {};
  return bucketBy === 'key' ? contextKind : `${contextKind} ${bucketBy}`;
}

/** JSON, cut where it is long. */
function spellValue({ definition }: FlagState, variation: string): string {
  const found = definition.variations.find(({ id }) => id === variation);
  return cut(JSON.stringify(found === undefined ? variation : found.value));
}

const longest = 60;

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** The most severe trip, and how many there are besides. */
function describeValve({ configuration: { fallthrough, rules } }: FlagState): StateSentence {
  const normal = fallthrough.variation ?? '';
  const trips = rules.filter(({ variation }) => variation !== normal);
  const [first, ...others] = trips;
  if (first === undefined) return { word: 'on', parts: [{ text: normal }] };
  return {
    word: 'tripped',
    parts: [
      { text: first.variation ?? '', as: 'strong' },
      { text: ` for ${describeScope(first)}` },
      ...countParts(others.length, 'more trip'),
    ],
  };
}

function describeConfig({ definition, configuration }: FlagState): readonly StatePart[] {
  const value = describeValue(configuration.fallthrough.variation ?? '', definition.config?.unit);
  const layers = new Set(configuration.rules.map(describeLayer)).size;
  return [{ text: cut(value), as: 'strong' }, ...countParts(layers, 'layer')];
}

/** The stage that went furthest, and how many records are in it. */
function describeMigration(configuration: FlagConfiguration): StateSentence {
  const inForce = listStagesInForce(configuration);
  const furthest = inForce.at(-1);
  if (furthest === undefined || (furthest === 'off' && inForce.length === 1))
    return { word: 'off', parts: [{ text: 'off' }] };
  const { fallthrough, rules } = configuration;
  // What cohorts are in says nothing of how many records that is.
  const stage = listServed(fallthrough).some((served) => served !== 'off') ? lastServed(fallthrough) : furthest;
  const weight = weightOfStage(fallthrough, stage);
  return {
    word: 'on',
    parts: [
      { text: stage, as: 'strong' },
      ...(weight === 0 ? [] : [{ text: `, ${describeWeight(weight)}` }]),
      ...countParts(rules.length, 'cohort'),
    ],
  };
}

function lastServed(serve: Serve): ReturnType<typeof listStagesInForce>[number] {
  return listStagesInForce({ fallthrough: serve, rules: [] }).at(-1) ?? 'off';
}

/** `, 2 rules`; nothing of none. */
function countParts(count: number, word: string): readonly StatePart[] {
  return count === 0 ? [] : [{ text: ', ' }, { text: `${count} ${word}${count === 1 ? '' : 's'}`, as: 'strong' }];
}

/**
 * A text that is the same for configurations that do the same: ids and names of rules, seeds, and who tripped a valve
 * when and why are left out, and so is the order of what has none.
 */
export function spellBehaviour({
  on,
  offVariation,
  fallthrough,
  targets,
  rules,
  prerequisites,
}: FlagConfiguration): string {
  return JSON.stringify({
    on,
    offVariation,
    fallthrough: spellServe(fallthrough),
    targets: targets
      .filter(({ keys }) => keys.length > 0)
      .map(({ variation, contextKind, keys }) => [contextKind, variation, [...keys].sort()])
      .map((target) => JSON.stringify(target))
      .sort(),
    rules: rules.map(spellRule),
    prerequisites: prerequisites.map(({ flag, variation }) => JSON.stringify([flag, variation])).sort(),
  });
}

function spellRule(rule: Rule): unknown {
  const { share, exempt = false } = rule.trip ?? {};
  return [rule.clauses.map(spellClause).sort(), spellServe(rule), exempt, share?.contextKind, share?.weight];
}

function spellServe({ variation, rollout }: Serve): unknown {
  if (rollout === undefined) return variation;
  const { variations, contextKind = 'user', bucketBy = 'key' } = rollout;
  const shares = variations.filter(({ weight }) => weight > 0);
  const [only] = shares;
  if (only?.weight === fullWeight) return only.variation;
  return [contextKind, bucketBy, shares.map((share) => [share.variation, share.weight])];
}
