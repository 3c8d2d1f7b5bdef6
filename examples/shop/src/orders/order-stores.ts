import { DatabaseSync } from 'node:sqlite';
import {
  postgresColumnsSql,
  postgresStore,
  type ScannedStore,
  sqliteColumnsSql,
  sqliteStore,
  type TableLayout,
} from '@sluice/sdk-node/stores';
import { Pool } from 'pg';
import type { Order } from './orders.ts';

/** A database that has orders. */
export interface OrderDatabase {
  readonly store: ScannedStore<Order>;
  /** Forgets everything, as if it had never been used. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The new database has money in euros. */
export type ToEuros = (cents: number) => number;

export const toEuros: ToEuros = (cents) => cents / 100;

const columns = { id: 'id', account: 'account', product: 'product', quantity: 'quantity' } as const;

const oldLayout: TableLayout<Order> = { table: 'orders', key: 'id', columns: { ...columns, cents: 'cents' } };

function newLayout(encode: ToEuros): TableLayout<Order> {
  // PostgreSQL gives what is exact as text.
  const cents = { column: 'euros', encode, decode: (euros: unknown) => Math.round(Number(euros) * 100) };
  return { table: 'orders', key: 'id', columns: { ...columns, cents } };
}

/** In a file with whatever else is there. */
export function openOldOrders(file: string): OrderDatabase {
  return openSqlite(file, oldLayout, 'cents INTEGER');
}

/** In PostgreSQL if it is an address of one, else in a file of SQLite. */
export async function openNewOrders(place: string, encode: ToEuros = toEuros): Promise<OrderDatabase> {
  const layout = newLayout(encode);
  if (!/^postgres(?:ql)?:/.test(place)) return openSqlite(place, layout, 'euros REAL');
  const pool = new Pool({ connectionString: place });
  const { rows } = await pool.query(`SELECT to_regclass('orders') AS found`);
  if (rows[0].found === null) {
    await pool.query(
      'CREATE TABLE orders (id TEXT PRIMARY KEY, account TEXT, product INTEGER, quantity INTEGER, euros NUMERIC(12, 2))',
    );
    for (const statement of postgresColumnsSql(layout)) await pool.query(statement);
  }
  return {
    store: postgresStore(pool, layout),
    clear: async () => {
      await pool.query('TRUNCATE orders');
    },
    close: () => pool.end(),
  };
}

function openSqlite(file: string, layout: TableLayout<Order>, money: string): OrderDatabase {
  // Others write to the file too.
  const database = new DatabaseSync(file, { timeout: 5000 });
  database.exec('PRAGMA journal_mode = WAL');
  const isThere = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'orders'`).get() !== undefined;
  if (!isThere) {
    database.exec(
      `CREATE TABLE orders (id TEXT PRIMARY KEY, account TEXT, product INTEGER, quantity INTEGER, ${money})`,
    );
    for (const statement of sqliteColumnsSql(layout)) database.exec(statement);
  }
  return {
    store: sqliteStore(database, layout),
    clear: async () => database.exec('DELETE FROM orders'),
    close: async () => database.close(),
  };
}
