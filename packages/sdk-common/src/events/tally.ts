import { type Context, type Flag, listKinds } from '@sluice/engine';

/**
 * Counts the evaluations of one version of a flag until they are summarised. Counting allocates nothing: there is a
 * counter for each variation, and one for evaluations that served the caller's default value.
 */
export class Tally {
  readonly flag: Flag;
  /** Whether evaluations need no event of their own, and are counted. */
  readonly isPlain: boolean;
  /** By index of the variation plus one; the first is of default values. */
  readonly #counts: number[];
  readonly #kinds = new Set<string>();
  #lastKind = '';
  #defaultValue: unknown;
  #servedDefault: unknown;
  #isListed = false;
  readonly #onFirst: (tally: Tally) => void;

  /** `onFirst` is told when there is something to take. */
  constructor(flag: Flag, onFirst: (tally: Tally) => void) {
    this.flag = flag;
    this.#onFirst = onFirst;
    this.#counts = new Array<number>((flag.variations ?? []).length + 1).fill(0);
    this.isPlain =
      flag.trackEvents !== true &&
      flag.trackEventsFallthrough !== true &&
      !flag.debugEventsUntilDate &&
      flag.excludeFromSummaries !== true;
  }

  /** Counts one evaluation; `variation` undefined: the default value was served. */
  count(variation: number | undefined, context: Context | undefined, defaultValue: unknown): void {
    const index = variation === undefined ? 0 : variation + 1;
    // The index is one of a variation of this flag.
    (this.#counts[index] as number)++;
    if (!this.#isListed) {
      this.#isListed = true;
      this.#defaultValue = defaultValue;
      this.#onFirst(this);
    }
    if (index === 0) this.#servedDefault = defaultValue;
    if (context !== undefined && (context.kind !== this.#lastKind || context.kind === 'multi'))
      this.#noteKinds(context);
  }

  /** What was counted since the last call; undefined: nothing. */
  take(): FlagSummary | undefined {
    const variations = this.flag.variations ?? [];
    const counters = this.#counts.flatMap((count, index): Counter[] => {
      if (count === 0) return [];
      const version = this.flag.version;
      return index === 0
        ? [{ value: this.#servedDefault, count, version }]
        : [{ value: variations[index - 1], count, variation: index - 1, version }];
    });
    const summary = { default: this.#defaultValue, contextKinds: [...this.#kinds], counters };
    this.#counts.fill(0);
    this.#kinds.clear();
    this.#lastKind = '';
    this.#isListed = false;
    return counters.length === 0 ? undefined : summary;
  }

  #noteKinds(context: Context): void {
    this.#lastKind = context.kind;
    if (context.kind !== 'multi') this.#kinds.add(context.kind);
    else for (const kind of listKinds(context)) this.#kinds.add(kind);
  }
}

/** One flag in a summary event. */
export interface FlagSummary {
  /** The default value of the first evaluation. */
  readonly default: unknown;
  readonly contextKinds: readonly string[];
  readonly counters: readonly Counter[];
}

export interface Counter {
  readonly value: unknown;
  readonly count: number;
  readonly variation?: number;
  readonly version?: number;
  /** There is no such flag. */
  readonly unknown?: true;
}
