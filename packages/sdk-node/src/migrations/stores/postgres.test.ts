import { findPostgres, type PostgresCluster, startPostgresCluster } from '@sluice/testkit';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Order, orderOf, type StorePlace, testStore, versionOf } from '../../../contract-tests/store-contract.ts';
import { postgresColumnsSql, postgresStore } from './postgres.ts';
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

/** As programs made it that know nothing of a migration. The database sorts as people do. */
const before = `create schema shop;
  create table shop."order" (id text primary key, name text, total double precision not null, "is paid" boolean,
    "placed""at" timestamptz, balance numeric(38), details jsonb);
  create table documents (id varchar(700) primary key, body jsonb);
  create table numbered (id bigint primary key, name text)`;

/** Where PostgreSQL is not installed, that is said by the configuration of the tests. */
const isThere = findPostgres() !== undefined || process.env.CI === 'true';

describe.runIf(isThere)('on PostgreSQL', () => {
  let cluster: PostgresCluster;
  let pool: Pool;

  beforeAll(async () => {
    cluster = await startPostgresCluster();
    pool = new Pool({ connectionString: cluster.url });
    await pool.query(before);
    for (const used of [layout, asJson, numbered]) {
      for (const statement of postgresColumnsSql(used)) await pool.query(statement);
    }
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
        await Promise.all(others.splice(0).map((other) => other.end()));
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
});
