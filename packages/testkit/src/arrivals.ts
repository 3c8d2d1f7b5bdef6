/** Takes in what arrives, and hands it out in that order to whoever waits for it. */
export class Arrivals<T> {
  readonly #arrived: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#arrived.push(item);
    else taker(item);
  }

  /** The next that nobody has had yet. */
  next(): Promise<T> {
    if (this.#arrived.length === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    // There is a first one.
    return Promise.resolve(this.#arrived.shift() as T);
  }

  /** How many nobody has had yet. */
  get left(): number {
    return this.#arrived.length;
  }
}
