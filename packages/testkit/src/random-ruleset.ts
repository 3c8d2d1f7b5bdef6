import {
  attributesOf,
  type Context,
  createAttributeReader,
  findOperandProblem,
  listKinds,
  type OperatorName,
  operatorNames,
  ownOperators,
  parseAttributeReference,
  type RegexCompiler,
} from '@sluice/engine';
import type { Random } from './random.ts';
import { type AttributePlace, attributePlaces, contextKinds } from './random-contexts.ts';

/** The body of one change that makes a flag what it is. */
export interface FlagRecipe {
  readonly key: string;
  readonly variations: readonly { readonly id: string; readonly value: unknown }[];
  readonly instructions: readonly unknown[];
}

export interface SegmentRecipe {
  readonly key: string;
  readonly instructions: readonly unknown[];
}

export interface RandomRuleset {
  readonly segments: readonly SegmentRecipe[];
  readonly flags: readonly FlagRecipe[];
}

/** What LaunchDarkly's engines and ours share. */
const operators = operatorNames.filter((op) => !ownOperators.has(op) && op !== 'segmentMatch');

/** What each operator compares. */
const fitting: Readonly<Record<string, readonly AttributePlace['holds'][]>> = {
  in: ['text', 'number', 'date', 'version', 'other'],
  startsWith: ['text'],
  endsWith: ['text'],
  contains: ['text'],
  matches: ['text'],
  lessThan: ['number'],
  lessThanOrEqual: ['number'],
  greaterThan: ['number'],
  greaterThanOrEqual: ['number'],
  before: ['date'],
  after: ['date'],
  semVerEqual: ['version'],
  semVerLessThan: ['version'],
  semVerGreaterThan: ['version'],
};

/** What recipes are made from. */
interface Ingredients {
  readonly random: Random;
  /** Values of clauses, targets and members are taken from these, so that something matches. */
  readonly contexts: readonly Context[];
  readonly regex: RegexCompiler;
}

/**
 * Segments and flags made by chance, for comparing engines over the given contexts. Each operator and each segment,
 * plain and negated, decides a flag of its own; the others mix targets, rules, segments, prerequisites and rollouts.
 */
export function createRandomRuleset(
  ingredients: Ingredients,
  { segmentCount, mixedCount }: { readonly segmentCount: number; readonly mixedCount: number },
): RandomRuleset {
  const { random } = ingredients;
  const segments: SegmentRecipe[] = [];
  for (let count = 0; count < segmentCount; count++)
    segments.push(createSegment(`segment-${count}`, segments, ingredients));
  const flags: FlagRecipe[] = [
    ...operators.flatMap((op) => [
      decidedBy(`op-${op}`, createClause(op, { negate: false, place: pickPlace(op, random) }, ingredients)),
      decidedBy(`op-not-${op}`, createClause(op, { negate: true, place: pickPlace(op, random) }, ingredients)),
    ]),
    ...segments.flatMap(({ key }) => [
      decidedBy(`in-${key}`, inSegments([key], false)),
      decidedBy(`not-in-${key}`, inSegments([key], true)),
    ]),
  ];
  for (let count = 0; count < mixedCount; count++)
    flags.push(createMixed(`mixed-${count}`, { flags, segments }, ingredients));
  return { segments, flags };
}

/** On or off by one clause. */
function decidedBy(key: string, clause: object): FlagRecipe {
  return {
    key,
    variations: [
      { id: 'on', value: true },
      { id: 'off', value: false },
    ],
    instructions: [
      { kind: 'turn-on' },
      { kind: 'set-fallthrough', variation: 'off' },
      { kind: 'add-rule', rule: { id: 'rule', clauses: [clause], variation: 'on' } },
    ],
  };
}

function createMixed(key: string, { flags, segments }: RandomRuleset, ingredients: Ingredients): FlagRecipe {
  const { random } = ingredients;
  const ids = ['a', 'b', 'c', 'd'].slice(0, 2 + random.integer(3));
  const instructions: unknown[] = [
    { kind: random.chance(0.92) ? 'turn-on' : 'turn-off' },
    { kind: 'set-fallthrough', rollout: createRollout(ids, random) },
    { kind: 'set-off-variation', variation: random.pick(ids) },
  ];
  for (let count = random.integer(3); count > 0; count--) {
    const contextKind = random.pick(contextKinds);
    const keys = pickKeys(contextKind, 100, ingredients);
    instructions.push({ kind: 'add-targets', variation: random.pick(ids), contextKind, keys });
  }
  for (let count = random.integer(4); count > 0; count--) {
    const clauses = Array.from({ length: 1 + random.integer(3) }, () =>
      random.chance(0.2)
        ? inSegments(
            random.sample(segments, 2).map((segment) => segment.key),
            random.chance(0.3),
          )
        : createAnyClause(ingredients),
    );
    const serve = random.chance(0.5) ? { variation: random.pick(ids) } : { rollout: createRollout(ids, random) };
    instructions.push({ kind: 'add-rule', rule: { id: `rule-${count}`, clauses, ...serve } });
  }
  for (const needed of random.chance(0.4) ? random.sample(flags, 1 + random.integer(2)) : []) {
    const prerequisite = { flag: needed.key, variation: random.pick(needed.variations).id };
    instructions.push({ kind: 'add-prerequisite', prerequisite });
  }
  return { key, variations: ids.map((id) => ({ id, value: id })), instructions };
}

