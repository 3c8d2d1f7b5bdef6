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
 * undefined where neither has the record.
 */
export async function reconcile<T>(stores: StoreAccess<T>, key: string): Promise<string | undefined> {
  const [old, next] = await Promise.all([stores.read('old', key), stores.read('new', key)]);
  if (old !== undefined && (next === undefined || next.version < old.version)) await stores.put('new', key, old);
  else if (next !== undefined && (old === undefined || old.version < next.version)) await stores.put('old', key, next);
  return old === undefined || (next !== undefined && next.version > old.version) ? next?.version : old.version;
}
