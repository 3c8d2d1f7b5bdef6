interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved, for whatever takes its clock as an argument. */
export class FakeClock {
  #nowMs: number;
  #elapsedMs = 0;
  #holds = 0;
  readonly #timers = new Set<Timer>();
  #tellWaiting = (): void => undefined;

  /** `nowMs`: the time of day at the start, in milliseconds since the epoch. */
  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    this.#tellWaiting();
    return () => {
      this.#timers.delete(timer);
    };
  }

  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
    };
  }

  /** Whether anybody keeps the process from ending. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  turn(): Promise<void> {
    return Promise.resolve();
  }

  /** In how many milliseconds callbacks are due, the next first. */
  get waiting(): readonly number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.#elapsedMs).sort((a, b) => a - b);
  }

  /** Resolves as soon as a callback waits: for code that reads files, say, before it looks at the clock again. */
  async untilWaiting(): Promise<void> {
    while (this.#timers.size === 0) {
      await new Promise<void>((resolve) => {
        this.#tellWaiting = resolve;
      });
    }
  }

  /** Moves on, calling back what is due on the way; before and after each, whatever waits for promises goes on. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (let due = this.#takeDue(endMs); due !== undefined; due = this.#takeDue(endMs)) {
      this.#moveTo(due.dueMs);
      due.callback();
      await settle();
    }
    this.#moveTo(endMs);
  }

  /** Sets the time of day, as people and NTP do; what is measured or waits is not concerned. */
  setTimeOfDay(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  #moveTo(elapsedMs: number): void {
    this.#nowMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }

  #takeDue(endMs: number): Timer | undefined {
    // Equally due timers keep their order: a set lists what was added first before the rest.
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    if (next === undefined || next.dueMs > endMs) return undefined;
    this.#timers.delete(next);
    return next;
  }
}

/** Lets everything run that waits for promises only. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
