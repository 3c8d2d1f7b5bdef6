import type { Notice, Transfer } from '@sluice/protocol';
import type { Clock } from '../platform.ts';
import type { Origin } from '../status.ts';
import type { Send, Source, SourceFailure, SourceSink } from './source.ts';

/** Makes a source that tells `sink`. */
export type CreateSource = (sink: SourceSink) => Source;

export interface SourceChoice {
  readonly origin: Origin;
  readonly create: CreateSource;
}

/** What becomes of what sources bring. */
export interface ChainHost {
  readonly state: string | undefined;
  /** Puts data in force; false: it was refused. */
  commit(transfer: Transfer, origin: Origin): boolean;
  /** What is in force is current; false: that cannot be. */
  confirm(origin: Origin): boolean;
  /** `isCovered`: another source works meanwhile. */
  fail(failure: SourceFailure, isCovered: boolean): void;
  notice(notice: Notice): void;
  line(send: Send | undefined): void;
}

/** The next choice is tried when those before it have been without contact for so long. */
const patienceMs = 10_000;

interface RunningSource {
  hasContact: boolean;
  close(): void;
}

/**
 * Gets data from the first choice, and from the next ones while those before bring nothing. All before go on trying;
 * as soon as one of them brings something, the ones after it are closed.
 */
export class SourceChain {
  readonly #choices: readonly SourceChoice[];
  readonly #host: ChainHost;
  readonly #clock: Pick<Clock, 'after'>;
  /** By rank: the first are preferred. */
  readonly #running: RunningSource[] = [];
  /** Set while the next choice is about to start. */
  #cancelNext: (() => void) | undefined;

  constructor(choices: readonly SourceChoice[], host: ChainHost, clock: Pick<Clock, 'after'>) {
    this.#choices = choices;
    this.#host = host;
    this.#clock = clock;
  }

  get #hasContact(): boolean {
    return this.#running.some(({ hasContact }) => hasContact);
  }

  start(): void {
    this.#openNext();
  }

  close(): void {
    this.#closeFrom(0);
  }

  #openNext(): void {
    const rank = this.#running.length;
    const choice = this.#choices[rank];
    if (choice === undefined) return;
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#open(choice, rank);
    this.#scheduleNext();
  }

  /** Only the first failure counts: the ones that follow must not put the next choice off. */
  #scheduleNext(): void {
    if (this.#cancelNext !== undefined || this.#hasContact || this.#running.length === this.#choices.length) return;
    this.#cancelNext = this.#clock.after(patienceMs, () => this.#openNext());
  }

  /** Starts a source. Once it is closed nothing that it still tells is heard: the last answer, its own abortion. */
  #open({ origin, create }: SourceChoice, rank: number): void {
    const host = this.#host;
    let closed = false;
    const source = create({
      get state() {
        return host.state;
      },
      commit: async (transfer) => {
        if (closed) return;
        if (host.commit(transfer, origin)) this.#onContact(rank, origin);
        else running.hasContact = false;
      },
      confirm: () => {
        if (!closed) this.#onContact(rank, origin);
      },
      fail: (failure) => {
        if (!closed) this.#onFailure(rank, failure);
      },
      notice: (notice) => {
        if (!closed) host.notice(notice);
      },
      line: (send) => {
        if (!closed) host.line(send);
      },
    });
    const running: RunningSource = {
      hasContact: false,
      close: () => {
        closed = true;
        source.close();
      },
    };
    this.#running.push(running);
    source.start();
  }

  #onContact(rank: number, origin: Origin): void {
    const source = this.#running[rank];
    if (source === undefined || !this.#host.confirm(origin)) return;
    source.hasContact = true;
    this.#closeFrom(rank + 1);
  }

  #onFailure(rank: number, failure: SourceFailure): void {
    const source = this.#running[rank];
    if (source !== undefined) source.hasContact = false;
    const isCovered = this.#hasContact;
    this.#host.fail(failure, isCovered);
    if (isCovered) return;
    if (failure.kind === 'unfit' && rank === this.#running.length - 1) this.#openNext();
    else this.#scheduleNext();
  }

  #closeFrom(rank: number): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    for (const { close } of this.#running.splice(rank)) close();
  }
}
