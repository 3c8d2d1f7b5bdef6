import { type Lookup, listSegmentReferences, type ObjectId, sameObject } from './objects.ts';

/**
 * So many prerequisites a flag may have, and so many segments a segment may ask: theirs included, each as often as it
 * is asked. SDKs ask them all, one inside the other, whenever they evaluate.
 */
export const furthestReach = 100;

type View = Pick<Lookup, 'findFlag' | 'findSegment' | 'listDependents'>;

/** The first that reaches too far among an object and whoever asks it, directly or not; references form no cycle. */
export function findOverreach(object: ObjectId, view: View): ObjectId | undefined {
  const reaches = new Map<string, number>();
  /** Stops where it is too far anyway, so that it goes neither deeper nor on for longer than that. */
  const reachOf = (id: ObjectId, depth = 0): number => {
    const known = reaches.get(id.key);
    if (known !== undefined) return known;
    let reach = 0;
    for (const next of depth > furthestReach ? [] : listAsked(id, view)) {
      reach += 1 + reachOf(next, depth + 1);
      if (reach > furthestReach) break;
    }
    reaches.set(id.key, reach);
    return reach;
  };
  const dependents = new Map([[object.key, object]]);
  // Maps visit what is added meanwhile.
  for (const id of dependents.values()) {
    if (reachOf(id) > furthestReach) return id;
    for (const dependent of view.listDependents(id)) {
      if (dependent.kind === id.kind) dependents.set(dependent.key, dependent);
    }
  }
  return undefined;
}

/** Whether a change lets an object ask what it did not ask before. */
export function asksMore(id: ObjectId, before: View, after: View): boolean {
  const asked = listAsked(id, before);
  return listAsked(id, after).some((next) => !asked.some((other) => sameObject(other, next)));
}

/** What is of the same kind: segments that a flag asks ask no flags. */
function listAsked({ kind, key }: ObjectId, { findFlag, findSegment }: View): readonly ObjectId[] {
  if (kind === 'segment') {
    const segment = findSegment(key);
    return segment === undefined ? [] : listSegmentReferences(segment);
  }
  const prerequisites = findFlag(key)?.configuration.prerequisites ?? [];
  return prerequisites.map((prerequisite) => ({ kind, key: prerequisite.flag }));
}
