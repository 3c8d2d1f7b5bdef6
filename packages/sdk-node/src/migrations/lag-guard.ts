import type { Clock } from '@sluice/sdk-common';

/** How often it looks, how long before it judges, and what is late. */
const tickMs = 20;
const windowMs = 5000;
const lateMs = 50;
/** More than so much of the time late: the share is halved. */
const lateShare = 0.01;
/**
 * Costs next to nothing, and a process that is always late would otherwise never know whether its stores agree. What it
 * learns is of few records, as the same ones are sampled.
 */
const leastShare = 1 / 32;
/** A window that was not late gives back so much: a tenth in 10 s. */
const recovery = 0.05;
/** Nobody asked for so long: it rests. */
const restAfterMs = 10_000;

/**
 * What share of optional work may be done, by how late the event loop is: timers that come late say so. Looks only
 * while somebody asks, or the share is not whole.
 */
export class LagGuard {
  readonly #clock: Clock;
  #share = 1;
  #isLooking = false;
  #askedAt = 0;
  #windowEndsAt = 0;
  #ticks = 0;
  #late = 0;
  #cancel = (): void => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From a 32nd to 1. */
  get share(): number {
    return this.#share;
  }

  /** Somebody has optional work. */
  ask(): void {
    this.#askedAt = this.#clock.elapsed();
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#beginWindow();
    this.#wait();
  }

  close(): void {
    this.#cancel();
    this.#isLooking = true;
  }

  #wait(): void {
    const dueAt = this.#clock.elapsed() + tickMs;
    this.#cancel = this.#clock.after(tickMs, () => this.#tick(this.#clock.elapsed() - dueAt));
  }

  #tick(overdueMs: number): void {
    // While the loop stood still, ticks did not come that would have been late as well.
    this.#ticks += 1 + Math.floor(overdueMs / tickMs);
    if (overdueMs > lateMs) this.#late += 1 + Math.floor((overdueMs - lateMs) / tickMs);
    const now = this.#clock.elapsed();
    if (now >= this.#windowEndsAt) this.#judge();
    if (now - this.#askedAt >= restAfterMs && this.#share === 1) this.#isLooking = false;
    else this.#wait();
  }

  #judge(): void {
    if (this.#late > this.#ticks * lateShare) this.#share = Math.max(leastShare, this.#share / 2);
    else this.#share = Math.min(1, this.#share + recovery);
    this.#beginWindow();
  }

  #beginWindow(): void {
    this.#windowEndsAt = this.#clock.elapsed() + windowMs;
    this.#ticks = 0;
    this.#late = 0;
  }
}
