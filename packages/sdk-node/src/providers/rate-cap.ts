import type { Clock } from '@sluice/sdk-common';

/** Holds a provider to so many tries a second: in no second are there more. */
export class RateCap {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** When the last ones were taken, the oldest first. */
  #taken: number[] = [];

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** How long until one more may leave; 0: now. The cap may be another each time; undefined: there is none. */
  waitMs(maxPerSecond: number | undefined): number {
    if (maxPerSecond === undefined) return 0;
    const { count, withinMs } = toWindow(maxPerSecond);
    const first = this.#taken.at(-count);
    return first === undefined ? 0 : Math.max(0, first + withinMs - this.#clock.elapsed());
  }

  /** One leaves. */
  take(maxPerSecond: number | undefined): void {
    const { count } = toWindow(maxPerSecond ?? 1);
    if (this.#taken.length >= 2 * count) this.#taken = this.#taken.slice(-count);
    this.#taken.push(this.#clock.elapsed());
  }
}

/** A cap of 0.5 is one in two seconds; one of 2.5 two in 0.8 s. */
function toWindow(maxPerSecond: number): { readonly count: number; readonly withinMs: number } {
  const count = Math.max(1, Math.floor(maxPerSecond));
  return { count, withinMs: (count / maxPerSecond) * 1000 };
}
