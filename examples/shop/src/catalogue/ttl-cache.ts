export interface TtlCacheOptions {
  /** Asked for each new entry: those that are there stay as long as they were promised. */
  readonly ttlSeconds: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly maxEntries: number;
}

/** Keeps what was looked up for a while. */
export class TtlCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly endsAt: number }>();
  readonly #options: TtlCacheOptions;

  constructor(options: TtlCacheOptions) {
    this.#options = options;
  }

  get(key: string, lookUp: () => Value): Value {
    const { ttlSeconds, now, maxEntries } = this.#options;
    const known = this.#entries.get(key);
    if (known !== undefined && known.endsAt > now()) return known.value;
    const value = lookUp();
    this.#entries.delete(key);
    this.#entries.set(key, { value, endsAt: now() + ttlSeconds() * 1000 });
    // A map lists what was added first before the rest.
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
}
