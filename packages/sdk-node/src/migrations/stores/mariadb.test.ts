import { isInstalled, type MariadbServer, startMariadbServer } from '@sluice/testkit';
import { createPool, type Pool } from 'mysql2/promise';
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
import { type MariadbConnection, type MariadbLayout, mariadbColumnsSql, mariadbStore } from './mariadb.ts';

const layout: MariadbLayout<Order> = {
  schema: 'shop',
  table: 'order',
  key: 'id',
  columns: {
    id: 'id',
    name: 'name',
    total: 'total',
    paid: { column: 'is paid', encode: (paid) => paid, decode: (stored) => stored === 1 },
    placedAt: {
      column: 'placed`at',
      encode: (iso) => new Date(iso),
      decode: (date) => (date as Date).toISOString(),
    },
    balance: 'balance',
    details: { json: 'details' },
  },
  tombstone: { total: 0 },
};

const asJson: MariadbLayout<Order> = {
  table: 'documents',
  key: 'id',
  version: 'v',
  deleted: 'gone',
  order: 'o',
  json: 'body',
};

interface Numbered {
  readonly id: number;
  readonly name: string | null;
}

const numbered: MariadbLayout<Numbered> = { table: 'numbered', key: 'id', columns: { id: 'id', name: 'name' } };

const { signal } = new AbortController();

/** As programs made it that know nothing of a migration. The database sorts as people do. */
const before = [
  `create table \`order\` (id varchar(700) collate utf8mb4_nopad_bin primary key, name text, total double not null,
    \`is paid\` boolean, \`placed\`\`at\` datetime(3), balance decimal(38), details json)`,
  'create table documents (id varchar(700) collate utf8mb4_nopad_bin primary key, body json)',
  'create table numbered (id bigint primary key, name varchar(40) unique)',
];

