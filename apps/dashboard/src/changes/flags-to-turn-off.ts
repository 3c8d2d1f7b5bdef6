import type { ChangeView } from '@sluice/api-client';

/**
 * By the id of a change, the release flag that it was about and nothing else, where that is on: at the newest change of
 * each flag, so that it is offered once.
 */
export function findFlagsToTurnOff(changes: readonly ChangeView[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  for (const { id, flags = [], effects } of changes) {
    const [only, ...others] = flags;
    const isOfOne = only !== undefined && others.length === 0 && effects.every(({ key }) => key === only.key);
    if (!isOfOne || only.kind !== 'release' || only.state !== 'on' || seen.has(only.key)) continue;
    seen.add(only.key);
    found.set(id, only.key);
  }
  return found;
}
