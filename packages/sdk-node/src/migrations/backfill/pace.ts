import type { Clock } from '@sluice/sdk-common';
import { sleep } from './sleep.ts';

export interface PaceOptions {
  /** Rows per second of all workers everywhere, asked for again and again; 0 rests. */
  readonly rate: () => number;
  /** How much of it is for this process, from 0 to 1. */
  readonly share: () => number;
  /** Of the target's writes; slower than that is too fast for it. */
  readonly targetP99Ms: number;
  readonly clock: Pick<Clock, 'elapsed' | 'after'>;
}

/** So much of the errors and latencies of a second decides; where less happens, of ten seconds. */
const window = { ms: 1000, longestMs: 10_000, samples: 20 };
const healthy = { everyMs: 10_000, factor: 1.05 };
const leastFactor = 1 / 64;
const mostErrors = 0.01;
/** What has not been used of the rate for so long may be used at once. */
const burstMs = 100;
/** The rate may be another after that. */
const lookMs = 250;

/**
 * How fast a backfill goes: a bucket of tokens, one for each row, filled at the rate that is given, and slower while the
 * target suffers: halved when its writes are slow or fail, and 5% more for every 10 s that it is well, or has nothing to
 * write as the rows are there already.
 */
export class Pace {
  readonly #options: PaceOptions;
  #factor = 1;
  #tokens = 0;
  #filledAt: number;
  #reason: string | undefined;
  #durations: number[] = [];
  #errors = 0;
  #windowAt = 0;
  #notedAt: number;
  #raisedAt: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    const now = options.clock.elapsed();
    this.#filledAt = now;
    this.#notedAt = now;
    this.#raisedAt = now;
  }

  /** What slows it down; undefined: nothing, it goes as fast as the rate says. */
  get reason(): string | undefined {
    return this.#rate() === 0 ? 'the rate is 0' : this.#reason;
  }

  /** In (0, 1]: how much of the rate is used. */
  get factor(): number {
    return this.#factor;
  }

  /** Resolves when a row may be copied; rejects when the signal aborts. */
  async take(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const perMs = (this.#rate() * this.#factor * this.#options.share()) / 1000;
      const now = clock.elapsed();
      this.#tokens = Math.min(Math.max(1, perMs * burstMs), this.#tokens + (now - this.#filledAt) * perMs);
      this.#filledAt = now;
      if (this.#tokens >= 1) {
        this.#tokens--;
        if (now - this.#notedAt >= healthy.everyMs) this.#raise(now);
        return;
      }
      await sleep(clock, perMs === 0 ? lookMs : Math.min(lookMs, (1 - this.#tokens) / perMs), signal);
    }
  }

  /** Takes in how a write of the target went. */
  note(durationMs: number, isOk: boolean): void {
    const now = this.#options.clock.elapsed();
    this.#notedAt = now;
    // Rests do not count.
    if (this.#durations.length === 0) this.#windowAt = now;
    this.#durations.push(durationMs);
    if (!isOk) this.#errors++;
    const age = now - this.#windowAt;
    if (age < window.ms || (age < window.longestMs && this.#durations.length < window.samples)) return;
    this.#judge(now);
    this.#durations = [];
    this.#errors = 0;
  }

  #rate(): number {
    const rate = this.#options.rate();
    return Number.isFinite(rate) && rate > 0 ? rate : 0;
  }

  #judge(now: number): void {
    const problem = this.#findProblem();
    if (problem !== undefined) {
      this.#factor = Math.max(leastFactor, this.#factor / 2);
      this.#reason = problem;
      this.#raisedAt = now;
      return;
    }
    this.#raise(now);
  }

  /** Once in 10 s, however often it is asked to. */
  #raise(now: number): void {
    if (now - this.#raisedAt < healthy.everyMs) return;
    this.#raisedAt = now;
    this.#factor = Math.min(1, this.#factor * healthy.factor);
    if (this.#factor === 1) this.#reason = undefined;
  }

  #findProblem(): string | undefined {
    const { targetP99Ms } = this.#options;
    const count = this.#durations.length;
    const errors = this.#errors / count;
    if (errors > mostErrors) return `${(errors * 100).toFixed(0)}% of the writes to the new store fail`;
    const p99 = this.#durations.sort((a, b) => a - b)[Math.ceil(count * 0.99) - 1] ?? 0;
    if (p99 <= targetP99Ms) return undefined;
    return `writes to the new store take ${p99.toFixed(0)} ms (p99), more than ${targetP99Ms} ms`;
  }
}
