import { type InstructionInput, type JsonValue, sortByLayer } from '@sluice/authoring';
import { type Clause, type Configuration, isSame, type Rule } from '../flag/draft.ts';
import { findEdited } from '../review/rebase.ts';

/** The environment's value. A config's variations are JSON texts of its values. */
export function environmentValueOf({ fallthrough }: Pick<Configuration, 'fallthrough'>): JsonValue {
  return parseVariation(fallthrough);
}

export function parseVariation(serve: Configuration['fallthrough']): JsonValue {
  // Written by `nameValue` or by `JSON.stringify` below.
  return 'variation' in serve ? (JSON.parse(serve.variation) as JsonValue) : null;
}

export function withValue(draft: Configuration, value: JsonValue): Configuration {
  const variation = JSON.stringify(value);
  return { ...draft, fallthrough: { variation }, offVariation: variation };
}

export interface Override {
  readonly id: string;
  readonly name?: string | undefined;
  readonly clauses: readonly Clause[];
  readonly value: JsonValue;
}

export function overrideOf(rule: Rule): Override {
  const { id, name, clauses } = rule;
  return { id, ...(name !== undefined && { name }), clauses, value: parseVariation(rule) };
}

/** The overrides in the order in which they win, with one changed or new; without a value it goes. */
export function withOverride(
  draft: Configuration,
  id: string,
  override: Override | undefined,
  dimensions: readonly string[],
): Configuration {
  const others = draft.rules.filter((rule) => rule.id !== id);
  if (override === undefined) return { ...draft, rules: others };
  const { value, ...rest } = override;
  const rule: Rule = { ...rest, variation: JSON.stringify(value) };
  // The newest first, as the server puts it; one that is only changed stays among its like.
  const at = draft.rules.findIndex((each) => each.id === id);
  const rules = at < 0 ? [rule, ...others] : draft.rules.with(at, rule);
  // They have variations only, like rules of the server's.
  return {
    ...draft,
    rules: sortByLayer(rules as Parameters<typeof sortByLayer>[0], { schema: {}, dimensions }) as readonly Rule[],
  };
}

interface Rebased {
  readonly began: Configuration;
  readonly theirs: Configuration;
  readonly mine: Configuration;
}

/** What one's edits did since they began, on top of what somebody else left: what they did not touch is theirs. */
export function rebaseValues({ began, theirs, mine }: Rebased, dimensions: readonly string[]): Configuration {
  const edited = findEdited(began.rules, mine.rules);
  const set = mine.rules.filter(({ id }) => edited.has(id));
  // There is one override for the same clauses.
  const isReplaced = ({ id, clauses }: Rule) => set.some((rule) => rule.id !== id && isSame(rule.clauses, clauses));
  const kept = theirs.rules.filter((rule) => !edited.has(rule.id) || set.some(({ id }) => id === rule.id));
  const base = { ...theirs, rules: kept.filter((rule) => !isReplaced(rule)) };
  // The last first: of two that are alike in everything, the newer wins.
  const all = set.reduceRight<Configuration>(
    (values, rule) => withOverride(values, rule.id, overrideOf(rule), dimensions),
    base,
  );
  return isSame(began.fallthrough, mine.fallthrough) ? all : withValue(all, environmentValueOf(mine));
}

/** What leads from one state of a config to another. `confirm`: a number may change by more than it should at once. */
export function listConfigInstructions(
  from: Configuration,
  to: Configuration,
  confirm: boolean,
): readonly InstructionInput[] {
  const confirmed = confirm ? { confirm } : {};
  const were = new Map(from.rules.map((rule) => [rule.id, rule]));
  const are = new Map(to.rules.map((rule) => [rule.id, rule]));
  // Another scope is another override.
  const gone = from.rules.filter(({ id, clauses }) => !isSame(are.get(id)?.clauses, clauses));
  const set = to.rules.filter((rule) => !isSame(were.get(rule.id), rule));
  return [
    ...gone.map(({ id }) => ({ kind: 'remove-override' as const, id, ...confirmed })),
    // The last first: of two that are alike in everything, the newer wins.
    ...set.toReversed().map((rule) => {
      const { id, name, clauses, value } = overrideOf(rule);
      const when = clauses.map((clause) => ({ ...clause, values: [...clause.values] }));
      return { kind: 'set-override' as const, id, ...(name !== undefined && { name }), when, value, ...confirmed };
    }),
    ...(isSame(from.fallthrough, to.fallthrough)
      ? []
      : [{ kind: 'set-value' as const, value: environmentValueOf(to), ...confirmed }]),
  ];
}
