import { DatabaseSync } from 'node:sqlite';
import type { ScannedStore } from '../src/migrations/store.ts';
import { sqliteColumnsSql, sqliteStore } from '../src/migrations/stores/sqlite.ts';

const layout = { table: 'records', key: 'id', json: 'body' } as const;

/** A store of texts in a file of SQLite: what it acknowledged survives the process. */
export function openRecordFile(path: string): { readonly store: ScannedStore<string>; close(): void } {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  // At once, as whoever opens it is killed.
  database.exec('BEGIN IMMEDIATE');
  if (database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'records'`).get() === undefined) {
    database.exec('CREATE TABLE records (id TEXT PRIMARY KEY, body TEXT)');
    for (const sql of sqliteColumnsSql(layout)) database.exec(sql);
  }
  database.exec('COMMIT');
  return { store: sqliteStore<string>(database, layout), close: () => database.close() };
}
