import { DatabaseSync } from 'node:sqlite';
import type { Applied, ScannedStore } from '../src/migrations/store.ts';
import { sqliteColumnsSql, sqliteStore } from '../src/migrations/stores/sqlite.ts';
import { type BackfillProofSettings, nameRecord } from './backfill-settings.ts';

const layout = { table: 'records', key: 'id', json: 'body' } as const;

function openFile(folder: string, side: 'old' | 'new'): DatabaseSync {
  const database = new DatabaseSync(`${folder}/${side}.db`);
  database.exec('PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  return database;
}

/** Makes both files, with records of no version in the old one. */
export function createFiles({ folder, rows }: Pick<BackfillProofSettings, 'folder' | 'rows'>): void {
  for (const side of ['old', 'new'] as const) {
    const database = openFile(folder, side);
    database.exec('CREATE TABLE records (id TEXT PRIMARY KEY, body TEXT)');
    for (const sql of sqliteColumnsSql(layout)) database.exec(sql);
    if (side === 'new') {
      // A version that goes down is a write that was undone by one that came before it.
      database.exec(`
        CREATE TABLE undone (id TEXT, was TEXT, became TEXT);
        CREATE TRIGGER watch AFTER UPDATE ON records WHEN coalesce(new.mig_version, '') < coalesce(old.mig_version, '')
        BEGIN INSERT INTO undone VALUES (old.id, old.mig_version, new.mig_version); END`);
    } else {
      const insert = database.prepare('INSERT INTO records (id, body) VALUES (?, ?)');
      database.exec('BEGIN');
      for (let at = 0; at < rows; at++) insert.run(nameRecord(at), JSON.stringify({ total: at }));
      database.exec('COMMIT');
    }
    database.close();
  }
}

export interface Value {
  readonly total: number;
}

/** A store in one of the files, without what is to be left out. */
export function openStore(
  { folder, without }: Pick<BackfillProofSettings, 'folder' | 'without'>,
  side: 'old' | 'new',
): ScannedStore<Value> {
  const database = openFile(folder, side);
  const store = sqliteStore<Value>(database, layout);
  const remove = database.prepare('DELETE FROM records WHERE id = ?');
  const replace = database.prepare('INSERT OR REPLACE INTO records (id, body, mig_version) VALUES (?, ?, ?)');
  const update = database.prepare('UPDATE records SET body = ?, mig_version = ? WHERE id = ?');
  switch (without) {
    case undefined:
      return store;
    case 'tombstones':
      return {
        ...store,
        remove: async (key): Promise<Applied> => {
          remove.run(key);
          return 'applied';
        },
      };
    case 'guard':
      return {
        ...store,
        write: async (key, value, { version }): Promise<Applied> => {
          const body = JSON.stringify(value);
          const { changes } = update.run(body, version, key);
          if (changes === 0) replace.run(key, body, version);
          return 'applied';
        },
      };
  }
}

/** What the files have in the end: records and tombstones by key, and writes that were undone. */
export function inspectFiles(folder: string) {
  const [old, next] = (['old', 'new'] as const).map((side) => {
    const database = openFile(folder, side);
    const rows = database
      .prepare("SELECT id, body, coalesce(mig_version, '') AS version, mig_deleted FROM records")
      .all();
    const undone = side === 'new' ? database.prepare('SELECT * FROM undone').all() : [];
    database.close();
    return { records: new Map(rows.map(({ id, ...row }) => [String(id), JSON.stringify(row)])), undone };
  });
  if (old === undefined || next === undefined) throw new Error('two files were opened');
  return { old: old.records, new: next.records, undone: next.undone };
}
