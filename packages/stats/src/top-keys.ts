/** How often a key came up: at most `count`, and at least `count - error` times. */
export interface TopKey {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

/**
 * The keys that came up most, in bounded memory, whatever comes: of `capacity` keys counts are kept, and each is wrong
 * by at most the `capacity`-th part of all that came. (Space-saving: Metwally, Agrawal, El Abbadi, 2005; merging:
 * Agarwal et al., Mergeable Summaries, 2012.)
 */
export class TopKeys {
  readonly #capacity: number;
  readonly #slots = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #counts: number[] = [];
  readonly #errors: number[] = [];
  /** The most that a key which is not kept may have come up. */
  #floor = 0;
  /** Where the key that came up least was found last. */
  #hand = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Adds one; allocates nothing for a key that is kept. */
  count(key: string): void {
    const slot = this.#slots.get(key);
    // The slot is one of this list.
    if (slot !== undefined) (this.#counts[slot] as number)++;
    else this.#admit(key);
  }

  /** Takes in what another has counted. */
  merge(other: TopKeys): void {
    const all = [...this.#slots.keys(), ...other.#slots.keys()];
    const merged = [...new Set(all)].map((key) => addUp(this.#find(key), other.#find(key)));
    this.#replace(merged.sort(byCount), this.#floor + other.#floor);
  }

  /** The keys that are kept, what came up most first. */
  list(): readonly TopKey[] {
    return [...this.#slots.keys()].map((key) => this.#find(key)).sort(byCount);
  }

  /** The most that a key which is not kept may have come up; then key, count and error of each. */
  encode(): (string | number)[] {
    return [this.#floor, ...this.list().flatMap(({ key, count, error }) => [key, count, error])];
  }

  /**
   * Reads what `encode` gave; undefined when it cannot have. Of more keys than `capacity` those with the highest counts
   * are kept.
   */
  static parse(encoded: unknown, capacity: number): TopKeys | undefined {
    if (!Array.isArray(encoded) || encoded.length % 3 !== 1 || !isNatural(encoded[0])) return undefined;
    const entries = new Map<string, TopKey>();
    for (let at = 1; at < encoded.length; at += 3) {
      const [key, count, error]: readonly unknown[] = encoded.slice(at, at + 3);
      if (typeof key !== 'string' || !isNatural(count) || !isNatural(error) || error > count) return undefined;
      if (entries.has(key)) return undefined;
      entries.set(key, { key, count, error });
    }
    const parsed = new TopKeys(capacity);
    parsed.#replace([...entries.values()].sort(byCount), encoded[0]);
    return parsed;
  }

  /** A key that is not kept comes up: it takes the place of the one that came up least, if there is no other. */
  #admit(key: string): void {
    let slot = this.#keys.length;
    if (slot >= this.#capacity) {
      slot = this.#findLeast();
      this.#floor = Math.max(this.#floor, this.#counts[slot] ?? 0);
      this.#slots.delete(this.#keys[slot] ?? '');
    }
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#counts[slot] = this.#floor + 1;
    this.#errors[slot] = this.#floor;
  }

  /** Goes on where it found the last one: none is below the floor, and those that are there are found in turn. */
  #findLeast(): number {
    let least = this.#hand;
    for (let step = 0; step < this.#capacity; step++) {
      const slot = (this.#hand + step) % this.#capacity;
      // The slots are those of this list, here and below.
      const count = this.#counts[slot] as number;
      if (count < (this.#counts[least] as number)) least = slot;
      if (count <= this.#floor) break;
    }
    this.#hand = least;
    return least;
  }

  #find(key: string): TopKey {
    const slot = this.#slots.get(key);
    if (slot === undefined) return { key, count: this.#floor, error: this.#floor };
    return { key, count: this.#counts[slot] ?? 0, error: this.#errors[slot] ?? 0 };
  }

  /** `sorted`: what comes after the first `capacity` is given up. */
  #replace(sorted: readonly TopKey[], floor: number): void {
    this.#floor = Math.min(Math.max(floor, sorted[this.#capacity]?.count ?? 0), Number.MAX_SAFE_INTEGER);
    this.#slots.clear();
    for (const list of [this.#keys, this.#counts, this.#errors]) list.length = 0;
    for (const { key, count, error } of sorted.slice(0, this.#capacity)) {
      this.#slots.set(key, this.#keys.length);
      this.#keys.push(key);
      this.#counts.push(count);
      this.#errors.push(error);
    }
  }
}

/** Counts that somebody made up must not grow beyond what can be told. */
function addUp(one: TopKey, other: TopKey): TopKey {
  const count = Math.min(one.count + other.count, Number.MAX_SAFE_INTEGER);
  return { key: one.key, count, error: Math.min(one.error + other.error, count) };
}

/** What came up equally often is in the order of the keys, so that results do not depend on chance. */
function byCount(one: TopKey, other: TopKey): number {
  return other.count - one.count || (one.key < other.key ? -1 : 1);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
