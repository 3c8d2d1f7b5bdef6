import type { ObjectId } from '@sluice/authoring';
import { listFlagReferences, listSegmentReferences, Ruleset } from '@sluice/engine';
import { regex } from '../platform.ts';

/** Flags and whatever they need, nothing else; `findJson`: what SDKs get of an object, undefined: nothing. */
export function createRulesetOf(
  flags: readonly string[],
  findJson: (object: ObjectId) => string | undefined,
): Ruleset<undefined> {
  const ruleset = new Ruleset<undefined>({ regex, createTally: () => undefined });
  const seen = new Set<string>();
  const waiting = flags.map((key): ObjectId => ({ kind: 'flag', key }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const name = `${next.kind}/${next.key}`;
    const json = seen.has(name) ? undefined : findJson(next);
    if (json === undefined) continue;
    seen.add(name);
    // Compiled by this program.
    const object = JSON.parse(json);
    if (next.kind === 'flag') ruleset.setFlag(object);
    else ruleset.setSegment(object);
    waiting.push(...(next.kind === 'flag' ? listFlagReferences(object) : listSegmentReferences(object)));
  }
  return ruleset;
}
