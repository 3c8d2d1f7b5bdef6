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
/** So many are let in all the same: a turn may be late for other reasons than that too many come at once. */
const letInLate = 64;

/** Knows whether this process has more to do than it can. */
export class LoadGauge {
  readonly #elapsed: () => number;
  #lookedAt: number;
  #lateUntil = Number.NEGATIVE_INFINITY;
  #letIn = 0;
  readonly #stop: () => void;

  constructor({ elapsed, every }: LoadGaugeOptions) {
    this.#elapsed = elapsed;
    this.#lookedAt = elapsed();
    this.#stop = every(periodMs, () => {
      const now = elapsed();
      if (now - this.#lookedAt > periodMs + lateMs) {
        this.#lateUntil = now + recoveryMs;
        this.#letIn = 0;
      }
      this.#lookedAt = now;
    });
  }

  /** Whether a new connection may be served now; otherwise it should come later. */
  letIn(): boolean {
    if (this.#elapsed() >= this.#lateUntil) return true;
    this.#letIn++;
    return this.#letIn <= letInLate;
  }

  close(): void {
    this.#stop();
  }
}
