/**
 * Each power of two is cut into 32 buckets of equal width, so that the middle of a bucket is within 1/64, or 1.6%, of
 * everything in it. (Log-linear, as in HdrHistogram.)
 */
const bucketsOfOctave = 32;
/** 28 octaves of thousandths: up to 2^32 of them. */
const octaves = 28;
const buckets = octaves * bucketsOfOctave;
const unitsOfValue = 1000;
const mostUnits = 2 ** 32 - 1;

/**
 * How often values came up, such as durations in milliseconds. Values are told apart down to a thousandth, and from
 * there up to 4.29 million within 1.6%; smaller ones count as 0, larger ones as the largest. Merging loses nothing.
 */
export class Histogram {
  /** Made when first needed: most histograms see a few octaves only. Counts are integers up to 2^53. */
  readonly #octaves: (Float64Array | undefined)[] = new Array<undefined>(octaves).fill(undefined);
  #count = 0;

  /** Values in all, at most 2^53 - 1. */
  get count(): number {
    return this.#count;
  }

  /** Adds a value; allocates nothing where one of its octave was there before. NaN counts as 0. */
  record(value: number): void {
    const units = value * unitsOfValue;
    const index = indexOf(units > 0 ? Math.min(units, mostUnits) >>> 0 : 0);
    const octave = this.#octaves[index >> 5] ?? this.#open(index >> 5);
    // The index is below 32, and the array that long.
    (octave[index & 31] as number)++;
    this.#count++;
  }

  merge(other: Histogram): void {
    for (let at = 0; at < octaves; at++) {
      const theirs = other.#octaves[at];
      if (theirs === undefined) continue;
      const ours = this.#octaves[at];
      if (ours === undefined) this.#octaves[at] = theirs.slice();
      // Both have the same length.
      else
        for (let bucket = 0; bucket < bucketsOfOctave; bucket++)
          ours[bucket] = addUp(ours[bucket] as number, theirs[bucket] as number);
    }
    this.#count = addUp(this.#count, other.#count);
  }

  /** The value that a share of all values, from 0 to 1, does not exceed; undefined: there are none. */
  quantile(share: number): number | undefined {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    let last: number | undefined;
    this.#visit((index, count) => {
      if (seen < rank) last = index;
      seen += count;
    });
    return last === undefined ? undefined : middleOf(last) / unitsOfValue;
  }

  /** Pairs, for each bucket in use: how far it is from the one before, and its count. */
  encode(): number[] {
    const encoded: number[] = [];
    let before = 0;
    this.#visit((index, count) => {
      encoded.push(index - before, count);
      before = index;
    });
    return encoded;
  }

  /** Reads what `encode` gave; undefined when it cannot have. */
  static parse(encoded: unknown): Histogram | undefined {
    if (!Array.isArray(encoded) || encoded.length % 2 !== 0 || encoded.length > 2 * buckets) return undefined;
    const histogram = new Histogram();
    let index = 0;
    for (let at = 0; at < encoded.length; at += 2) {
      const gap: unknown = encoded[at];
      const count: unknown = encoded[at + 1];
      if (!isNatural(gap) || !isNatural(count) || count === 0 || (gap === 0 && at > 0)) return undefined;
      index += gap;
      if (index >= buckets) return undefined;
      histogram.#add(index, count);
    }
    return histogram;
  }

  #add(index: number, count: number): void {
    const octave = this.#octaves[index >> 5] ?? this.#open(index >> 5);
    octave[index & 31] = addUp(octave[index & 31] ?? 0, count);
    this.#count = addUp(this.#count, count);
  }

  #open(index: number): Float64Array {
    const octave = new Float64Array(bucketsOfOctave);
    this.#octaves[index] = octave;
    return octave;
  }

  /** Buckets in use, in order. Without a generator: servers merge thousands of histograms in a second. */
  #visit(see: (index: number, count: number) => void): void {
    for (let at = 0; at < octaves; at++) {
      const octave = this.#octaves[at];
      if (octave === undefined) continue;
      for (let bucket = 0; bucket < bucketsOfOctave; bucket++) {
        // The array is that long.
        const count = octave[bucket] as number;
        if (count > 0) see(at * bucketsOfOctave + bucket, count);
      }
    }
  }
}

/** Below 64 each integer has a bucket; above, the 6 leading bits tell. */
function indexOf(units: number): number {
  const shift = Math.max(0, 26 - Math.clz32(units));
  return shift * bucketsOfOctave + (units >>> shift);
}

function middleOf(index: number): number {
  const shift = Math.max(0, (index >> 5) - 1);
  // Nothing happened for so little that it can be told from 0.
  return index === 0 ? 0 : (index - shift * bucketsOfOctave + 0.5) * 2 ** shift;
}

/** Counts that somebody made up must not grow beyond what can be told. */
function addUp(one: number, other: number): number {
  return Math.min(one + other, Number.MAX_SAFE_INTEGER);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
