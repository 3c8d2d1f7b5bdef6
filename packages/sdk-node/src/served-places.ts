import type { Detail, Flag, Target, VariationOrRollout } from '@sluice/engine';

/** A place of a flag where something is served: a rule by its id, the targets of a variation, and everybody else. */
export const everybody = 'everybody';

/** Where something was served. */
export function placeOf({ reason, variation }: Pick<Detail, 'reason' | 'variation'>): string {
  if (reason.kind === 'RULE_MATCH') return placeOfRule(reason.ruleId, reason.ruleIndex);
  return reason.kind === 'TARGET_MATCH' ? placeOfTargets(variation) : everybody;
}

function placeOfRule(id: string | undefined, index: number): string {
  return id === undefined ? `rules[${index}]` : `rule ${id}`;
}

function placeOfTargets(variation: number | undefined): string {
  return `targets of variations[${variation}]`;
}

/** A place, and what may be served there. */
interface Served {
  readonly place: string;
  readonly variations: readonly number[];
  /** Whom it is for, where that is a list: they are known again when they are targets of another variation. */
  readonly names: readonly string[];
}

export function listServed(flag: Flag | undefined): readonly Served[] {
  if (flag === undefined) return [];
  const { on, fallthrough = {}, offVariation, targets = [], contextTargets = [], rules = [] } = flag;
  const everywhere = { place: everybody, names: [] };
  if (on !== true) return typeof offVariation === 'number' ? [{ ...everywhere, variations: [offVariation] }] : [];
  return [
    { ...everywhere, variations: variationsOf(fallthrough) },
    ...[...contextTargets, ...targets].map((target) => ({
      place: placeOfTargets(target.variation),
      variations: [target.variation],
      names: namesOf(target),
    })),
    ...rules.map((rule, index) => ({
      place: placeOfRule(rule.id, index),
      variations: variationsOf(rule),
      names: [],
    })),
  ];
}

function namesOf({ contextKind = 'user', values = [] }: Target): readonly string[] {
  return values.map((key) => `target ${contextKind} ${key}`);
}

function variationsOf({ variation, rollout }: VariationOrRollout): readonly number[] {
  if (typeof variation === 'number') return [variation];
  return (rollout?.variations ?? []).map((each) => each.variation);
}

/**
 * What each place serves that is good, and where a place serves nothing of the kind any more, what it served last that
 * was; of targets, what any of them was served. `read`: what a variation is; undefined: not good.
 */
export function keepLastGood<T>(
  flag: Flag | undefined,
  before: ReadonlyMap<string, T>,
  read: (variation: number) => T | undefined,
): ReadonlyMap<string, T> {
  const kept = new Map<string, T>();
  for (const { place, variations, names } of listServed(flag)) {
    const known = (names.length > 0 ? names : [place]).map((name) => before.get(name));
    const good = [...variations.map(read), ...known].find((each) => each !== undefined);
    if (good === undefined) continue;
    // Of several targets of a name the first is served.
    for (const name of [place, ...names]) if (!kept.has(name)) kept.set(name, good);
  }
  return kept;
}
