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

/**
 * What is used of `pg`: a Pool has it, a Client that is in a transaction, and whatever picks one of them at each query.
 */
export interface PostgresConnection {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number | null }>;
}

const dialect: Dialect = {
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  text: (expression) => `${expression}::text`,
  binary: (expression) => `(${expression}::text) collate "C"`,
  parameter: (at) => `$${at}`,
};

/** A table of PostgreSQL as a store. An operation is one statement; once it is sent, it runs to its end. */
export function postgresStore<T>(connection: PostgresConnection, layout: TableLayout<T>): ScannedStore<T> {
  const table = describeTable(layout, dialect);
  const reading = readSql(table, dialect);
  const upserting = upsertSql(table, dialect);
  const order = dialect.binary(table.key);

  async function put(key: string, value: T | undefined, version: string, signal: AbortSignal) {
    signal.throwIfAborted();
    const { rowCount } = await connection.query(upserting, [...table.encode(key, value, version)]);
    return rowCount === 1 ? 'applied' : 'stale';
  }

  return {
    read: async (key, { signal }) => {
      signal.throwIfAborted();
      const { rows } = await connection.query(reading, [key]);
      return rows[0] && table.decode(rows[0]);
    },
    write: (key, value, { version, signal }) => put(key, value, version, signal),
    remove: (key, { version, signal }) => put(key, undefined, version, signal),
    scan: async (page) => {
      page.signal.throwIfAborted();
      const { rows } = await connection.query(scanSql(table, dialect, order, page), [...scanParameters(page)]);
      return table.decodePage(rows);
    },
  };
}

/**
 * What a table of PostgreSQL lacks to be a store: statements to be run once, in this order, outside of a transaction.
 * None of them keeps others from reading or writing for longer than a moment.
 */
export function postgresColumnsSql<T>(layout: TableLayout<T>): readonly string[] {
  const { name, version, deleted, key } = describeTable(layout, dialect);
  return [
    `alter table ${name} add column ${version} text, add column ${deleted} boolean not null default false`,
    `create index concurrently if not exists ${dialect.quote(`${layout.table}_mig_order`)} on ${name} (${dialect.binary(key)})`,
  ];
}
