import type { Side } from '@sluice/engine';
import type { Applied, Stored } from './store.ts';

/** How the two stores are asked. All reject when a store does not answer. */
export interface StoreAccess<T> {
  read(side: Side, key: string): Promise<Stored<T> | undefined>;
  /** `value` undefined: removes it. */
  put(side: Side, key: string, stored: Stored<T>): Promise<Applied>;
}

/**
 * Brings both stores to the higher of their versions of a record, whichever of them has it; returns that version,
 * undefined where neither has the record. A side that no record is kept in any more may be gone: what it has counts, but
 * nothing is put there, and it need not answer.
 */
export async function reconcile<T>(
  stores: StoreAccess<T>,
  key: string,
  used: ReadonlySet<Side> = bothSides,
): Promise<string | undefined> {
  const read = async (side: Side): Promise<Stored<T> | undefined> => {
    try {
      return await stores.read(side, key);
    } catch (error) {
      if (used.has(side)) throw error;
      return undefined;
    }
  };
  const [old, next] = await Promise.all([read('old'), read('new')]);
  if (old !== undefined && (next === undefined || next.version < old.version)) {
    if (used.has('new')) await stores.put('new', key, old);
  } else if (next !== undefined && (old === undefined || old.version < next.version)) {
    if (used.has('old')) await stores.put('old', key, next);
  }
  return old === undefined || (next !== undefined && next.version > old.version) ? next?.version : old.version;
}

const bothSides: ReadonlySet<Side> = new Set(['old', 'new']);
