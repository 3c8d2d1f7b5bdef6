import type { FlagConfiguration, FlagState, Rule, Serve, Target } from './configuration.ts';
import type { FlagDefinition } from './definition.ts';
import { diffJson } from './diff-json.ts';
import { diffStages } from './diff-stages.ts';
import type { ObjectId } from './objects.ts';
import type { SegmentMembers, SegmentState } from './segment.ts';
import { fullWeight, listServed } from './serve.ts';
import { describeValue } from './units.ts';
import { describeRule, describeScope, describeSegmentRule, describeServe, describeWeight, plural } from './words.ts';

/** One thing that a change did, in words. */
export interface Effect {
  readonly object: ObjectId;
  readonly text: string;
}

/** What became different about an object, in words; undefined stands for one that does not exist. */
export function describeDifference(
  id: ObjectId,
  before: FlagState | SegmentState | undefined,
  after: FlagState | SegmentState | undefined,
): readonly Effect[] {
  return listSentences(before, after).map((text) => ({ object: id, text }));
}

function listSentences(
  before: FlagState | SegmentState | undefined,
  after: FlagState | SegmentState | undefined,
): string[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return ['created'];
  if (after === undefined) return ['deleted'];
  if ('definition' in before && 'definition' in after) {
    return [...diffDefinition(before.definition, after.definition), ...diffBehaviour(before, after)];
  }
  return 'definition' in before || 'definition' in after ? [] : diffSegment(before, after);
}

function diffBehaviour(before: FlagState, after: FlagState): string[] {
  switch (after.definition.kind) {
    case 'release':
    case 'valve':
      return diffConfiguration(before.configuration, after.configuration);
    case 'config':
      return diffValues(before, after);
    case 'migration':
      return diffStages(before.configuration, after.configuration);
    default:
      return after.definition.kind satisfies never;
  }
}

function diffDefinition(before: FlagDefinition, after: FlagDefinition): string[] {
  return [
    ...diffText('name', before.name, after.name),
    ...diffText('description', before.description, after.description),
    ...diffText('owner', before.owner, after.owner),
    ...diffText('tags', before.tags.join(', '), after.tags.join(', ')),
    ...diffParts(before.variations, after.variations, 'variation', ({ value }) => JSON.stringify(value)),
    ...diffConfigRules(describeConfigRules(before), describeConfigRules(after)),
    ...(JSON.stringify(before.clientSide) === JSON.stringify(after.clientSide)
      ? []
      : [`client-side SDKs: ${describeAvailability(before)} → ${describeAvailability(after)}`]),
    ...(before.archived === after.archived ? [] : [after.archived ? 'archived' : 'taken out of the archive']),
  ];
}

function diffConfigRules(before: string, after: string): string[] {
  if (before === after) return [];
  return diffJson('values', '', before, after) ?? [`values: ${before} → ${after}`];
}

function describeConfigRules({ config }: FlagDefinition): string {
  return JSON.stringify(config ?? {});
}

function describeAvailability({ clientSide: { web, mobile } }: FlagDefinition): string {
  if (web && mobile) return 'web and mobile';
  if (web) return 'web';
  return mobile ? 'mobile' : 'none';
}

function diffConfiguration(before: FlagConfiguration, after: FlagConfiguration): string[] {
  return [
    ...(before.on === after.on ? [] : [after.on ? 'turned on' : 'turned off']),
    ...(before.offVariation === after.offVariation
      ? []
      : [`serves \`${after.offVariation}\` instead of \`${before.offVariation}\` when off`]),
    ...diffServe(before.fallthrough, after.fallthrough, after.offVariation),
    ...diffTargets(before.targets, after.targets),
    ...diffRules(before.rules, after.rules),
    ...diffParts(
      before.prerequisites.map((part) => ({ ...part, id: part.flag })),
      after.prerequisites.map((part) => ({ ...part, id: part.flag })),
      'prerequisite',
      ({ flag, variation }) => `flag \`${flag}\` must serve \`${variation}\``,
    ),
  ];
}

