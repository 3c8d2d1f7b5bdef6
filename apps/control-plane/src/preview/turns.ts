import { ServerError } from '../errors.ts';

interface Bounds {
  /** So many may wait. */
  readonly waiting: number;
  /** Of one person or token so many may be there, waiting or not: nobody keeps everybody else out. */
  readonly each: number;
}

interface Turn {
  readonly who: string;
}

/** Lets work be done by one at a time. */
export class Turns {
  readonly #bounds: Bounds;
  readonly #turns = new Set<Turn>();
  #last: Promise<void> = Promise.resolve();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Does the work when it is its turn, unless whoever wants it is gone by then; rejects when too many are there. */
  async take<T>(who: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#refuseTooMany(who);
    const turn = { who };
    const leave = () => this.#turns.delete(turn);
    this.#turns.add(turn);
    // Who has gone takes no place from others until it would have been their turn.
    signal.addEventListener('abort', leave, { once: true });
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      if (signal.aborted) throw new ServerError('unavailable', 'whoever asked for the preview has gone');
      return await work();
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
      resolve();
    }
  }

  #refuseTooMany(who: string): void {
    const { waiting, each } = this.#bounds;
    const own = [...this.#turns].filter((turn) => turn.who === who).length;
    if (own < each && this.#turns.size <= waiting) return;
    const whose = own < each ? `${waiting} previews` : `${own} previews of yours`;
    throw new ServerError('too-many-requests', `${whose} wait already; try again in a few seconds`, {
      retryAfterSeconds: 2,
    });
  }
}
