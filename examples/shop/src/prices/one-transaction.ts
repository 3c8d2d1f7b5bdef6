import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseSync } from 'node:sqlite';
import type { ScannedStore } from '@sluice/sdk-node';

export interface Transactions {
  /** What `work` asks of the stores is one transaction, of all or nothing; it is undone when `work` rejects. */
  transaction<R>(work: () => Promise<R>): Promise<R>;
}

/**
 * Transactions of a database with one connection, to which they belong as a whole: whatever else is asked, by a backfill,
 * a comparison or a repair, has to wait for its turn, or would be undone with somebody's transaction. Where each
 * transaction has a connection of its own, as with a pool of PostgreSQL, nobody waits: there the store is given what
 * sends a statement to the transaction around it, if one is, else to the pool.
 */
export function createTransactions(
  database: DatabaseSync,
): Transactions & { inTurn<T>(store: ScannedStore<T>): ScannedStore<T> } {
  const around = new AsyncLocalStorage<{ isOver: boolean }>();
  let last: Promise<unknown> = Promise.resolve();

  function take<R>(work: () => Promise<R>): Promise<R> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  /** At once within the transaction around it; what a transaction left behind, such as a comparison, is not in it. */
  function ask<R>(work: () => Promise<R>): Promise<R> {
    return around.getStore()?.isOver === false ? work() : take(work);
  }

  return {
    transaction: (work) =>
      take(async () => {
        const transaction = { isOver: false };
        database.exec('BEGIN IMMEDIATE');
        try {
          const result = await around.run(transaction, work);
          database.exec('COMMIT');
          return result;
        } catch (error) {
          database.exec('ROLLBACK');
          throw error;
        } finally {
          transaction.isOver = true;
        }
      }),
    inTurn: (store) => ({
      read: (...asked) => ask(() => store.read(...asked)),
      write: (...asked) => ask(() => store.write(...asked)),
      remove: (...asked) => ask(() => store.remove(...asked)),
      scan: (...asked) => ask(() => store.scan(...asked)),
    }),
  };
}
