import { findClauseProblem } from './clause.ts';
import type { FlagConfiguration, FlagState, Rule, Trip } from './configuration.ts';
import type { FlagDefinition } from './definition.ts';
import type { ConfigurationInstruction } from './instructions.ts';
import type { Lookup } from './objects.ts';
import { listNames, type Problem, problem } from './problem.ts';
import { covers, mayMeet, spellClauses } from './scope.ts';
import { findVariationProblem, fullWeight } from './serve.ts';
import { describeScope } from './words.ts';

type Of<Kind extends ConfigurationInstruction['kind']> = Extract<ConfigurationInstruction, { kind: Kind }>;

const hourMs = 3_600_000;

/** How long a trip is meant to last. */
export const tripExpiry = { unlessGivenMs: 4 * hourMs, atMostMs: 7 * 24 * hourMs };

/** A rule of a valve: it has a trip, and serves one mode. */
type TripRule = Rule & { readonly trip: Trip; readonly variation: string };

/**
 * Degrades a valve for whoever matches. A valve has one rule for each scope: tripping it there again renews the rule,
 * or makes it more severe; less severe needs a `restore` before, since of all rules that match the most severe wins.
 */
export function trip(
  flag: FlagState,
  instruction: Of<'trip'>,
  lookup: Lookup,
  path: string,
): FlagConfiguration | Problem {
  const { definition, configuration } = flag;
  if (definition.archived) {
    return problem(
      path,
      `valve \`${definition.key}\` is archived and serves nothing; take it out of the archive first`,
    );
  }
  const rule = parseTrip(definition, instruction, lookup, path);
  if ('path' in rule) return rule;
  const rules = listTripRules(configuration);
  const same = rules.find((other) => hasSameScope(other, rule));
  const others = rules.filter((other) => other !== same);
  if (others.some(({ id }) => id === rule.id)) return problem(`${path}.id`, `there already is a rule \`${rule.id}\``);
  const wrong = findWinner(definition, rules, rule, path) ?? findOverlap(others, rule, `${path}.when`);
  if (wrong !== undefined) return wrong;
  // What is renewed keeps its place among those of the same severity, and who reads of it finds the same rule.
  const next = same === undefined ? rule : { ...rule, id: same.id, trip: { ...rule.trip, at: same.trip.at } };
  return { ...configuration, rules: sortBySeverity([...others, next], definition) };
}

/** Takes one rule away, or all of them. */
export function restore(
  { definition, configuration }: FlagState,
  { id }: Of<'restore'>,
  path: string,
): FlagConfiguration | Problem {
  if (id === undefined) return { ...configuration, rules: [] };
  const rules = configuration.rules.filter((rule) => rule.id !== id);
  if (rules.length < configuration.rules.length) return { ...configuration, rules };
  const ids = configuration.rules.map((rule) => rule.id);
  return problem(`${path}.id`, `valve \`${definition.key}\` has no rule \`${id}\`; its rules are ${listNames(ids)}`);
}

/**
 * The order in which rules are asked, so that the first that matches is the one that should win: exempt ones, then by
 * severity, then by age.
 */
export function sortBySeverity(rules: readonly Rule[], { variations }: FlagDefinition): readonly Rule[] {
  const severityOf = severityIn(variations);
  return rules.toSorted(
    (a, b) =>
      Number(b.trip?.exempt === true) - Number(a.trip?.exempt === true) ||
      severityOf(b.variation) - severityOf(a.variation) ||
      (a.trip?.at ?? 0) - (b.trip?.at ?? 0),
  );
}

