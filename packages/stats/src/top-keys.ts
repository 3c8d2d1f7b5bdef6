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

  /** Takes in what another one, not this, has counted. */
  merge(other: TopKeys): void {
    const [ours, theirs] = [this.#floor, other.#floor];
    // What is kept here may have come up there as often as what is not kept there.
    if (theirs > 0) for (let slot = 0; slot < this.#keys.length; slot++) this.#add(slot, theirs, theirs);
    const fresh: number[] = [];
    for (const [key, from] of other.#slots) {
      const slot = this.#slots.get(key);
      if (slot === undefined) fresh.push(from);
      else this.#add(slot, (other.#counts[from] ?? 0) - theirs, (other.#errors[from] ?? 0) - theirs);
    }
    this.#floor = addUp(ours, theirs);
    for (const from of fresh) {
      const [count = 0, error = 0] = [other.#counts[from], other.#errors[from]];
      this.#insert({ key: other.#keys[from] ?? '', count: addUp(count, ours), error: addUp(error, ours) });
    }
  }

  /** The keys that are kept, what came up most first. */
  list(): readonly TopKey[] {
    return this.#keys
      .map((key, slot) => ({ key, count: this.#counts[slot] ?? 0, error: this.#errors[slot] ?? 0 }))
      .sort(byCount);
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
    const parsed = new TopKeys(capacity);
    const [floor] = encoded;
    parsed.#floor = floor;
    for (let at = 1; at < encoded.length; at += 3) {
      // Whatever is there is looked at.
      const [key, count, error] = [encoded[at], encoded[at + 1], encoded[at + 2]] as readonly unknown[];
      if (typeof key !== 'string' || !isNatural(count) || !isNatural(error)) return undefined;
      if (error > count || count < floor || parsed.#slots.has(key)) return undefined;
      parsed.#insert({ key, count, error });
    }
    return parsed;
  }

  /** A key that is not kept comes up: it takes the place of the one that came up least, if there is no other. */
  #admit(key: string): void {
    let slot = this.#keys.length;
    if (slot >= this.#capacity) {
      slot = this.#findLeast();
      this.#giveUp(slot);
    }
    this.#put(slot, { key, count: this.#floor + 1, error: this.#floor });
  }

  /** A key that is not kept came up so often: it is kept if there is room, or another one came up less. */
  #insert(entry: TopKey): void {
    if (this.#keys.length < this.#capacity) {
      this.#put(this.#keys.length, entry);
      return;
    }
    const slot = this.#findLeast();
    if ((this.#counts[slot] ?? 0) >= entry.count) {
      this.#floor = Math.max(this.#floor, entry.count);
      return;
    }
    this.#giveUp(slot);
    this.#put(slot, entry);
  }

  #giveUp(slot: number): void {
    this.#floor = Math.max(this.#floor, this.#counts[slot] ?? 0);
    this.#slots.delete(this.#keys[slot] ?? '');
  }

  #put(slot: number, { key, count, error }: TopKey): void {
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#counts[slot] = count;
    this.#errors[slot] = error;
  }

  #add(slot: number, count: number, error: number): void {
    const sum = addUp(this.#counts[slot] ?? 0, count);
    this.#counts[slot] = sum;
    this.#errors[slot] = Math.min(Math.max(0, (this.#errors[slot] ?? 0) + error), sum);
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
}

/** Counts that somebody made up must not grow beyond what can be told, nor below nothing. */
function addUp(one: number, other: number): number {
  return Math.min(Math.max(0, one + other), Number.MAX_SAFE_INTEGER);
}

/** What came up equally often is in the order of the keys, so that results do not depend on chance. */
function byCount(one: TopKey, other: TopKey): number {
  return other.count - one.count || (one.key < other.key ? -1 : 1);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
