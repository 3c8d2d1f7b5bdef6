import { ServerError } from '../errors.ts';

/** Lets work be done by one at a time; so many may wait. */
export class Turns {
  readonly #most: number;
  #last: Promise<void> = Promise.resolve();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Does the work when it is its turn, unless whoever wants it is gone by then; rejects when too many wait. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#taken > this.#most) {
      throw new ServerError('too-many-requests', `${this.#most} previews wait already; try again in a few seconds`);
    }
    this.#taken++;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      if (signal.aborted) throw new ServerError('unavailable', 'whoever asked for the preview has gone');
      return await work();
    } finally {
      this.#taken--;
      resolve();
    }
  }
}
