import { findPostgres, type PostgresCluster, startPostgresCluster } from '@sluice/testkit';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Order,
  orderOf,
  type StorePlace,
  testNumberedKeys,
  testStore,
  testTwoColumns,
  twoColumns,
  versionOf,
} from '../../../contract-tests/store-contract.ts';
import { type PostgresConnection, postgresColumnsSql, postgresStore } from './postgres.ts';
import type { TableLayout } from './table.ts';

const layout: TableLayout<Order> = {
  schema: 'shop',
  table: 'order',
  key: 'id',
  columns: {
    id: 'id',
    name: 'name',
    total: 'total',
    paid: 'is paid',
    placedAt: { column: 'placed"at', encode: (iso) => iso, decode: (date) => (date as Date).toISOString() },
    balance: 'balance',
    details: { json: 'details' },
  },
  tombstone: { total: 0 },
};

const asJson: TableLayout<Order> = { table: 'documents', key: 'id', version: 'v', deleted: 'gone', json: 'body' };

interface Numbered {
  readonly id: number;
  readonly name: string | null;
}

const numbered: TableLayout<Numbered> = {
  table: 'numbered',
  key: 'id',
  columns: { id: { column: 'id', encode: String, decode: Number }, name: 'name' },
};

const { signal } = new AbortController();

/** As programs made it that know nothing of a migration. The database sorts as people do. */
const before = `create schema shop;
  create table shop."order" (id text primary key, name text, total double precision not null, "is paid" boolean,
    "placed""at" timestamptz, balance numeric(38), details jsonb);
  create table documents (id varchar(700) primary key, body jsonb);
  create table numbered (id bigint primary key, name text unique)`;

/** Where PostgreSQL is not installed, that is said by the configuration of the tests. */
const isThere = findPostgres() !== undefined || process.env.CI === 'true';

describe.runIf(isThere)('on PostgreSQL', () => {
  let cluster: PostgresCluster;
  let pool: Pool;

  beforeAll(async () => {
    cluster = await startPostgresCluster();
    pool = new Pool({ connectionString: cluster.url });
    await pool.query(before);
    const lacking = [layout, asJson].flatMap((used) => postgresColumnsSql(used));
    for (const statement of [...lacking, ...postgresColumnsSql(numbered)]) await pool.query(statement);
  });
  afterAll(async () => {
    await pool?.end();
    await cluster?.close();
  });

  const startPostgres = (used: TableLayout<Order>, table: string, insert: string) => async (): Promise<StorePlace> => {
    const others: Pool[] = [];
    return {
      open: async () => {
        const other = new Pool({ connectionString: cluster.url, max: 8 });
        others.push(other);
        return postgresStore(other, used);
      },
      clear: async () => {
        await pool.query(`truncate ${table}`);
      },
      putWithoutVersion: async (order) => {
        await pool.query(insert, [JSON.stringify(order)]);
      },
      close: async () => {
        await Promise.all(others.map((other) => other.end()));
      },
    };
  };

  const columnsOf = `insert into shop."order" (id, name, total, "is paid", "placed""at", balance, details)
    select o ->> 'id', o ->> 'name', (o ->> 'total')::float8, (o ->> 'paid')::boolean, (o ->> 'placedAt')::timestamptz,
      (o ->> 'balance')::numeric, o -> 'details' from (select $1::jsonb as o) as given`;
  testStore('a column for each property', startPostgres(layout, 'shop."order"', columnsOf), { isScanned: true });

  const documentOf = `insert into documents (id, body) select o ->> 'id', o from (select $1::jsonb as o) as given`;
  testStore('the value as JSON', startPostgres(asJson, 'documents', documentOf), { isScanned: true });

  testNumberedKeys(() => postgresStore(pool, numbered));

  test('fails as the database does where another rule of the table is broken', async () => {
    const store = postgresStore(pool, numbered);
    await store.write('100', { id: 100, name: 'one' }, { version: versionOf(1), signal });
    const second = store.write('101', { id: 101, name: 'one' }, { version: versionOf(2), signal });
    await expect(second).rejects.toMatchObject({ code: '23505' });
    expect(await store.read('100', { signal })).toEqual({ value: { id: 100, name: 'one' }, version: versionOf(1) });
  });

  testTwoColumns(async () => {
    await pool.query('create table prices (id text primary key, total double precision, balance numeric)');
    const { old, next } = twoColumns;
    for (const statement of [...postgresColumnsSql(old), ...postgresColumnsSql(next)]) await pool.query(statement);
    return {
      old: postgresStore(pool, old),
      next: postgresStore(pool, next),
      putRow: async (id, total) => {
        await pool.query('insert into prices (id, total) values ($1, $2)', [id, total]);
      },
    };
  });

  test('reads pages by an index, not by sorting the table', async () => {
    await pool.query('truncate shop."order"');
    await pool.query(
      `insert into shop."order" (id, total) select 'order-' || n, 1 from generate_series(1, 10000) as n`,
    );
    await pool.query('analyze shop."order"');
    const seen: string[] = [];
    const watched: PostgresConnection = {
      query: (text, values) => {
        seen.push(text);
        return pool.query(text, values);
      },
    };
    await postgresStore(watched, layout).scan({ after: 'order-2', upTo: 'order-3', limit: 10, signal });
    const { rows } = await pool.query(`explain ${seen[0]}`, ['order-2', 'order-3']);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Index Scan using order_mig_order');
    expect(plan).not.toContain('Sort');
  });

  test('takes part in a transaction, one query after the other', async () => {
    const client = await pool.connect();
    try {
      const old = postgresStore(client, layout);
      const next = postgresStore(client, asJson);
      const options = { version: versionOf(1), signal };
      await client.query('begin');
      await old.write('both', orderOf('both'), options);
      await next.write('both', orderOf('both'), options);
      expect(await postgresStore(pool, layout).read('both', { signal })).toBeUndefined();
      await client.query('rollback');
      expect(await old.read('both', { signal })).toBeUndefined();
      expect(await next.read('both', { signal })).toBeUndefined();
    } finally {
      client.release();
    }
  });
});
