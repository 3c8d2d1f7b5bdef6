import type { Applied, ReadOptions, Store, Stored, WriteOptions } from '../store.ts';

/** A store that cannot compare before it writes, such as somebody else's API. */
export interface UnguardedStore<T> {
  /** `version` is `''` where the store cannot keep it. */
  read(key: string, options: ReadOptions): Promise<Stored<T> | undefined>;
  write(key: string, value: T, options: WriteOptions): Promise<unknown>;
  remove(key: string, options: WriteOptions): Promise<unknown>;
}

/** Of how many keys, the last ones, the version is remembered. */
const mostRemembered = 100_000;

/**
 * Guards a store that cannot guard itself: operations on one key go one after the other, and a write looks first what
 * is there. One that hangs holds up its key, so the store must give up when its signal says so.
 *
 * This holds within one process. Of two processes that write the same record at once the older may win, so all writes
 * of a record must come from one of them, as they do where a queue is partitioned by its key. A store that keeps
 * no versions is guarded by what this process remembers, the last 100,000 keys, until it ends: a write that comes later
 * than that, or a removed record that it has forgotten, it takes as new.
 */
export function serialised<T>(store: UnguardedStore<T>): Store<T> {
  /** Versions of the last writes, the longest ago first. */
  const remembered = new Map<string, string>();
  /** Of each key the operation that came last, while it runs. */
  const last = new Map<string, Promise<unknown>>();

  /** Begins `operation` when those of this key that came before have ended, however they did. */
  function inTurn<R>(key: string, operation: () => Promise<R>): Promise<R> {
    const result = (last.get(key) ?? Promise.resolve()).then(operation, operation);
    last.set(key, result);
    const forget = () => {
      if (last.get(key) === result) last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }

  async function look(key: string, { signal }: ReadOptions): Promise<Stored<T> | undefined> {
    signal.throwIfAborted();
    const found = await store.read(key, { signal });
    const known = remembered.get(key);
    if (found === undefined) return known === undefined ? undefined : { value: undefined, version: known };
    return known === undefined || known < found.version ? found : { value: found.value, version: known };
  }

  async function put(key: string, options: WriteOptions, send: () => Promise<unknown>): Promise<Applied> {
    const present = await look(key, options);
    if (present !== undefined && options.version <= present.version) return 'stale';
    await send();
    remembered.delete(key);
    remembered.set(key, options.version);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= mostRemembered) break;
      remembered.delete(oldest);
    }
    return 'applied';
  }

  return {
    read: (key, options) => inTurn(key, () => look(key, options)),
    write: (key, value, options) => inTurn(key, () => put(key, options, () => store.write(key, value, options))),
    remove: (key, options) => inTurn(key, () => put(key, options, () => store.remove(key, options))),
  };
}
