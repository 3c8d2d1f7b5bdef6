import type { BackfillLease, BackfillTally } from '@sluice/protocol';
import { type BackfillStores, type KeyRange, scanAll } from './access.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import type { Keyed } from './sum.ts';

export interface CopyOptions<T> {
  readonly stores: BackfillStores<T>;
  readonly pageRows: number;
  /** Resolves when a row may be copied. */
  readonly take: () => Promise<void>;
  /** Is told of every row. */
  readonly onRow: () => void;
  /** Tells the server; the rows up to the cursor are in the new store. */
  readonly save: (cursor: string, tally: BackfillTally) => Promise<void>;
  /** Waits before a page is tried again; throws when it was tried often enough, and nothing of it worked. */
  readonly retry: (attempt: number, error: unknown, isHopeless: boolean) => Promise<boolean>;
}

/**
 * Brings the rows of a range to the new store, each with its own version, from the cursor on. What is there already with
 * this version or a higher one is not written again, so that a page that is begun twice costs nothing. Returns the tally.
 */
export async function copyRange<T>(lease: BackfillLease, options: CopyOptions<T>): Promise<BackfillTally> {
  const { stores, pageRows, save } = options;
  let { cursor = lease.after, tally } = lease;
  for (;;) {
    const after = cursor;
    const page = await attempt(options, () => stores.scan('old', { after, upTo: lease.upTo }, pageRows));
    const last = page.at(-1);
    if (last === undefined) return tally;
    tally = add(tally, await copyPage(page, { after, upTo: last.key }, options));
    cursor = last.key;
    await save(cursor, tally);
    if (page.length < pageRows) return tally;
  }
}

async function copyPage<T>(page: readonly Keyed<T>[], range: KeyRange, options: CopyOptions<T>) {
  const { stores, pageRows, onRow, take, retry } = options;
  const counts = { rows: page.length, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 };
  let left = page;
  for (let attempts = 0; ; attempts++) {
    const there = await attempt(options, async () => {
      const rows = new Map<string, string>();
      for await (const { key, version } of scanAll(stores, 'new', range, pageRows)) rows.set(key, version);
      return rows;
    });
    const failed: Keyed<T>[] = [];
    let failure: unknown;
    await forEachAtOnce(left, async (row) => {
      if (attempts === 0) {
        await take();
        onRow();
      }
      const version = there.get(row.key);
      if (version === row.version) counts.equal++;
      else if (version !== undefined && version > row.version) counts.skippedNewer++;
      else {
        try {
          if ((await stores.put(row)) === 'applied') counts.inserted++;
          // A write came first.
          else counts.skippedNewer++;
        } catch (error) {
          failed.push(row);
          failure = error;
        }
      }
    });
    if (failed.length === 0) return counts;
    if (!(await retry(attempts, failure, failed.length === left.length))) {
      // They are found again when the range is verified.
      return { ...counts, failed: failed.length };
    }
    left = failed;
  }
}

/** Asks again while `retry` says so. */
export async function attempt<R>({ retry }: Pick<CopyOptions<unknown>, 'retry'>, ask: () => Promise<R>): Promise<R> {
  for (let attempts = 0; ; attempts++) {
    try {
      return await ask();
    } catch (error) {
      if (!(await retry(attempts, error, true))) throw error;
    }
  }
}

function add(one: BackfillTally, other: BackfillTally): BackfillTally {
  return {
    rows: one.rows + other.rows,
    inserted: one.inserted + other.inserted,
    equal: one.equal + other.equal,
    skippedNewer: one.skippedNewer + other.skippedNewer,
    failed: one.failed + other.failed,
  };
}