function createSegment(key: string, earlier: readonly SegmentRecipe[], ingredients: Ingredients): SegmentRecipe {
  const { random } = ingredients;
  const instructions: unknown[] = [{ kind: 'create-segment' }];
  for (const list of ['included', 'excluded']) {
    for (const contextKind of contextKinds.filter(() => random.chance(0.7))) {
      instructions.push({ kind: 'add-members', list, contextKind, keys: pickKeys(contextKind, 300, ingredients) });
    }
  }
  for (let count = 1 + random.integer(2); count > 0; count--) {
    const clauses = Array.from({ length: random.integer(4) }, () =>
      earlier.length > 0 && random.chance(0.25)
        ? inSegments([random.pick(earlier).key], random.chance(0.3))
        : createAnyClause(ingredients),
    );
    // Of contexts without the kind of a share each engine thinks something else, so there are few.
    const share = earlier.length % 4 === 0 && { weight: 20_000 + random.integer(60_000), ...createShare(random) };
    instructions.push({ kind: 'add-segment-rule', rule: { id: `rule-${count}`, clauses, ...share } });
  }
  return { key, instructions };
}

function createRollout(ids: readonly string[], random: Random): object {
  const weights = ids.map(() => 5000 + random.integer(20_000));
  const rest = 100_000 - weights.slice(1).reduce((sum, weight) => sum + weight, 0);
  return {
    variations: ids.map((variation, index) => ({ variation, weight: index === 0 ? rest : weights[index] })),
    ...createShare(random),
  };
}

/** Of which contexts, and by which attribute: often the key of users. */
function createShare(random: Random): object {
  if (random.chance(0.4)) return {};
  const { contextKind, attribute } = random.pick(attributePlaces.filter((place) => place.attribute !== 'kind'));
  return { contextKind, ...(random.chance(0.6) && { bucketBy: attribute }) };
}

/** Any clause; now and then the operator looks where it finds nothing that it can compare. */
function createAnyClause(ingredients: Ingredients): object {
  const { random } = ingredients;
  const op = random.pick(operators);
  const place = random.chance(0.9) ? pickPlace(op, random) : random.pick(attributePlaces);
  return createClause(op, { negate: random.chance(0.3), place }, ingredients);
}

/** Where the operator finds something to compare. */
function pickPlace(op: OperatorName, random: Random): AttributePlace {
  return random.pick(attributePlaces.filter(({ holds }) => fitting[op]?.includes(holds)));
}

function createClause(
  op: OperatorName,
  { negate, place }: { readonly negate: boolean; readonly place: AttributePlace },
  ingredients: Ingredients,
): object {
  const { contextKind, attribute } = place;
  const values = ingredients.random.sample(listOperands(op, place, ingredients), op === 'in' ? 20 : 2);
  return { contextKind, attribute, op, values, negate };
}

/** Values that the operator can be given, made of what contexts have at that place; or one that fits none of them. */
function listOperands(
  op: OperatorName,
  { contextKind, attribute }: AttributePlace,
  { random, contexts, regex }: Ingredients,
): readonly unknown[] {
  const read = createAttributeReader(parseAttributeReference(attribute) ?? []);
  const seen = random.sample(contexts, 400).flatMap((context) => {
    if (attribute === 'kind') return listKinds(context);
    const attributes = attributesOf(context, contextKind);
    return attributes === undefined ? undefined : read(attributes);
  });
  const fits = (value: unknown): boolean => findOperandProblem(op, value, regex) === undefined;
  const operands = seen.map((value) => cutFor(op, value, random)).filter(fits);
  return operands.length > 0 ? operands : strangers.filter(fits);
}

/** For each operator one that it can be given. */
const strangers: readonly unknown[] = ['2020-02-29T12:00:00Z', '1.5.0', 50];

/** A part of a text, where the operator looks for parts. */
function cutFor(op: OperatorName, value: unknown, random: Random): unknown {
  if (typeof value !== 'string') return value;
  // Whole characters: half of one is refused.
  const letters = [...value];
  const half = Math.ceil(letters.length / 2);
  const [start = 'x'] = /^\w{1,2}/.exec(value) ?? [];
  switch (op) {
    case 'startsWith':
      return letters.slice(0, 1 + random.integer(2)).join('');
    case 'endsWith':
      return letters.slice(-1 - random.integer(2)).join('');
    case 'contains':
      return letters.slice(half - 1, half + 1).join('');
    case 'matches':
      // What RE2 and JavaScript read alike: to `.` and `[^@]` an emoji is one character in RE2, and two in JavaScript.
      return random.pick([`^${start}`, '[a-f]+[0-9]', '^[a-z]*\\d', `(?:x|${start})\\w*z?$`, '\\.(com|org)$']);
    default:
      return value;
  }
}

function pickKeys(contextKind: string, count: number, { random, contexts }: Ingredients): readonly string[] {
  const picked = random.sample(contexts, count);
  return ['nobody', ...picked.flatMap((context) => attributesOf(context, contextKind)?.key ?? [])];
}

function inSegments(keys: readonly string[], negate: boolean): object {
  return { op: 'segmentMatch', values: keys, negate };
}
