import type { Applied, Store, Stored, WriteOptions } from '../src/migrations/store.ts';

/** Something that a store is asked to do. */
export interface StoreRequest {
  readonly operation: 'read' | 'write' | 'remove';
  readonly key: string;
  readonly signal: AbortSignal;
}

/** A store in memory whose delays and failures are in the hands of a test. */
export class MemoryStore<T> implements Store<T> {
  readonly records = new Map<string, Stored<T>>();
  /** All that it was asked, such as `read a`. */
  readonly requests: string[] = [];
  /** Waits or throws before a request takes effect. */
  before: (request: StoreRequest) => Promise<void> | undefined = () => undefined;
  /** The same, once it has. */
  after: (request: StoreRequest) => Promise<void> | undefined = () => undefined;

  read(key: string, { signal }: { readonly signal: AbortSignal }): Promise<Stored<T> | undefined> {
    return this.#do({ operation: 'read', key, signal }, () => this.records.get(key));
  }

  write(key: string, value: T, { signal, version }: WriteOptions): Promise<Applied> {
    return this.#do({ operation: 'write', key, signal }, () => this.put(key, { value, version }));
  }

  remove(key: string, { signal, version }: WriteOptions): Promise<Applied> {
    return this.#do({ operation: 'remove', key, signal }, () => this.put(key, { value: undefined, version }));
  }

  /** The guard. */
  put(key: string, stored: Stored<T>): Applied {
    const there = this.records.get(key);
    if (there !== undefined && there.version >= stored.version) return 'stale';
    this.records.set(key, stored);
    return 'applied';
  }

  async #do<R>(request: StoreRequest, effect: () => R): Promise<R> {
    this.requests.push(`${request.operation} ${request.key}`);
    await this.before(request);
    const result = effect();
    await this.after(request);
    return result;
  }
}
