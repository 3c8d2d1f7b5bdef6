import type { ScannedStore } from '../store.ts';
import {
  type Dialect,
  describeTable,
  type Row,
  readSql,
  scanParameters,
  scanSql,
  type TableLayout,
  upsertSql,
} from './table.ts';

/** What is used of `node:sqlite`'s DatabaseSync; better-sqlite3's Database has it too. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
}

interface SqliteStatement {
  // Both drivers take what a column can hold, and each says so with types of its own.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  get(...parameters: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  all(...parameters: any[]): unknown[];
  // biome-ignore lint/suspicious/noExplicitAny: see above
  run(...parameters: any[]): { readonly changes: number | bigint };
}

const dialect: Dialect = {
  // With double quotes some builds would take a column that is not there for a string.
  quote: (name) => `\`${name.replaceAll('`', '``')}\``,
  text: (expression) => `cast(${expression} as text)`,
  binary: (expression) => `cast(${expression} as text) collate binary`,
  parameter: () => '?',
};

/**
 * A table of SQLite as a store. Writes take part in the transaction that is open on the database, if one is, whoever
 * opened it. Throws if the table is not there as the layout says.
 */
export function sqliteStore<T>(database: SqliteDatabase, layout: TableLayout<T>): ScannedStore<T> {
  const table = describeTable(layout, dialect);
  const reading = database.prepare(readSql(table, dialect));
  const upserting = database.prepare(upsertSql(table, dialect));
  const order = dialect.binary(table.key);

  async function put(key: string, value: T | undefined, version: string, signal: AbortSignal) {
    signal.throwIfAborted();
    const { changes } = upserting.run(...table.encode(key, value, version));
    return Number(changes) > 0 ? 'applied' : 'stale';
  }

  return {
    read: async (key, { signal }) => {
      signal.throwIfAborted();
      const row = reading.get(key);
      // Statements select rows of this form.
      return row === undefined ? undefined : table.decode(row as Row);
    },
    write: (key, value, { version, signal }) => put(key, value, version, signal),
    remove: (key, { version, signal }) => put(key, undefined, version, signal),
    scan: async (page) => {
      page.signal.throwIfAborted();
      const rows = database.prepare(scanSql(table, dialect, order, page)).all(...scanParameters(page));
      return table.decodePage(rows as Row[]);
    },
  };
}

/** What a table of SQLite lacks to be a store: statements to be run once, in this order. */
export function sqliteColumnsSql<T>(layout: TableLayout<T>): readonly string[] {
  const { name, version, deleted, key } = describeTable(layout, dialect);
  const schema = layout.schema === undefined ? '' : `${dialect.quote(layout.schema)}.`;
  return [
    `alter table ${name} add column ${version} text`,
    `alter table ${name} add column ${deleted} integer not null default 0`,
    // An index belongs to the schema of its table, and names that without.
    `create index if not exists ${schema}${dialect.quote(`${layout.table}_mig_order`)} on ${dialect.quote(layout.table)} (${dialect.binary(key)})`,
  ];
}
