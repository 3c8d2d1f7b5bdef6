import { Worker } from 'node:worker_threads';

export interface Hit {
  readonly id: number;
  readonly name: string;
  readonly cents: number;
}

interface Query {
  readonly words: readonly string[];
  readonly signal: AbortSignal;
  readonly resolve: (hits: readonly Hit[]) => void;
  readonly reject: (error: unknown) => void;
}

/** So many words of a query are looked at. */
const mostWords = 100;

/**
 * Search, as most shops have it: it does so much at a time and lets the rest wait in line, so that whoever asks for
 * much makes everybody wait.
 */
export class SearchBackend {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Query[] = [];

  constructor(databaseFile: string, workerCount: number) {
    this.#workers = Array.from(
      { length: workerCount },
      () => new Worker(new URL('./worker.ts', import.meta.url), { workerData: databaseFile }),
    );
    this.#idle = [...this.#workers];
  }

  /** The ten products that fit best. Nobody waits for queries whose signal is aborted before their turn. */
  search(text: string, signal: AbortSignal): Promise<readonly Hit[]> {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, mostWords);
    if (words.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ words, signal, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    const worker = this.#idle.pop();
    if (worker === undefined) return;
    const query = this.#take();
    if (query === undefined) {
      this.#idle.push(worker);
      return;
    }
    worker.once('message', (hits: readonly Hit[]) => {
      this.#idle.push(worker);
      query.resolve(hits);
      this.#next();
    });
    worker.postMessage(query.words);
  }

  /** The next that somebody still waits for. */
  #take(): Query | undefined {
    for (let query = this.#waiting.shift(); query !== undefined; query = this.#waiting.shift()) {
      if (!query.signal.aborted) return query;
      query.reject(query.signal.reason);
    }
    return undefined;
  }
}
