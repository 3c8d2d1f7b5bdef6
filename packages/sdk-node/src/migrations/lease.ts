import { fenceMs, parseSelector } from '@sluice/protocol';
import type { Client, Clock, Known, Reporter } from '@sluice/sdk-common';

export interface LeaseParts {
  readonly client: Pick<Client, 'status' | 'onStatus'>;
  /** Undefined: there is no server that could wait for this process. */
  readonly reporter: Pick<Reporter, 'watchKnown'> | undefined;
  readonly clock: Pick<Clock, 'elapsed' | 'after'>;
}

/** Whoever begins waits so long to become known. */
const beginMs = 5000;

/**
 * Whether the control plane waits for this process before a barrier, so that what it knows of flags may be acted upon.
 * It ends before that does (see `fenceMs`), without anybody noticing that contact is lost: it is looked at when it matters.
 */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #stop: () => void;
  #isConfirmed = false;
  #known: Known | undefined;
  /** Whether this process has come, since it became known, as far as the control plane had by then. */
  #isValid = false;
  /** Rises whenever it may have been forgotten in between. */
  #term = 0;
  #begun: Promise<boolean> | undefined;
  #hasBegun = false;
  #tell = (): void => undefined;
  #isClosed = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#note();
    this.#stop = parts.client.onStatus(() => this.#note());
    parts.reporter?.watchKnown((known) => this.#renew(known));
  }

  /** Whether a payload was ever confirmed to be current, by whatever this process is connected to. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /**
   * As long as it is the same number, this process was known without a break. Undefined: it may have been forgotten by
   * now, or was never known.
   */
  get term(): number | undefined {
    if (this.#isClosed) return undefined;
    if (this.#parts.reporter === undefined) return this.#isLive ? this.#term : undefined;
    if (this.#known === undefined || this.#parts.clock.elapsed() - this.#known.at >= fenceMs) return undefined;
    this.#isValid ||= this.#hasReached(this.#known.state);
    return this.#isValid ? this.#term : undefined;
  }

  /** Whether this process was ever known. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Resolves with whether this process was ever known, after some seconds for the first answer. */
  begin(): Promise<boolean> {
    if (this.hasBegun) return Promise.resolve(true);
    this.#begun ??= new Promise((resolve) => {
      const cancel = this.#parts.clock.after(beginMs, () => resolve(this.hasBegun), true);
      this.#tell = () => {
        if (!this.hasBegun && !this.#isClosed) return;
        cancel();
        resolve(this.hasBegun);
      };
    });
    return this.#begun.then(() => this.hasBegun);
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#tell();
  }

  get #isLive(): boolean {
    return this.#parts.client.status.state === 'live';
  }

  #renew(known: Known): void {
    // Answers may come in another order than they were asked for.
    if (this.#known !== undefined && known.at <= this.#known.at) return;
    if (this.term === undefined) {
      this.#term++;
      this.#isValid = false;
    }
    this.#known = known;
    this.#look();
  }

  #hasReached(state: string): boolean {
    const [has, wanted] = [parseSelector(this.#parts.client.status.selector), parseSelector(state)];
    return has !== undefined && has.epoch === wanted?.epoch && has.version >= wanted.version;
  }

  #note(): void {
    this.#isConfirmed ||= this.#isLive;
    this.#look();
  }

  #look(): void {
    this.#hasBegun ||= this.term !== undefined;
    this.#tell();
  }
}
