import type { Database } from '../database/schema.ts';

/** The tables of what may be used. */
type KeyTable = 'credentials' | 'apiTokens' | 'edges';

/** When keys and tokens were last used: noted in memory, and written down now and then instead of at each request. */
export class KeyUsage {
  readonly #db: Database;
  readonly #usedAt: Readonly<Record<KeyTable, Map<string, number>>> = {
    credentials: new Map(),
    apiTokens: new Map(),
    edges: new Map(),
  };

  constructor(db: Database) {
    this.#db = db;
  }

  note(table: KeyTable, id: string, now: number): void {
    this.#usedAt[table].set(id, now);
  }

  /** Writes down what was noted; what cannot be written stays noted. */
  async flush(): Promise<void> {
    for (const table of ['credentials', 'apiTokens', 'edges'] as const) {
      const noted = this.#usedAt[table];
      for (const [id, lastUsedAt] of [...noted]) {
        await this.#db
          .updateTable(table)
          .set({ lastUsedAt })
          .where('id', '=', id)
          // Other replicas note the same keys.
          .where((expression) =>
            expression.or([expression('lastUsedAt', 'is', null), expression('lastUsedAt', '<', lastUsedAt)]),
          )
          .execute();
        if (noted.get(id) === lastUsedAt) noted.delete(id);
      }
    }
  }
}
