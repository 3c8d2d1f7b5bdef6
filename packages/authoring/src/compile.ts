import { type Clause as EngineClause, type Flag, ownOperators, type Rollout, type Segment } from '@sluice/engine';
import type { Clause, FlagState, Rule, Serve, Target } from './configuration.ts';
import type { Variation } from './definition.ts';
import { askMadeSegment } from './made-segments.ts';
import { listGuardRules } from './migration.ts';
import type { Lookup } from './objects.ts';
import type { SegmentMembers, SegmentRule, SegmentState } from './segment.ts';
import { fullWeight } from './serve.ts';
import { listVariations } from './variations.ts';

/** The context kind that only our own SDKs supply; its attribute lists the operators that the SDK knows. */
export const ownContextKind = 'sluice';
export const ownOperatorsAttribute = 'operators';

/** What compiling looks at besides the object itself. */
export type Surroundings = Pick<Lookup, 'findFlag' | 'findSegment'>;

/**
 * Compiles a flag to the JSON that SDKs evaluate. The same state gives the same text; archived flags are not
 * delivered and compile to nothing.
 */
export function compileFlag(flag: FlagState, version: number, around: Surroundings): Flag | undefined {
  const { definition, configuration } = flag;
  if (definition.archived) return undefined;
  const { on, offVariation, fallthrough, rules, prerequisites, salt } = configuration;
  const variations = listVariations(flag);
  const indexOf = createIndex(definition.key, variations);
  const serve = (served: Serve) => compileServe(served, offVariation, indexOf);
  return {
    key: definition.key,
    version,
    on,
    prerequisites: prerequisites.map(({ flag: key, variation }) => ({
      key,
      variation: indexOfPrerequisite(around.findFlag(key), variation),
    })),
    ...compileTargets(configuration.targets, indexOf),
    rules: [...listGuardRules(flag), ...rules].map((rule) => ({
      id: rule.id,
      clauses: compileClauses(listClauses(definition.key, rule), around),
      ...serve(rule),
      trackEvents: false,
    })),
    fallthrough: serve(fallthrough),
    offVariation: indexOf(offVariation),
    variations: variations.map(({ value }) => value),
    salt,
    trackEvents: false,
    trackEventsFallthrough: false,
    // Old SDKs look at clientSide alone, JavaScript ones at clientSideAvailability alone.
    clientSide: definition.clientSide.web,
    clientSideAvailability: {
      usingEnvironmentId: definition.clientSide.web,
      usingMobileKey: definition.clientSide.mobile,
    },
  };
}

function listClauses(flag: string, rule: Rule): readonly Clause[] {
  const asked = askMadeSegment(flag, rule);
  return asked === undefined ? rule.clauses : [...rule.clauses, asked];
}

/** Variations are checked when they are authored, so one that is missing here is a fault of this program. */
function createIndex(key: string, variations: readonly Variation[]): (id: string) => number {
  const indexes = new Map(variations.map(({ id }, index) => [id, index]));
  return (id) => {
    const index = indexes.get(id);
    if (index === undefined) throw new RangeError(`flag ${key} has no variation ${id}`);
    return index;
  };
}

/** A prerequisite that is gone never holds, whatever the index. */
function indexOfPrerequisite(flag: FlagState | undefined, variation: string): number {
  return flag === undefined ? 0 : createIndex(flag.definition.key, listVariations(flag))(variation);
}

/**
 * The off variation comes first in a rollout: a context without the rollout's kind falls into bucket 0 and so gets
 * the most conservative value. Everybody is a plain variation.
 */
function compileServe(
  serve: Serve,
  offVariation: string,
  indexOf: (id: string) => number,
): { variation: number } | { rollout: Rollout } {
  if (serve.rollout === undefined) return { variation: indexOf(serve.variation) };
  const { variations, contextKind = 'user', bucketBy } = serve.rollout;
  const everybody = variations.find(({ weight }) => weight === fullWeight);
  if (everybody !== undefined) return { variation: indexOf(everybody.variation) };
  const shares = variations.filter(({ weight }) => weight > 0);
  const ordered = [
    ...shares.filter(({ variation }) => variation === offVariation),
    ...shares.filter(({ variation }) => variation !== offVariation),
  ];
  return {
    rollout: {
      contextKind,
      ...(bucketBy !== undefined && { bucketBy }),
      variations: ordered.map(({ variation, weight }) => ({ variation: indexOf(variation), weight })),
    },
  };
}

