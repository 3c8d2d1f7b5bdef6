import type { LinkUp, WindowReport } from '@sluice/protocol';

export interface WindowCourierOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** Nobody waits longer for word about a window: whoever sent it sends it again. */
const waitedMs = 10_000;
const lookPeriodMs = 1000;
/** More than 20,000 instances have on their way at a time. */
const mostWaiting = 50_000;

interface Waiting {
  readonly sentAt: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Passes windows of telemetry on to what is above, and the word that they are kept back to whoever sent them. Nothing is
 * kept or put together here: only who counted a window can send it again, by whichever way, and only the database
 * knows whether it has it.
 */
export class WindowCourier {
  readonly #options: WindowCourierOptions;
  /** By what the link calls a window, in the order in which they were sent. */
  readonly #waiting = new Map<string, Waiting>();
  #send: ((message: LinkUp) => void) | undefined;
  #count = 0;
  readonly #stop: () => void;

  constructor(options: WindowCourierOptions) {
    this.#options = options;
    this.#stop = options.every(lookPeriodMs, () => this.#look());
  }

  /** Resolves when what is above keeps the window; rejects when nobody knows whether it does. */
  passOn(environmentId: string, { session, sequence, agoMs, window }: WindowReport): Promise<void> {
    const send = this.#send;
    if (send === undefined) return Promise.reject(new Error('nobody above can be told of a window now'));
    if (this.#waiting.size >= mostWaiting) return Promise.reject(new Error('too many windows are on their way'));
    // Sessions are made up by whoever sends; this is not.
    const id = `window-${++this.#count}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { sentAt: this.#options.elapsed(), resolve, reject });
      send({ kind: 'telemetry', id, environmentId, session, sequence, agoMs, window });
    });
  }

  /** The link is up. */
  connect(send: (message: LinkUp) => void): void {
    this.#send = send;
  }

  disconnect(): void {
    this.#send = undefined;
    for (const id of [...this.#waiting.keys()]) this.#giveUp(id);
  }

  /** What is above keeps a window. */
  taken(id: string): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  close(): void {
    this.#stop();
    this.disconnect();
  }

  #look(): void {
    const now = this.#options.elapsed();
    for (const [id, { sentAt }] of this.#waiting) {
      if (now - sentAt < waitedMs) return;
      this.#giveUp(id);
    }
  }

  #giveUp(id: string): void {
    this.#waiting.get(id)?.reject(new Error('what is above did not say that it keeps a window'));
    this.#waiting.delete(id);
  }
}
