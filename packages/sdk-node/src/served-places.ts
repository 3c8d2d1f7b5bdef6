import type { Flag, Reason, VariationOrRollout } from '@sluice/engine';

/** A place of a flag where something is served: a rule by its id, the targets, and everybody else. */
export const everybody = 'everybody';
const pinned = 'targets';

/** Where something was served. */
export function placeOf(reason: Reason): string {
  if (reason.kind === 'RULE_MATCH') return placeOfRule(reason.ruleId, reason.ruleIndex);
  return reason.kind === 'TARGET_MATCH' ? pinned : everybody;
}

function placeOfRule(id: string | undefined, index: number): string {
  return id === undefined ? `rules[${index}]` : `rule ${id}`;
}

/** What may be served where. */
export function listServed(
  flag: Flag | undefined,
): readonly (readonly [place: string, variations: readonly number[]])[] {
  if (flag === undefined) return [];
  const { on, fallthrough = {}, offVariation, targets = [], contextTargets = [], rules = [] } = flag;
  if (on !== true) return typeof offVariation === 'number' ? [[everybody, [offVariation]]] : [];
  return [
    [everybody, variationsOf(fallthrough)],
    [pinned, [...targets, ...contextTargets].map(({ variation }) => variation)],
    ...rules.map((rule, index) => [placeOfRule(rule.id, index), variationsOf(rule)] as const),
  ];
}

function variationsOf({ variation, rollout }: VariationOrRollout): readonly number[] {
  if (typeof variation === 'number') return [variation];
  return (rollout?.variations ?? []).map((each) => each.variation);
}

/**
 * What each place serves that is good, and where a place serves nothing of the kind any more, what it served last that
 * was. `read`: what a variation is; undefined: not good.
 */
export function keepLastGood<T>(
  flag: Flag | undefined,
  before: ReadonlyMap<string, T>,
  read: (variation: number) => T | undefined,
): ReadonlyMap<string, T> {
  const kept = new Map<string, T>();
  for (const [place, variations] of listServed(flag)) {
    const good = variations.map(read).find((each) => each !== undefined) ?? before.get(place);
    if (good !== undefined) kept.set(place, good);
  }
  return kept;
}