/**
 * User keys stand in `targets`; where other kinds have targets too, `contextTargets` gives the order of all and an
 * entry of kind user there is an empty placeholder.
 */
function compileTargets(
  targets: readonly Target[],
  indexOf: (id: string) => number,
): Pick<Flag, 'targets' | 'contextTargets'> {
  const ofUsers = targets.filter(({ contextKind }) => contextKind === 'user');
  const others = ofUsers.length < targets.length;
  return {
    targets: ofUsers.map(({ keys, variation }) => ({ values: keys, variation: indexOf(variation) })),
    contextTargets: others
      ? targets.map(({ contextKind, keys, variation }) => ({
          contextKind,
          values: contextKind === 'user' ? [] : keys,
          variation: indexOf(variation),
        }))
      : [],
  };
}

/**
 * Operators that other SDKs lack stand behind a clause that only ours can match, so that others skip the whole rule,
 * negated or not, and also when the operator is used by a segment that the rule asks.
 */
function compileClauses(clauses: readonly Clause[], around: Surroundings): EngineClause[] {
  const own = [...listOwnOperators(clauses, around)].sort();
  const guards = own.map(
    (op): EngineClause => ({
      contextKind: ownContextKind,
      attribute: ownOperatorsAttribute,
      op: 'in',
      values: [op],
      negate: false,
    }),
  );
  return [
    ...guards,
    ...clauses.map(
      ({ contextKind = 'user', attribute = 'key', op, values, negate = false }): EngineClause => ({
        contextKind,
        attribute,
        op,
        values,
        negate,
      }),
    ),
  ];
}

/** The operators of our own that clauses need, in themselves or in the segments that they ask. */
export function listOwnOperators(
  clauses: readonly Clause[],
  around: Pick<Surroundings, 'findSegment'>,
  seen: Set<string> = new Set(),
): ReadonlySet<string> {
  const found = new Set(clauses.map(({ op }) => op).filter((op) => ownOperators.has(op)));
  for (const key of clauses.filter(({ op }) => op === 'segmentMatch').flatMap(({ values }) => values.map(String))) {
    if (seen.has(key)) continue;
    seen.add(key);
    const nested = (around.findSegment(key)?.rules ?? []).flatMap((rule) => rule.clauses);
    for (const op of listOwnOperators(nested, around, seen)) found.add(op);
  }
  return found;
}

/** Compiles a segment to the JSON that SDKs evaluate. */
export function compileSegment(segment: SegmentState, version: number, around: Surroundings): Segment {
  const { key, salt, included, excluded, rules } = segment;
  return {
    key,
    version,
    included: keysOfUsers(included),
    excluded: keysOfUsers(excluded),
    includedContexts: keysOfOthers(included),
    excludedContexts: keysOfOthers(excluded),
    rules: rules.map((rule) => compileSegmentRule(rule, around)),
    salt,
    unbounded: false,
  };
}

function keysOfUsers(members: readonly SegmentMembers[]): readonly string[] {
  return members.filter(({ contextKind }) => contextKind === 'user').flatMap(({ keys }) => keys);
}

function keysOfOthers(
  members: readonly SegmentMembers[],
): readonly { contextKind: string; values: readonly string[] }[] {
  return members
    .filter(({ contextKind }) => contextKind !== 'user')
    .map(({ contextKind, keys }) => ({ contextKind, values: keys }));
}

function compileSegmentRule(
  { id, clauses, weight, contextKind = 'user', bucketBy }: SegmentRule,
  around: Surroundings,
) {
  const share = weight === undefined || weight === fullWeight ? {} : { weight, rolloutContextKind: contextKind };
  return {
    id,
    clauses: compileClauses(clauses, around),
    ...share,
    ...(bucketBy !== undefined && 'weight' in share && { bucketBy }),
  };
}
