/** What a store has of a record; `value` undefined: it was removed, and a tombstone says when. */
export interface Stored<T> {
  readonly value: T | undefined;
  /** Compares as a string; of two writes the later has the higher one. `''`: written by something that knows no versions. */
  readonly version: string;
}

export interface ReadOptions {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface WriteOptions extends ReadOptions {
  readonly version: string;
}

/** `stale`: the store has the record with this version or a higher one, and keeps it. */
export type Applied = 'applied' | 'stale';

/**
 * One of the two stores of a migration. Writes are guarded: they take effect only where what is there has a lower
 * version, so that they may come late, twice and in any order. Removing leaves a tombstone, or a late write would bring
 * the record back.
 */
export interface Store<T> {
  /** undefined: there is nothing, and never was as far as the store knows. */
  read(key: string, options: ReadOptions): Promise<Stored<T> | undefined>;
  write(key: string, value: T, options: WriteOptions): Promise<Applied>;
  remove(key: string, options: WriteOptions): Promise<Applied>;
}

export interface Page {
  /** Keys above this one; undefined: from the first. */
  readonly after: string | undefined;
  /** Up to this key, included; undefined: to the last. */
  readonly upTo: string | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * A store whose records can be read one after the other, by ascending keys, tombstones included. Keys are in the order
 * of the bytes of their UTF-8 in every store, so that a range of one is the same range of another; the order of
 * JavaScript's strings differs from it for characters beyond U+FFFF.
 */
export interface ScannedStore<T> extends Store<T> {
  scan(page: Page): Promise<readonly (Stored<T> & { readonly key: string })[]>;
  /**
   * Where pages would lack what other programs put there: looks for some of it, from where the step before has ended.
   * Returns where to go on; undefined: that was all. A backfill does this before it scans, so whatever stands in front of
   * a store has to pass it on.
   */
  findRecords?(step: { readonly from: string | undefined; readonly signal: AbortSignal }): Promise<string | undefined>;
}
