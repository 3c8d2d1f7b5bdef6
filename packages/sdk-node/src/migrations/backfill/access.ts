import { Buffer } from 'node:buffer';
import type { Side } from '@sluice/engine';
import type { Applied, Stored } from '../store.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import type { Keyed } from './sum.ts';

/** Keys above `after`, up to `upTo`; undefined: from the first, to the last. */
export interface KeyRange {
  readonly after: string | undefined;
  readonly upTo: string | undefined;
}

/** The two stores, each call with a time of its own. All reject when a store does not answer. */
export interface BackfillStores<T> {
  scan(side: Side, range: KeyRange, limit: number): Promise<readonly Keyed<T>[]>;
  /** Reads a row of a new store that cannot be scanned, when its turn has come; undefined: it can be scanned. */
  readonly lookUp?: ((key: string) => Promise<Stored<T> | undefined>) | undefined;
  read(side: Side, key: string): Promise<Stored<T> | undefined>;
  /** Puts a row of the old store into the new one, a tombstone too. */
  put(row: Keyed<T>): Promise<Applied>;
}

/**
 * The rows of a range, page after page. Of a new store that cannot be scanned those are looked up that the old one has:
 * what only the new one has is not among them.
 */
export async function* scanAll<T>(
  stores: Pick<BackfillStores<T>, 'scan' | 'lookUp'>,
  side: Side,
  { after, upTo }: KeyRange,
  limit: number,
): AsyncGenerator<Keyed<T>> {
  const lookUp = side === 'new' ? stores.lookUp : undefined;
  let last = after;
  for (;;) {
    const page = await stores.scan(lookUp === undefined ? side : 'old', { after: last, upTo }, limit);
    yield* lookUp === undefined ? page : await lookUpAll(page, lookUp);
    const end = page.at(-1);
    if (end === undefined || page.length < limit) return;
    // A store that orders keys in another way would give the same ones forever, or leave some out.
    if (last !== undefined && Buffer.compare(Buffer.from(end.key), Buffer.from(last)) <= 0)
      throw new Error(
        `the ${side} store must give keys by the order of their bytes, and gave one that is not above the one before`,
      );
    last = end.key;
  }
}

async function lookUpAll<T>(
  page: readonly Keyed<T>[],
  lookUp: (key: string) => Promise<Stored<T> | undefined>,
): Promise<readonly Keyed<T>[]> {
  const found: Keyed<T>[] = [];
  await forEachAtOnce(page, async ({ key }) => {
    const stored = await lookUp(key);
    if (stored !== undefined) found.push({ key, ...stored });
  });
  return found;
}
