/** Knows which of the last ids were there before. */
export class RecentIds {
  readonly #most: number;
  readonly #ids = new Set<string>();

  /** `most`: so many are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether it is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > this.#most && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }
}
