import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
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
import { SluiceError } from '../../errors.ts';
import { sqliteColumnsSql, sqliteStore } from './sqlite.ts';
import type { TableLayout } from './table.ts';

const layout: TableLayout<Order> = {
  table: 'order',
  key: 'id',
  columns: {
    id: 'id',
    name: 'name',
    total: 'total',
    paid: { column: 'is paid', encode: Number, decode: (stored) => stored === 1 },
    placedAt: {
      column: 'placed"at',
      encode: (iso) => Date.parse(iso),
      decode: (ms) => new Date(Number(ms)).toISOString(),
    },
    balance: 'balance',
    details: { json: 'details' },
  },
  tombstone: { total: 0 },
};

const asJson: TableLayout<Order> = { table: 'documents', key: 'id', version: 'v', deleted: 'gone', json: 'body' };

/** As programs made it that know nothing of a migration. */
const before = `create table "order" (id text primary key collate binary, name text, total real not null,
  "is paid" integer, "placed""at" integer, balance text, details text);
  create table documents (id text primary key, body text)`;

function open(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'shop.db'), { timeout: 5_000 });
  database.exec('pragma journal_mode = wal; pragma synchronous = off');
  return database;
}

async function startSqlite(used: TableLayout<Order>, insert: string): Promise<StorePlace> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  const database = open(folder);
  const others: DatabaseSync[] = [];
  database.exec(before);
  for (const statement of sqliteColumnsSql(used)) database.exec(statement);
  return {
    open: async () => {
      const other = open(folder);
      others.push(other);
      return sqliteStore(other, used);
    },
    clear: async () => database.exec(`delete from "${used.table}"`),
    putWithoutVersion: async (order) => {
      database.prepare(insert).run(JSON.stringify(order));
    },
    close: async () => {
      for (const each of [...others, database]) each.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const columnsOf = `insert into "order" (id, name, total, "is paid", "placed""at", balance, details)
  select o ->> 'id', o ->> 'name', o ->> 'total', o ->> 'paid',
    cast(1000 * unixepoch(o ->> 'placedAt', 'subsec') as integer), o ->> 'balance', o -> 'details' from (select ? as o)`;
testStore('SQLite, a column for each property', () => startSqlite(layout, columnsOf), { isScanned: true });

const documentOf = `insert into documents (id, body) select o ->> 'id', o from (select ? as o)`;
testStore('SQLite, the value as JSON', () => startSqlite(asJson, documentOf), { isScanned: true });

const { signal } = new AbortController();

function openMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  database.exec(before);
  return database;
}

testTwoColumns(async () => {
  const database = openMemory();
  database.exec('create table prices (id text primary key, total real, balance text)');
  const { old, next } = twoColumns;
  for (const statement of [...sqliteColumnsSql(old), ...sqliteColumnsSql(next)]) database.exec(statement);
  return {
    old: sqliteStore(database, old),
    next: sqliteStore(database, next),
    putRow: async (id, total) => {
      database.prepare('insert into prices (id, total) values (?, ?)').run(id, total);
    },
  };
});

test('reads pages by an index, not by sorting the table', () => {
  const database = openMemory();
  for (const statement of sqliteColumnsSql(layout)) database.exec(statement);
  const seen: string[] = [];
  const watched = {
    prepare: (sql: string) => {
      seen.push(sql);
      return database.prepare(sql);
    },
  };
  void sqliteStore(watched, layout).scan({ after: 'a', upTo: 'z', limit: 10, signal });
  const plan = database.prepare(`explain query plan ${seen.at(-1)}`).all('a', 'z');
  expect(plan.map(({ detail }) => detail)).toEqual([
    'SEARCH order USING INDEX order_mig_order (<expr>>? AND <expr><?)',
  ]);
});

test('takes part in the transaction that is open', async () => {
  const database = openMemory();
  for (const statement of sqliteColumnsSql(layout)) database.exec(statement);
  const store = sqliteStore(database, layout);
  database.exec('begin');
  await store.write('a', orderOf('a'), { version: versionOf(1), signal });
  database.exec('rollback');
  expect(await store.read('a', { signal })).toBeUndefined();
});

test('blanks what it removes, and puts there what cannot be NULL', async () => {
  const database = openMemory();
  for (const statement of sqliteColumnsSql(layout)) database.exec(statement);
  const store = sqliteStore(database, layout);
  await store.write('a', orderOf('a'), { version: versionOf(1), signal });
  await store.remove('a', { version: versionOf(2), signal });
  expect(database.prepare('select * from "order"').get()).toEqual({
    ...{ id: 'a', name: null, total: 0, 'is paid': null, 'placed"at': null, balance: null, details: null },
    ...{ mig_version: versionOf(2), mig_deleted: 1 },
  });
});

testNumberedKeys(() => {
  const database = openMemory();
  database.exec('create table numbered (id integer primary key, name text)');
  const numbered: TableLayout<{ id: number; name: string | null }> = {
    table: 'numbered',
    key: 'id',
    columns: { id: 'id', name: 'name' },
  };
  for (const statement of sqliteColumnsSql(numbered)) database.exec(statement);
  return sqliteStore(database, numbered);
});

test('says at once what the table lacks', () => {
  const database = openMemory();
  expect(() => sqliteStore(database, layout)).toThrow('no such column: mig_version');
});

test.each<[string, TableLayout<{ a: string; b: string }>, string]>([
  [
    'two properties in one column',
    { table: 't', key: 'id', columns: { a: 'x', b: { json: 'x' } } },
    'column x of t must hold one thing, got two for it',
  ],
  [
    'a property in the column of the version',
    { table: 't', key: 'id', columns: { a: 'mig_version', b: 'b' } },
    'column mig_version of t must hold one thing, got two for it',
  ],
  [
    'a key that is the tombstone',
    { table: 't', key: 'mig_deleted', json: 'body' },
    'column mig_deleted of t is the key and cannot be more',
  ],
  [
    'a word that it does not know',
    // As programs without types may.
    { table: 't', key: 'id', json: 'body', unversioned: 'no' as 'nothing' },
    'unversioned of t must be records or nothing, got "no"',
  ],
  [
    'a column without a name',
    { table: 't', key: 'id', columns: { a: '', b: 'b' } },
    'a name in the layout of t must be text, got ""',
  ],
])('refuses %s', (_, unusable, message) => {
  expect(() => sqliteStore(openMemory(), unusable)).toThrow(new SluiceError('invalid-options', message));
});