describe.runIf(isInstalled('stores of migrations on MariaDB', 'mariadb-server'))('on MariaDB', () => {
  let server: MariadbServer;
  let pool: Pool;

  function openPool(): Pool {
    return createPool({ uri: server.url, timezone: 'Z', connectionLimit: 8 });
  }

  beforeAll(async () => {
    server = await startMariadbServer();
    pool = openPool();
    const lacking = [layout, asJson].flatMap((used) => mariadbColumnsSql(used));
    for (const statement of [...before, ...lacking, ...mariadbColumnsSql(numbered)]) await pool.query(statement);
  });
  afterAll(async () => {
    await pool?.end();
    await server?.close();
  });

  const startMariadb = (used: MariadbLayout<Order>, insert: string) => async (): Promise<StorePlace> => {
    const others: Pool[] = [];
    return {
      open: async () => {
        const other = openPool();
        others.push(other);
        return mariadbStore(other, used);
      },
      clear: async () => {
        await pool.query(`delete from \`${used.table}\``);
      },
      putWithoutVersion: async (order) => {
        await pool.execute(insert, [JSON.stringify(order)]);
      },
      close: async () => {
        await Promise.all(others.map((other) => other.end()));
      },
    };
  };

  const columnsOf = `insert into \`order\` (id, name, total, \`is paid\`, \`placed\`\`at\`, balance, details)
    select json_value(o, '$.id'), json_value(o, '$.name'), json_value(o, '$.total'), json_value(o, '$.paid'),
      str_to_date(json_value(o, '$.placedAt'), '%Y-%m-%dT%H:%i:%s.%fZ'), json_value(o, '$.balance'),
      json_extract(o, '$.details') from (select ? as o) as given`;
  testStore('a column for each property', startMariadb(layout, columnsOf), { isScanned: true });

  const documentOf = `insert into documents (id, body) select json_value(o, '$.id'), o from (select ? as o) as given`;
  testStore('the value as JSON', startMariadb(asJson, documentOf), { isScanned: true });

  testNumberedKeys(() => mariadbStore(pool, numbered));

  test('changes no other record where another unique column has the value', async () => {
    const store = mariadbStore(pool, numbered);
    await store.write('100', { id: 100, name: 'one' }, { version: versionOf(1), signal });
    const second = store.write('101', { id: 101, name: 'one' }, { version: versionOf(2), signal });
    await expect(second).rejects.toMatchObject({ errno: 1062 });
    expect(await store.read('100', { signal })).toEqual({ value: { id: 100, name: 'one' }, version: versionOf(1) });
    expect(await store.read('101', { signal })).toBeUndefined();
  });

  test('counts rows alike, whatever the connection counts as a changed one', async () => {
    const other = createPool({ uri: server.url, timezone: 'Z', flags: ['-FOUND_ROWS'] });
    try {
      const store = mariadbStore(other, layout);
      const write = (at: number) => store.write('counted', orderOf('counted'), { version: versionOf(at), signal });
      expect([await write(1), await write(2), await write(2), await write(1)]).toEqual([
        'applied',
        'applied',
        'stale',
        'stale',
      ]);
    } finally {
      await other.end();
    }
  });

  testTwoColumns(async () => {
    await pool.query('create table prices (id varchar(40) primary key, total double, balance decimal(38))');
    const { old, next } = twoColumns;
    for (const statement of [...mariadbColumnsSql(old), ...mariadbColumnsSql(next)]) await pool.query(statement);
    return {
      old: mariadbStore(pool, old),
      next: mariadbStore(pool, next),
      putRow: async (id, total) => {
        await pool.execute('insert into prices (id, total) values (?, ?)', [id, total]);
      },
    };
  });

  test('reads pages by an index, not by sorting the table', async () => {
    await pool.query('delete from `order`');
    await pool.query("insert into `order` (id, total) select concat('order-', seq), 1 from seq_1_to_10000");
    await pool.query('analyze table `order`');
    const seen: string[] = [];
    const watched: MariadbConnection = {
      execute: (sql, values) => {
        seen.push(sql);
        return pool.execute(sql, values);
      },
    };
    await mariadbStore(watched, layout).scan({ after: 'order-2', upTo: 'order-3', limit: 10, signal });
    const [rows] = await pool.execute(`explain ${seen[0]}`, [Buffer.from('order-2'), Buffer.from('order-3')]);
    expect(rows).toMatchObject([{ type: 'range', key: 'order_mig_order', Extra: 'Using where' }]);
  });

  test('takes part in a transaction, one query after the other', async () => {
    const connection = await pool.getConnection();
    try {
      const old = mariadbStore(connection, layout);
      const next = mariadbStore(connection, asJson);
      const options = { version: versionOf(1), signal };
      await connection.beginTransaction();
      await old.write('both', orderOf('both'), options);
      await next.write('both', orderOf('both'), options);
      expect(await mariadbStore(pool, layout).read('both', { signal })).toBeUndefined();
      await connection.rollback();
      expect(await old.read('both', { signal })).toBeUndefined();
      expect(await next.read('both', { signal })).toBeUndefined();
    } finally {
      connection.release();
    }
  });

  test('begins again after a deadlock, unless a transaction is lost with it', async () => {
    let deadlocks = 0;
    const execute = async (sql: string, values: unknown[]): Promise<[unknown, ...unknown[]]> => {
      if (++deadlocks === 1) throw Object.assign(new Error('Deadlock found'), { errno: 1213 });
      // biome-ignore lint/suspicious/noExplicitAny: what the store gives, the driver takes
      return pool.execute(sql, values as any[]);
    };
    const options = { version: versionOf(1), signal };
    const ofPool = mariadbStore({ execute, getConnection: () => pool.getConnection() }, layout);
    expect(await ofPool.write('deadlock', orderOf('deadlock'), options)).toBe('applied');
    deadlocks = 0;
    const ofConnection = mariadbStore({ execute }, layout);
    await expect(ofConnection.write('deadlock-2', orderOf('deadlock-2'), options)).rejects.toThrow('Deadlock found');
    expect(await ofPool.read('deadlock-2', { signal })).toBeUndefined();
  });

  test('sees in a transaction what was written after that began', async () => {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      const store = mariadbStore(connection, layout);
      expect(await store.read('late', { signal })).toBeUndefined();
      await mariadbStore(pool, layout).write('late', orderOf('late'), { version: versionOf(2), signal });
      expect(await store.write('late', orderOf('late'), { version: versionOf(1), signal })).toBe('stale');
      expect(await store.write('late', orderOf('late'), { version: versionOf(3), signal })).toBe('applied');
      await connection.commit();
    } finally {
      connection.release();
    }
    expect((await mariadbStore(pool, layout).read('late', { signal }))?.version).toBe(versionOf(3));
  });
});
