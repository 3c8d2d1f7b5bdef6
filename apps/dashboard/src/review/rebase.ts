import { isSame } from '../flag/draft.ts';

/** What one's edits did since they began, field by field, on top of what somebody else left. */
export function rebaseFields<T extends object>(began: T, theirs: T, mine: T): T {
  const edited = Object.entries(mine).filter(([name, value]) => !isSame(value, began[name as keyof T]));
  return { ...theirs, ...Object.fromEntries(edited) };
}

interface Entry {
  readonly id: string;
}

/** The same of a list: what one's edits changed, added or took out, by id; what they left alone is theirs. */
export function rebaseEntries<T extends Entry>(
  began: readonly T[],
  theirs: readonly T[],
  mine: readonly T[],
): readonly T[] {
  const edited = findEdited(began, mine);
  const known = new Set(theirs.map(({ id }) => id));
  const kept = theirs.flatMap((each) => (edited.has(each.id) ? (mine.find(({ id }) => id === each.id) ?? []) : [each]));
  return [...kept, ...mine.filter(({ id }) => edited.has(id) && !known.has(id))];
}

/** Ids of what is other, new or gone. */
export function findEdited<T extends Entry>(began: readonly T[], mine: readonly T[]): ReadonlySet<string> {
  const [were, are] = [began, mine].map((list) => new Map(list.map((each) => [each.id, each])));
  const ids = [...began, ...mine].map(({ id }) => id);
  return new Set(ids.filter((id) => !isSame(were?.get(id), are?.get(id))));
}
