import { DatabaseSync } from 'node:sqlite';
import type { Applied, Store, Stored, WriteOptions } from '../src/migrations/store.ts';

/** A guarded store of texts in one SQLite file: what it acknowledged survives the process. */
export class SqliteStore implements Store<string> {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(
      `PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
       CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value TEXT, version TEXT NOT NULL)`,
    );
  }

  async read(key: string): Promise<Stored<string> | undefined> {
    return this.list(key)[0];
  }

  async write(key: string, value: string, { version }: Pick<WriteOptions, 'version'>): Promise<Applied> {
    return this.#put(key, value, version);
  }

  async remove(key: string, { version }: Pick<WriteOptions, 'version'>): Promise<Applied> {
    return this.#put(key, null, version);
  }

  /** All records, tombstones included, or those with one key. */
  list(key: string | null = null): readonly (Stored<string> & { readonly key: string })[] {
    const rows = this.#database
      .prepare('SELECT key, value, version FROM records WHERE ?1 IS NULL OR key = ?1 ORDER BY key')
      .all(key);
    return rows.map(({ key: name, value, version }) => ({
      key: String(name),
      value: value === null ? undefined : String(value),
      version: String(version),
    }));
  }

  close(): void {
    this.#database.close();
  }

  #put(key: string, value: string | null, version: string): Applied {
    const { changes } = this.#database
      .prepare(
        `INSERT INTO records (key, value, version) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version
         WHERE records.version < excluded.version`,
      )
      .run(key, value, version);
    return changes === 0 ? 'stale' : 'applied';
  }
}