/** A config's values, with their units. */
function diffValues(before: FlagState, after: FlagState): string[] {
  const unit = after.definition.config?.unit;
  const [was = '', is = ''] = [before.configuration.fallthrough.variation, after.configuration.fallthrough.variation];
  const describe = (rule: Rule): string => `${describeValue(rule.variation ?? '', unit)} for ${describeScope(rule)}`;
  const diffOverride = (one: Rule, other: Rule): string[] | undefined =>
    describeScope(one) === describeScope(other)
      ? diffJson('value', ` for ${describeScope(other)}`, one.variation ?? '', other.variation ?? '')
      : undefined;
  const change = `value: ${describeValue(was, unit)} → ${describeValue(is, unit)}`;
  return [
    ...(was === is ? [] : (diffJson('value', '', was, is) ?? [change])),
    ...diffParts(before.configuration.rules, after.configuration.rules, 'override', describe, diffOverride),
  ];
}

/** The order of a valve's rules follows from what they are, so it is not told. */
function diffRules(before: readonly Rule[], after: readonly Rule[]): string[] {
  const isTrip = ({ trip }: Rule): boolean => trip !== undefined;
  const [tripsBefore, tripsAfter] = [before.filter(isTrip), after.filter(isTrip)];
  return [
    ...diffTrips(tripsBefore, tripsAfter),
    ...diffParts(
      before.filter((rule) => !isTrip(rule)),
      after.filter((rule) => !isTrip(rule)),
      'rule',
      describeRule,
    ),
  ];
}

function diffTrips(before: readonly Rule[], after: readonly Rule[]): string[] {
  return [
    ...before
      .filter(({ id }) => !after.some((rule) => rule.id === id))
      .map((rule) => `restored from ${describeRule(rule)}`),
    ...after.flatMap((rule) => {
      const was = before.find(({ id }) => id === rule.id);
      if (was === undefined) return [`tripped: ${describeRule(rule)}`];
      if (JSON.stringify(was) === JSON.stringify(rule)) return [];
      if (describeRule(was) === describeRule(rule)) return [`tripped again: ${describeRule(rule)}`];
      return [`trip changed: ${describeRule(was)} → ${describeRule(rule)}`];
    }),
  ];
}

/** Shares of the same contexts are compared one by one: `25% → 50% of users get on`. */
function diffServe(before: Serve, after: Serve, offVariation: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before.rollout === undefined && after.rollout === undefined) {
    return [`everyone gets \`${after.variation}\` instead of \`${before.variation}\``];
  }
  const who = whoOf(after) ?? whoOf(before);
  if (whoOf(before) !== undefined && whoOf(after) !== undefined && whoOf(before) !== whoOf(after)) {
    return [`by default: ${describeServe(before)} → ${describeServe(after)}`];
  }
  const served = [...new Set([...listServed(before), ...listServed(after)])];
  const different = served.filter((id) => weightOf(before, id) !== weightOf(after, id));
  // With two variations one number says all, and it is the one that is not the off variation's.
  const told = served.length === 2 ? different.filter((id) => id !== offVariation).slice(0, 1) : different;
  const sentences = told.map(
    (id) => `${describeWeight(weightOf(before, id))} → ${describeWeight(weightOf(after, id))} of ${who} get \`${id}\``,
  );
  return sentences.length > 0 ? sentences : [`by default: ${describeServe(before)} → ${describeServe(after)}`];
}

/** Whose share it is: users, or accounts by region. */
function whoOf({ rollout }: Serve): string | undefined {
  if (rollout === undefined) return undefined;
  const { contextKind = 'user', bucketBy = 'key' } = rollout;
  return bucketBy === 'key' ? plural(contextKind) : `${plural(contextKind)} (by ${bucketBy})`;
}

function weightOf(serve: Serve, id: string): number {
  if (serve.rollout === undefined) return serve.variation === id ? fullWeight : 0;
  return serve.rollout.variations.find(({ variation }) => variation === id)?.weight ?? 0;
}

function diffTargets(before: readonly Target[], after: readonly Target[]): string[] {
  const nameOf = ({ contextKind, variation }: Target): string => `${contextKind} ${variation}`;
  return diffKeys(before, after, nameOf).flatMap(({ list: { contextKind, variation }, added, removed }) => [
    ...(added.length === 0 ? [] : [`${countKeys(contextKind, added)} now always get \`${variation}\``]),
    ...(removed.length === 0 ? [] : [`${countKeys(contextKind, removed)} no longer always get \`${variation}\``]),
  ]);
}

