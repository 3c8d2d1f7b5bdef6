/** Lists of context keys by context kind, as targets and segment members are kept: never empty, no key twice. */
export interface KeyList {
  readonly contextKind: string;
  readonly keys: readonly string[];
}

/** Adds keys to the list that `belongs` picks, or to a new one made by `create`. */
export function addKeys<T extends KeyList>(
  lists: readonly T[],
  keys: readonly string[],
  belongs: (list: T) => boolean,
  create: (keys: readonly string[]) => T,
): readonly T[] {
  const index = lists.findIndex(belongs);
  const list = lists[index];
  if (list === undefined) return [...lists, create([...new Set(keys)])];
  return lists.with(index, { ...list, keys: [...new Set([...list.keys, ...keys])] });
}

/** Takes keys out of every list that `belongs` picks; lists that become empty go. */
export function removeKeys<T extends KeyList>(
  lists: readonly T[],
  keys: readonly string[],
  belongs: (list: T) => boolean,
): readonly T[] {
  const removed = new Set(keys);
  return lists
    .map((list) => (belongs(list) ? { ...list, keys: list.keys.filter((key) => !removed.has(key)) } : list))
    .filter((list) => list.keys.length > 0);
}
