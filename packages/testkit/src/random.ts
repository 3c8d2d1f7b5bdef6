/** Choices that look random and are the same in every run. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** From 0 to `below`, exclusive. */
  integer(below: number): number;
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** Different ones, at most so many. */
  sample<T>(values: readonly T[], count: number): readonly T[];
}

/** The same seed gives the same choices (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed;
  const random: Random = {
    next: () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    integer: (below) => Math.floor(random.next() * below),
    chance: (probability) => random.next() < probability,
    pick: (values) => {
      const value = values[random.integer(values.length)];
      if (value === undefined) throw new RangeError('there is nothing to pick from');
      return value;
    },
    sample: (values, count) => {
      const picked = new Set<(typeof values)[number]>();
      for (let attempt = 0; attempt < count; attempt++) picked.add(random.pick(values));
      return [...picked];
    },
  };
  return random;
}