function diffSegment(before: SegmentState, after: SegmentState): string[] {
  return [
    ...diffText('name', before.name, after.name),
    ...diffText('description', before.description, after.description),
    ...diffText('tags', before.tags.join(', '), after.tags.join(', ')),
    ...diffMembers(before.included, after.included, 'included'),
    ...diffMembers(before.excluded, after.excluded, 'excluded'),
    ...diffParts(before.rules, after.rules, 'rule', describeSegmentRule),
  ];
}

function diffMembers(before: readonly SegmentMembers[], after: readonly SegmentMembers[], verb: string): string[] {
  return diffKeys(before, after, ({ contextKind }) => contextKind).flatMap(
    ({ list: { contextKind }, added, removed }) => [
      ...(added.length === 0 ? [] : [`${countKeys(contextKind, added)} now ${verb}`]),
      ...(removed.length === 0 ? [] : [`${countKeys(contextKind, removed)} no longer ${verb}`]),
    ],
  );
}

interface KeysDifference<T> {
  readonly list: T;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

function diffKeys<T extends { readonly keys: readonly string[] }>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (list: T) => string,
): readonly KeysDifference<T>[] {
  const lists = new Map([...before, ...after].map((list) => [nameOf(list), list]));
  return [...lists].map(([name, list]) => {
    const was = new Set(before.find((candidate) => nameOf(candidate) === name)?.keys ?? []);
    const is = new Set(after.find((candidate) => nameOf(candidate) === name)?.keys ?? []);
    return { list, added: [...is].filter((key) => !was.has(key)), removed: [...was].filter((key) => !is.has(key)) };
  });
}

/** `user "a"`, `users "a" and "b"`, or `1200 users`. */
function countKeys(contextKind: string, keys: readonly string[]): string {
  if (keys.length > 3) return `${keys.length} ${plural(contextKind)}`;
  return `${keys.length === 1 ? contextKind : plural(contextKind)} ${keys.map((key) => JSON.stringify(key)).join(' and ')}`;
}

function diffText(name: string, before: string, after: string): string[] {
  return before === after ? [] : [`${name}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`];
}

interface Identified {
  readonly id: string;
}

/** Parts of an ordered list that came, went, changed or moved. */
function diffParts<T extends Identified>(
  before: readonly T[],
  after: readonly T[],
  word: string,
  describe: (part: T) => string,
  /** Undefined: it is another as a whole. */
  diff: (was: T, is: T) => string[] | undefined = () => undefined,
): string[] {
  const beforeIds = before.map(({ id }) => id);
  const afterIds = after.map(({ id }) => id);
  const kept = afterIds.filter((id) => beforeIds.includes(id));
  const isMoved = kept.join() !== beforeIds.filter((id) => afterIds.includes(id)).join();
  return [
    ...before
      .filter(({ id }) => !afterIds.includes(id))
      .map((part) => `${word} \`${part.id}\` removed: ${describe(part)}`),
    ...after.flatMap((part) => {
      const was = before.find(({ id }) => id === part.id);
      if (was === undefined) return [`${word} \`${part.id}\` added: ${describe(part)}`];
      if (JSON.stringify(was) === JSON.stringify(part)) return [];
      return diff(was, part) ?? [`${word} \`${part.id}\` changed: ${describeChange(was, part, describe)}`];
    }),
    ...(isMoved ? [`${word}s in a new order: ${afterIds.map((id) => `\`${id}\``).join(', ')}`] : []),
  ];
}

/** Before and after in words; where these are the same, what else it is that changed. */
function describeChange<T extends Identified>(before: T, after: T, describe: (part: T) => string): string {
  if (describe(before) !== describe(after)) return `${describe(before)} → ${describe(after)}`;
  const was = new Map(Object.entries(before));
  const is = new Map(Object.entries(after));
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return names.filter((name) => JSON.stringify(was.get(name)) !== JSON.stringify(is.get(name))).join(', ');
}