/** Whatever brings the rules of a valve back brings back what trips can make; their time may be over by now. */
export function findValveProblem(
  { definition }: FlagState,
  { on, offVariation, fallthrough, targets, rules, prerequisites }: FlagConfiguration,
  path: string,
): Problem | undefined {
  const normal = definition.variations[0]?.id;
  if (!on) return problem(`${path}.on`, 'a valve is always on, got false');
  if (offVariation !== normal)
    return problem(`${path}.offVariation`, `expected the mode \`${normal}\`, got \`${offVariation}\``);
  if (fallthrough.variation !== normal)
    return problem(`${path}.fallthrough`, `expected the mode \`${normal}\` for whoever no trip concerns`);
  if (targets.length > 0) return problem(`${path}.targets`, 'a valve has no targets, but rules by `trip`');
  if (prerequisites.length > 0) return problem(`${path}.prerequisites`, 'a valve depends on no other flag');
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    if (!isTripRule(rule)) return problem(at, 'expected a `trip` and a variation: the mode');
    const wrong =
      findTripProblem(definition, rule, { mode: `${at}.variation`, when: `${at}.clauses` }) ??
      findOverlap(rules.slice(0, index).filter(isTripRule), rule, `${at}.clauses`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function parseTrip(
  definition: FlagDefinition,
  instruction: Of<'trip'>,
  lookup: Lookup,
  path: string,
): TripRule | Problem {
  const { id = lookup.createId(), mode, when: clauses = [], exempt, share, reason, incident } = instruction;
  const { expiresInMs = tripExpiry.unlessGivenMs } = instruction;
  const wrong =
    findVariationProblem(mode, definition, `${path}.mode`) ?? findClauseProblem(clauses, lookup, `${path}.when`);
  if (wrong !== undefined) return wrong;
  if (expiresInMs > tripExpiry.atMostMs) {
    return problem(
      `${path}.expiresInMs`,
      `a trip may last at most 7 days (${tripExpiry.atMostMs} ms), got ${expiresInMs}; what is to stay for longer is no trip: give the mode another place in the code, or renew the trip`,
    );
  }
  const rule: TripRule = {
    id,
    clauses,
    variation: mode,
    trip: {
      reason,
      by: lookup.actor,
      at: lookup.now,
      expiresAt: lookup.now + expiresInMs,
      ...(incident !== undefined && { incident }),
      ...(exempt === true && { exempt }),
      ...(share !== undefined && share.weight < fullWeight && { share }),
    },
  };
  return findTripProblem(definition, rule, { mode: `${path}.mode`, when: `${path}.when` }) ?? rule;
}

/** What no rule can be, whatever else is tripped; `at` is where its parts stand. */
function findTripProblem(
  { key, variations }: FlagDefinition,
  { variation: mode, clauses, trip: { exempt, share } }: TripRule,
  at: { readonly mode: string; readonly when: string },
): Problem | undefined {
  if (mode === variations[0]?.id && exempt !== true) {
    return problem(
      at.mode,
      `\`${mode}\` is served wherever \`${key}\` is not tripped, and any other mode would win: to bring the valve back use \`restore\`, to keep somebody out of a trip make the rule \`exempt\``,
    );
  }
  if (exempt === true && clauses.length === 0 && share === undefined) {
    return problem(at.when, 'an exempt rule needs to say who is exempt; for everyone no other rule could be reached');
  }
  return undefined;
}

/** A rule that goes before, for at least the same contexts: the new mode could not be reached. */
function findWinner(
  { key, variations }: FlagDefinition,
  rules: readonly TripRule[],
  rule: TripRule,
  path: string,
): Problem | undefined {
  if (rule.trip.exempt === true) return undefined;
  const severityOf = severityIn(variations);
  const goesBefore = ({ variation, trip: { exempt } }: TripRule): boolean =>
    exempt === true ? variation !== rule.variation : severityOf(variation) > severityOf(rule.variation);
  // Which contexts make up a share is known to nobody here.
  const winner = rules.find(
    (other) =>
      goesBefore(other) &&
      (hasSameScope(other, rule) || (other.trip.share === undefined && covers(other.clauses, rule.clauses))),
  );
  if (winner === undefined) return undefined;
  const { id, variation, trip } = winner;
  const what =
    trip.exempt === true ? `\`${variation}\`, whatever else is tripped,` : `the more severe \`${variation}\``;
  return problem(
    `${path}.mode`,
    `\`${rule.variation}\` could not be reached: \`${key}\` serves ${what} for ${describeScope(winner)} (rule \`${id}\`, by ${trip.by}: ${trip.reason}); restore that rule first, in the same change if you like`,
  );
}

/** Two exempt rules that may meet in one context and serve different modes: which one wins would be an accident. */
function findOverlap(others: readonly TripRule[], rule: TripRule, path: string): Problem | undefined {
  if (rule.trip.exempt !== true) return undefined;
  const other = others.find(
    (candidate) =>
      candidate.trip.exempt === true &&
      candidate.variation !== rule.variation &&
      mayMeet(candidate.clauses, rule.clauses),
  );
  if (other === undefined) return undefined;
  return problem(
    path,
    `exempt rules that overlap must serve the same mode: rule \`${other.id}\` serves \`${other.variation}\` for ${describeScope(other)}, got \`${rule.variation}\` for ${describeScope(rule)}; narrow one of them, or restore \`${other.id}\``,
  );
}

function listTripRules({ rules }: FlagConfiguration): readonly TripRule[] {
  return rules.filter(isTripRule);
}

function isTripRule(rule: Rule): rule is TripRule {
  return rule.trip !== undefined && rule.variation !== undefined;
}

function severityIn(variations: FlagDefinition['variations']): (mode: string | undefined) => number {
  const places = new Map(variations.map(({ id }, index) => [id, index]));
  return (mode) => places.get(mode ?? '') ?? 0;
}

function hasSameScope(a: TripRule, b: TripRule): boolean {
  return scopeOf(a) === scopeOf(b);
}

function scopeOf({ clauses, trip }: TripRule): string {
  return JSON.stringify([spellClauses(clauses), trip.share, trip.exempt === true]);
}
