/** Different lists that are remembered. */
const kept = 1000;

/** The same list for all who told of the same: a fleet is large, and most of it is alike. */
export class SharedLists<T> {
  readonly #none: readonly T[];
  /** By their JSON. */
  readonly #lists = new Map<string, readonly T[]>();

  constructor(none: readonly T[]) {
    this.#none = none;
  }

  share(list: readonly T[]): readonly T[] {
    if (list.length === 0) return this.#none;
    const text = JSON.stringify(list);
    const known = this.#lists.get(text);
    if (known !== undefined) return known;
    // Forgetting some only costs memory.
    if (this.#lists.size >= kept) this.#lists.clear();
    this.#lists.set(text, list);
    return list;
  }
}
