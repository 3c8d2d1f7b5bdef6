/** So many are served in one turn of the event loop: about 5 ms of work. */
const sliceSize = 256;
/** Transfers that are larger than this take turns. */
const largeBytes = 256 * 1024;
/** So much of large transfers may be on its way at once; at least one always is. */
const inFlightBytes = 64 * 1024 * 1024;
/** A turn ends after so long, whether its client has read everything or not: the slow must not hold up the rest. */
const longestTurnMs = 2000;

export interface OutflowOptions {
  /** Calls back in a later turn of the event loop, after whatever waits for it. */
  readonly later: (work: () => void) => void;
  /** Calls back once after a delay, unless the returned function was called before. */
  readonly after: (delayMs: number, work: () => void) => () => void;
}

interface Turn {
  readonly sizeBytes: number;
  /** Starts the transfer; is given what to call when it is over. */
  readonly start: (release: () => void) => void;
}

/**
 * How data leaves this process: to many clients a slice at a time, so that everything else goes on meanwhile; and as
 * large transfers, of which only so many are on their way at once, so that ten thousand clients that come back do not
 * take the memory and the network away from those that are there.
 */
export class Outflow {
  readonly #options: OutflowOptions;
  /** Each serves one slice, and says whether it was the last. */
  readonly #spreads: (() => boolean)[] = [];
  readonly #waiting = new Set<Turn>();
  #flyingBytes = 0;

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** Large transfers that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Serves every target, also those that are added meanwhile; one spread after the other. The first slice at once. */
  spread<T>(targets: Iterable<T>, serve: (target: T) => void): void {
    const iterator = targets[Symbol.iterator]();
    this.#spreads.push(() => {
      for (let served = 0; served < sliceSize; served++) {
        const { done, value } = iterator.next();
        if (done === true) return true;
        serve(value);
      }
      return false;
    });
    if (this.#spreads.length === 1) this.#serveSlice();
  }

  /** Starts a transfer now or when its turn comes; returns how to give the turn up before it has come. */
  takeTurn(sizeBytes: number, start: Turn['start']): () => void {
    if (sizeBytes <= largeBytes) {
      start(() => undefined);
      return () => undefined;
    }
    const turn = { sizeBytes, start };
    this.#waiting.add(turn);
    this.#startWaiting();
    return () => this.#waiting.delete(turn);
  }

  #serveSlice(): void {
    const [spread] = this.#spreads;
    if (spread === undefined) return;
    if (spread()) this.#spreads.shift();
    if (this.#spreads.length > 0) this.#options.later(() => this.#serveSlice());
  }

  #startWaiting(): void {
    for (const turn of this.#waiting) {
      if (this.#flyingBytes > 0 && this.#flyingBytes + turn.sizeBytes > inFlightBytes) return;
      this.#waiting.delete(turn);
      this.#start(turn);
    }
  }

  #start({ sizeBytes, start }: Turn): void {
    this.#flyingBytes += sizeBytes;
    let isOver = false;
    const release = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.#flyingBytes -= sizeBytes;
      this.#startWaiting();
    };
    const cancel = this.#options.after(longestTurnMs, release);
    start(release);
  }
}
