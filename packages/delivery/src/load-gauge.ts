export interface LoadGaugeOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

const periodMs = 50;
/** A turn of the event loop that takes longer than this is late for everybody who has a stream. */
const lateMs = 200;
/** After a late turn new connections wait for so long; those that are there are served meanwhile. */
const recoveryMs = 500;

/** Knows whether this process has more to do than it can. */
export class LoadGauge {
  readonly #elapsed: () => number;
  #lookedAt: number;
  #lateUntil = Number.NEGATIVE_INFINITY;
  readonly #stop: () => void;

  constructor({ elapsed, every }: LoadGaugeOptions) {
    this.#elapsed = elapsed;
    this.#lookedAt = elapsed();
    this.#stop = every(periodMs, () => {
      const now = elapsed();
      if (now - this.#lookedAt > periodMs + lateMs) this.#lateUntil = now + recoveryMs;
      this.#lookedAt = now;
    });
  }

  /** Whether new connections should come later. */
  get isOverloaded(): boolean {
    return this.#elapsed() < this.#lateUntil;
  }

  close(): void {
    this.#stop();
  }
}
