import type {
  BackfillLease,
  BackfillPace,
  BackfillStanding,
  BackfillTally,
  BackfillVerification,
} from '@sluice/protocol';
import type { Clock } from '@sluice/sdk-common';
import type { BackfillServer } from './backfill-server.ts';

export interface HeldRangeOptions {
  readonly server: BackfillServer;
  readonly clock: Pick<Clock, 'after'>;
  readonly signal: AbortSignal;
  readonly pace: () => BackfillPace;
  readonly onStanding: (standing: BackfillStanding) => void;
}

/** A range that this worker has: tells the server how far it is, at least three times in the time of a lease. */
export class HeldRange {
  readonly lease: BackfillLease;
  readonly #options: HeldRangeOptions;
  readonly #lost = new AbortController();
  /** Aborts when the range is another's, or nobody wants it to be worked on any more. */
  readonly signal: AbortSignal;
  #cursor: string | undefined;
  #isCopied: boolean;
  #tally: BackfillTally;
  #cancelBeat = (): void => undefined;
  #isOver = false;

  constructor(lease: BackfillLease, options: HeldRangeOptions) {
    this.lease = lease;
    this.#options = options;
    this.#cursor = lease.cursor;
    this.#isCopied = lease.isCopied;
    this.#tally = lease.tally;
    this.signal = AbortSignal.any([options.signal, this.#lost.signal]);
    this.#beatLater();
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Rejects when the range is another's by now. */
  async save(cursor: string | undefined, tally: BackfillTally, isCopied = false): Promise<void> {
    this.#cursor = cursor;
    this.#tally = tally;
    this.#isCopied = isCopied;
    await this.#tell();
    this.signal.throwIfAborted();
  }

  /** Undefined: the range is another's by now. */
  async finish(verification: BackfillVerification): Promise<'verified' | 'dirty' | undefined> {
    this.end();
    const ended = await this.#options.server.verify(this.lease, verification, this.signal);
    return ended?.state;
  }

  /** Leaves it to others, who need not wait until the lease is over; if that fails, they wait. */
  async release(): Promise<void> {
    this.end();
    const { server, clock } = this.#options;
    const report = { cursor: this.#cursor, isCopied: this.#isCopied, tally: this.#tally, isReleased: true };
    const brief = new AbortController();
    const cancel = clock.after(releaseMs, () => brief.abort());
    await server.report(this.lease, report, brief.signal).catch(() => undefined);
    cancel();
  }

  end(): void {
    this.#isOver = true;
    this.#cancelBeat();
  }

  #beatLater(): void {
    this.#cancelBeat();
    if (this.#isOver) return;
    this.#cancelBeat = this.#options.clock.after(this.lease.leaseMs / 3, () => {
      // Whoever works on it is told by the signal, and finds out about everything else too.
      this.#tell().catch(() => this.#lost.abort(new Error('the lease of a range could not be renewed')));
    });
  }

  async #tell(): Promise<void> {
    this.#beatLater();
    const { server, pace, onStanding } = this.#options;
    const report = { cursor: this.#cursor, isCopied: this.#isCopied, tally: this.#tally, pace: pace() };
    const standing = await server.report(this.lease, report, this.signal);
    if (standing !== undefined) onStanding(standing);
    else if (!this.#isOver) this.#lost.abort(new Error('the range is with another worker'));
  }
}

const releaseMs = 2000;
