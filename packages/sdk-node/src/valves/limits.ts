import type { Clock } from '@sluice/sdk-common';

/**
 * Tells whatever takes too long that its time is over, with one timer for all that runs. What may take equally long is
 * over in the order in which it began, so that there is a ring for each duration, and beginning and ending are a few
 * assignments. The timer is not touched when something ends: it finds out when it rings, and then rests as long as
 * there is nothing. It does not keep the process from ending, what is under way does.
 */
export class Limits {
  readonly #clock: Clock;
  #running = 0;
  #release = (): void => undefined;
  readonly #noteEnd = (): void => {
    if (--this.#running === 0) this.#release();
  };
  /** By duration: the end and beginning of a ring of limits, by rising `dueAt`. */
  readonly #rings = new Map<number, Limit>();
  #ringsAt = Number.POSITIVE_INFINITY;
  #cancel = (): void => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many have begun, and are neither over nor ended. */
  get running(): number {
    return this.#running;
  }

  begin(durationMs: number): Limit {
    let ring = this.#rings.get(durationMs);
    if (ring === undefined) {
      ring = new Limit(Number.POSITIVE_INFINITY, () => undefined);
      this.#rings.set(durationMs, ring);
    }
    if (this.#running++ === 0) this.#release = this.#clock.hold();
    const limit = new Limit(this.#clock.elapsed() + durationMs, this.#noteEnd);
    limit.before = ring.before;
    limit.after = ring;
    ring.before.after = limit;
    ring.before = limit;
    this.#ringAt(limit.dueAt);
    return limit;
  }

  #ringAt(dueAt: number): void {
    if (dueAt >= this.#ringsAt) return;
    this.#cancel();
    this.#ringsAt = dueAt;
    // Timers count whole milliseconds; one that came early would have to come again.
    this.#cancel = this.#clock.after(Math.ceil(dueAt - this.#clock.elapsed()), () => this.#look());
  }

  #look(): void {
    this.#ringsAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.elapsed();
    for (const [durationMs, ring] of this.#rings) {
      while (ring.after.dueAt <= now) ring.after.end(true);
      if (ring.after === ring) this.#rings.delete(durationMs);
      else this.#ringAt(ring.after.dueAt);
    }
  }
}

/** The time that something may take. */
export class Limit {
  /** By the monotonic clock. */
  readonly dueAt: number;
  /** Whether the time was over before it ended. */
  isOver = false;
  /** Called when the time is over; must not throw. */
  onOver: (() => void) | undefined;
  readonly #onEnd: () => void;
  /** Its neighbours in its ring: for `Limits`. */
  before: Limit = this;
  after: Limit = this;

  /** `onEnd`: called once, when it is over or ended. */
  constructor(dueAt: number, onEnd: () => void) {
    this.dueAt = dueAt;
    this.#onEnd = onEnd;
  }

  /** Takes it out: nobody is told any more. */
  end(isOver = false): void {
    if (this.after === this) return;
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this;
    this.after = this;
    this.isOver = isOver;
    this.#onEnd();
    if (isOver) this.onOver?.();
  }
}
