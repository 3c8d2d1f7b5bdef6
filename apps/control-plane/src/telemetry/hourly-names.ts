const hourMs = 3_600_000;

/** Names of each environment that were told apart in this hour, up to so many. */
export class HourlyNames {
  readonly #most: number;
  readonly #names = new Map<string, Set<string>>();
  #since = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** false: there are too many already, and this is none of them. */
  admit(environmentId: string, name: string, now: number): boolean {
    if (Math.abs(now - this.#since) >= hourMs) {
      this.#names.clear();
      this.#since = now;
    }
    const names = this.#names.get(environmentId) ?? new Set();
    this.#names.set(environmentId, names);
    if (names.size >= this.#most && !names.has(name)) return false;
    names.add(name);
    return true;
  }
}
