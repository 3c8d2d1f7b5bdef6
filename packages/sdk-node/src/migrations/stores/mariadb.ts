import type { Applied, ScannedStore } from '../store.ts';
import {
  type Dialect,
  describeTable,
  isOlderSql,
  type Row,
  readSql,
  scanParameters,
  scanSql,
  type TableLayout,
} from './table.ts';

/**
 * What is used of `mysql2/promise`: a Pool has it, a Connection that is in a transaction, and whatever picks one of them
 * at each statement.
 */
export interface MariadbConnection {
  // The driver says of each value what it can be, this does not; and the answer's form goes by the statement.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  execute(sql: string, values: any[]): Promise<[any, ...unknown[]]>;
  /** Only a Pool has it, where each statement is a transaction of its own. */
  getConnection?(): Promise<unknown>;
}

/**
 * MariaDB has no index on an expression: keys are read in the order of a generated column, `order`, of their bytes;
 * `mig_order` by default.
 */
export type MariadbLayout<T> = TableLayout<T> & { readonly order?: string };

const dialect: Dialect = {
  quote: (name) => `\`${name.replaceAll('`', '``')}\``,
  text: (expression) => `convert(${expression} using utf8mb4)`,
  binary: (expression) => `cast(${expression} as binary)`,
  parameter: () => '?',
};

/**
 * A table of MariaDB as a store. A write is a guarded update; where there is no such row, an insert; where somebody else
 * inserted it meanwhile, once more. `on duplicate key update` would be one statement, but takes any unique column for
 * the key and then changes another record's row, and does not tell whether it changed one. In a transaction that
 * repeats its reads, or is serializable, an update of a row that is not there locks the gap: two that insert into one
 * may meet in a deadlock, of which MariaDB ends one: with a Pool the write begins again, else whoever began the
 * transaction has to.
 */
export function mariadbStore<T>(connection: MariadbConnection, layout: MariadbLayout<T>): ScannedStore<T> {
  const table = describeTable(layout, dialect);
  const [, ...changed] = table.written;
  const isOlder = isOlderSql(table, dialect, '', '?');
  const reading = readSql(table, dialect);
  const updating = [
    `update ${table.name} set ${changed.map((column) => `${column} = ?`).join(', ')}`,
    `where ${table.key} = ? and ${isOlder}`,
  ].join(' ');
  const inserting = [
    `insert into ${table.name} (${table.written.join(', ')})`,
    `values (${table.written.map(() => '?').join(', ')})`,
  ].join(' ');
  // What is there now, not what the transaction saw when it began.
  const asking = `select not (${isOlder}) as kept from ${table.name} where ${table.key} = ? for update`;
  const order = dialect.quote(layout.order ?? 'mig_order');

  const isPool = connection.getConnection !== undefined;

  async function select(sql: string, values: unknown[]): Promise<readonly Row[]> {
    return (await connection.execute(sql, values))[0];
  }

  /** How many rows it changed. A version rises with each change, so that a row which is found is also changed. */
  async function change(sql: string, values: unknown[]): Promise<number> {
    return (await connection.execute(sql, values))[0].affectedRows;
  }

  async function put(key: string, value: T | undefined, options: { version: string; signal: AbortSignal }) {
    const inserted = [...table.encode(key, value, options.version)];
    const updated = [...inserted.slice(1), key, options.version];
    for (;;) {
      options.signal.throwIfAborted();
      try {
        if ((await change(updating, updated)) > 0) return 'applied';
        const applied = await insert(inserted, key, options.version);
        if (applied !== undefined) return applied;
      } catch (error) {
        // It undoes the transaction, whose other statements only the caller has.
        if (!isPool || errorNumberOf(error) !== deadlock) throw error;
      }
    }
  }

  /** undefined: somebody else inserted the row meanwhile, as something older. */
  async function insert(values: unknown[], key: string, writtenVersion: string): Promise<Applied | undefined> {
    try {
      await change(inserting, values);
      return 'applied';
    } catch (error) {
      if (errorNumberOf(error) !== duplicateEntry) throw error;
      const [row] = await select(asking, [writtenVersion, key]);
      // It is another unique column that has the value.
      if (row === undefined) throw error;
      return Number(row.kept) === 1 ? 'stale' : undefined;
    }
  }

  return {
    read: async (key, { signal }) => {
      signal.throwIfAborted();
      const [row] = await select(reading, [key]);
      return row && table.decode(row);
    },
    write: (key, value, options) => put(key, value, options),
    remove: (key, options) => put(key, undefined, options),
    scan: async (page) => {
      page.signal.throwIfAborted();
      const ends = scanParameters(page).map((end) => Buffer.from(end));
      return table.decodePage(await select(scanSql(table, dialect, order, page), ends));
    },
  };
}

const duplicateEntry = 1062;
const deadlock = 1213;

function errorNumberOf(error: unknown): unknown {
  return error instanceof Error && 'errno' in error ? error.errno : undefined;
}

/** What a table of MariaDB lacks to be a store: statements to be run once, in this order. */
export function mariadbColumnsSql<T>(layout: MariadbLayout<T>): readonly string[] {
  const { name, version, deleted, key } = describeTable(layout, dialect);
  const order = dialect.quote(layout.order ?? 'mig_order');
  return [
    [
      `alter table ${name} add column ${version} varchar(64) character set utf8mb4 collate utf8mb4_bin`,
      `add column ${deleted} boolean not null default false`,
    ].join(', '),
    `alter table ${name} add column if not exists ${order} varbinary(3072) as (${dialect.text(key)}) virtual`,
    `create index if not exists ${dialect.quote(`${layout.table}_mig_order`)} on ${name} (${order})`,
  ];
}
