import type { BackfillStanding, BackfillTally } from '@sluice/protocol';
import type { Clock, Log } from '@sluice/sdk-common';

export interface BackfillProgress extends BackfillTally {
  /** How many ranges there are, and how many of them are copied, and verified, by whomever. */
  readonly ranges: number;
  readonly copied: number;
  readonly verified: number;
  /** Of all rows, how many are copied, as far as that is known; from 0 to 1. */
  readonly share: number;
  /** Rows that differed when a range was verified, and do not any more. */
  readonly repaired: number;
  /** Workers of all processes. */
  readonly workers: number;
  /** Of this process, over the last half minute or so. */
  readonly rowsPerSecond: number;
  /** Until all is copied, if it goes on like that; undefined: nobody knows. */
  readonly etaMs: number | undefined;
  /** What slows it down; undefined: nothing. */
  readonly reason: string | undefined;
}

export interface TrackerOptions {
  readonly clock: Pick<Clock, 'elapsed' | 'after'>;
  readonly rangeRows: number;
  readonly onProgress: ((progress: BackfillProgress) => void) | undefined;
  readonly find: () => { readonly own: number; readonly reason: string | undefined; readonly repaired: number };
  readonly log: Log;
}

const tellMs = 1000;
const memoryMs = 30_000;

/** Knows how far a run is; rows are those of this process. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #tallies = new Map<number, BackfillTally>();
  readonly #firstTallies = new Map<number, BackfillTally>();
  #standing: BackfillStanding = { workers: 0, ranges: 0, copied: 0, verified: 0 };
  #rate = 0;
  /** Of the rate, how much is measured. */
  #weight = 0;
  #rowsSince = 0;
  #measuredAt: number;
  #cancel = (): void => undefined;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#measuredAt = options.clock.elapsed();
  }

  start(): void {
    this.#cancel = this.#options.clock.after(tellMs, () => {
      this.#measure();
      this.#tell();
      this.start();
    });
  }

  close(): void {
    this.#cancel();
    this.#measure();
    this.#tell();
  }

  countRow(): void {
    this.#rowsSince++;
  }

  /** What is done of a range in all, and what others had done of it. */
  begin(position: number, tally: BackfillTally): void {
    this.#firstTallies.set(position, tally);
  }

  countPage(position: number, tally: BackfillTally): void {
    this.#tallies.set(position, tally);
  }

  /** Of all processes. */
  get workers(): number {
    return this.#standing.workers;
  }

  see(standing: BackfillStanding): void {
    this.#standing = standing;
  }

  find(): BackfillProgress {
    const { own, reason, repaired } = this.#options.find();
    const { workers, ranges, copied, verified } = this.#standing;
    const tally = this.#sum();
    const share = ranges === 0 ? 0 : Math.min(1, copied / ranges);
    const rowsPerSecond = this.#weight === 0 ? 0 : this.#rate / this.#weight;
    const everybody = rowsPerSecond * Math.max(1, workers / Math.max(1, own));
    const left = (ranges - copied) * this.#options.rangeRows;
    const etaMs = ranges === 0 || everybody === 0 ? undefined : (left / everybody) * 1000;
    return { ...tally, ranges, copied, verified, share, repaired, workers, rowsPerSecond, etaMs, reason };
  }

  #sum(): BackfillTally {
    const sum = { rows: 0, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 };
    for (const [position, tally] of this.#tallies) {
      const before = this.#firstTallies.get(position);
      // Both have the same names.
      for (const name of Object.keys(sum) as (keyof BackfillTally)[]) sum[name] += tally[name] - (before?.[name] ?? 0);
    }
    return sum;
  }

  /** An average in which what is older than half a minute counts little. */
  #measure(): void {
    const now = this.#options.clock.elapsed();
    const ms = now - this.#measuredAt;
    if (ms <= 0) return;
    const old = Math.exp(-ms / memoryMs);
    this.#rate = this.#rate * old + ((this.#rowsSince * 1000) / ms) * (1 - old);
    this.#weight = this.#weight * old + (1 - old);
    this.#rowsSince = 0;
    this.#measuredAt = now;
  }

  #tell(): void {
    const { onProgress, log } = this.#options;
    try {
      onProgress?.(this.find());
    } catch (error) {
      log.error(`backfill: onProgress failed: ${String(error)}`);
    }
  }
}
