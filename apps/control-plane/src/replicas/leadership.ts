import type { Logger } from 'pino';
import type { Database, Writes } from '../database/schema.ts';
import type { Store } from '../database/store.ts';
import { ServerError } from '../errors.ts';

/** Whether this server is the one that does what is done once for all servers of a database. */
export class Leadership {
  readonly #store: Pick<Store, 'beat' | 'db' | 'isShared'>;
  readonly #log: Logger;
  #token: number | undefined;

  constructor(store: Pick<Store, 'beat' | 'db' | 'isShared'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  get isLeading(): boolean {
    return this.#token !== undefined;
  }

  /** Takes the lead when nobody has it, and hears whether it was lost. */
  async beat(): Promise<void> {
    try {
      this.#become(await this.#store.beat());
    } catch (error) {
      this.#become(undefined);
      throw error;
    }
  }

  /** Writes what only the leader may; nothing where another server leads, also if that was not known here yet. */
  async write(work: (writes: Writes) => Promise<void>): Promise<void> {
    if (this.#token === undefined) return;
    try {
      await writeAsLeader(this.#store.db, this.#token, work);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'not-leader') throw error;
      this.#become(undefined);
    }
  }

  #become(token: number | undefined): void {
    if (token === this.#token) return;
    this.#token = token;
    if (token === undefined) this.#log.warn('this server does not lead any more');
    else if (this.#store.isShared) this.#log.info({ token }, 'this server leads');
  }
}

/**
 * Writes in one transaction, on condition that the token is still the newest. A server that lost the lead and does not
 * know it yet, because it was paused, say, is refused here. Whoever takes the lead waits for a transaction that runs.
 */
export async function writeAsLeader(
  db: Database,
  token: number,
  work: (writes: Writes) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (writes) => {
    const { numUpdatedRows } = await writes
      .updateTable('leadership')
      .set({ token })
      .where('token', '=', token)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ServerError('not-leader', 'another server leads by now; nothing was written');
    await work(writes);
  });
}
