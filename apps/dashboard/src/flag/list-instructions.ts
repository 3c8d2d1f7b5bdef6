import type { InstructionInput } from '@sluice/authoring';
import { type Configuration, isSame, type Rule, type Serve, type Target } from './draft.ts';

/** What leads from one configuration of a flag to another, in an order in which each instruction can be followed. */
export function listInstructions(from: Configuration, to: Configuration): readonly InstructionInput[] {
  return [
    ...listPrerequisites(from, to),
    ...listTargets(from.targets, to.targets),
    ...listRules(from.rules, to.rules),
    ...(isSame(from.fallthrough, to.fallthrough)
      ? []
      : [{ kind: 'set-fallthrough' as const, ...writeServe(to.fallthrough) }]),
    ...(from.offVariation === to.offVariation
      ? []
      : [{ kind: 'set-off-variation' as const, variation: to.offVariation }]),
    // Last: whoever turns a flag on wants it as it is after all else.
    ...(from.on === to.on ? [] : [{ kind: to.on ? ('turn-on' as const) : ('turn-off' as const) }]),
  ];
}

function listPrerequisites(from: Configuration, to: Configuration): readonly InstructionInput[] {
  const gone = from.prerequisites.filter((each) => !to.prerequisites.some((other) => isSame(each, other)));
  const come = to.prerequisites.filter((each) => !from.prerequisites.some((other) => isSame(each, other)));
  return [
    ...gone.map(({ flag }) => ({ kind: 'remove-prerequisite' as const, prerequisite: { flag } })),
    ...come.map((prerequisite) => ({ kind: 'add-prerequisite' as const, prerequisite })),
  ];
}

/** Keys leave before others come: a key may go from one variation to another. */
function listTargets(from: readonly Target[], to: readonly Target[]): readonly InstructionInput[] {
  return [
    ...compareTargets(to, from).map((target) => ({ kind: 'remove-targets' as const, ...target })),
    ...compareTargets(from, to).map((target) => ({ kind: 'add-targets' as const, ...target })),
  ];
}

/** What is in `to` and not in `from`. */
function compareTargets(from: readonly Target[], to: readonly Target[]) {
  return to.flatMap((target) => {
    const known = new Set(
      from
        .filter(({ variation, contextKind }) => variation === target.variation && contextKind === target.contextKind)
        .flatMap(({ keys }) => keys),
    );
    const keys = target.keys.filter((key) => !known.has(key));
    return keys.length === 0 ? [] : [{ ...target, keys }];
  });
}

function listRules(from: readonly Rule[], to: readonly Rule[]): readonly InstructionInput[] {
  const old = new Map(from.map((rule) => [rule.id, rule]));
  const wanted = new Set(to.map(({ id }) => id));
  const stays = findStaying(
    from.filter(({ id }) => wanted.has(id)).map(({ id }) => id),
    to.filter(({ id }) => old.has(id)).map(({ id }) => id),
  );
  const removed = from.filter(({ id }) => !wanted.has(id)).map(({ id }) => ({ kind: 'remove-rule' as const, id }));
  // From the last to the first: the rule behind each is in its place already.
  const placed = to.toReversed().flatMap((rule, index): readonly InstructionInput[] => {
    const next = index === 0 ? undefined : to[to.length - index]?.id;
    const before = next === undefined ? {} : { before: next };
    const was = old.get(rule.id);
    if (was === undefined) return [{ kind: 'add-rule', rule: writeRule(rule), ...before }];
    return [
      ...(isSame(was, rule) ? [] : [{ kind: 'replace-rule' as const, rule: writeRule(rule) }]),
      ...(stays.has(rule.id) ? [] : [{ kind: 'move-rule' as const, id: rule.id, ...before }]),
    ];
  });
  return [...removed, ...placed];
}

/** The most ids that can stay where they are: a longest common order of both. */
function findStaying(from: readonly string[], to: readonly string[]): ReadonlySet<string> {
  const place = new Map(from.map((id, index) => [id, index]));
  let best: readonly string[] = [];
  const endingAt: (readonly string[])[] = [];
  for (const id of to) {
    const at = place.get(id) ?? -1;
    let longest: readonly string[] = [];
    for (const each of endingAt) {
      const last = place.get(each.at(-1) ?? '') ?? -1;
      if (last < at && each.length > longest.length) longest = each;
    }
    const chain = [...longest, id];
    endingAt.push(chain);
    if (chain.length > best.length) best = chain;
  }
  return new Set(best);
}

function writeRule(rule: Rule) {
  const { id, name, clauses } = rule;
  return {
    id,
    ...(name !== undefined && { name }),
    clauses: clauses.map((clause) => ({ ...clause, values: [...clause.values] })),
    ...writeServe(rule),
  };
}

function writeServe(serve: Serve) {
  if (!('rollout' in serve)) return { variation: serve.variation };
  const { variations, ...rest } = serve.rollout;
  return { rollout: { variations: [...variations], ...rest } };
}
