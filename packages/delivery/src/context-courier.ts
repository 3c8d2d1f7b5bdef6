import type { LinkUp } from '@sluice/protocol';
import { ContextSampler } from './context-sampler.ts';

export interface ContextCourierOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

const periodMs = 5000;
/** Of each environment at a time: 2 MB at the very most. */
const contextsAtOnce = 250;

/** Tells what is above of the contexts that were seen below. Those that get lost are told again when they come again. */
export class ContextCourier {
  readonly sampler: ContextSampler;
  readonly #stop: () => void;
  #send: ((message: LinkUp) => void) | undefined;

  constructor({ elapsed, every }: ContextCourierOptions) {
    this.sampler = new ContextSampler(elapsed);
    this.#stop = every(periodMs, () => this.flush());
  }

  connect(send: (message: LinkUp) => void): void {
    this.#send = send;
  }

  disconnect(): void {
    this.#send = undefined;
  }

  flush(): void {
    if (this.#send === undefined) return;
    for (const [environmentId, sampled] of this.sampler.take(contextsAtOnce)) {
      this.#send({ kind: 'seen', environmentId, contexts: sampled.map(({ context }) => context) });
    }
  }

  close(): void {
    this.#stop();
    this.flush();
  }
}
