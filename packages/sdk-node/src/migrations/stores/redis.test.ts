import { isInstalled, type RedisServer, startRedisServer } from '@sluice/testkit';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Order, orderOf, type StorePlace, testStore, versionOf } from '../../../contract-tests/store-contract.ts';
import { SluiceError } from '../../errors.ts';
import { redisStore } from './redis.ts';

const prefix = 'order:';
const { signal } = new AbortController();

describe.runIf(isInstalled('stores of migrations on Redis', 'redis-server'))('on Redis', () => {
  let server: RedisServer;
  let client: ReturnType<typeof openClient>;

  function openClient() {
    return createClient({ url: server.url });
  }

  beforeAll(async () => {
    server = await startRedisServer();
    client = openClient();
    await client.connect();
  });
  afterAll(async () => {
    await client?.close();
    await server?.close();
  });

  async function startRedis(): Promise<StorePlace> {
    const others: (typeof client)[] = [];
    return {
      open: async () => {
        const other = openClient();
        await other.connect();
        others.push(other);
        return redisStore<Order>(other, { prefix });
      },
      clear: async () => {
        await client.flushDb();
      },
      putWithoutVersion: async (order) => {
        await client.set(prefix + order.id, JSON.stringify(order));
      },
      close: async () => {
        await Promise.all(others.map((other) => other.close()));
      },
    };
  }
  testStore('a string for each record', startRedis, { isScanned: true });

  test('records are to other programs what they were', async () => {
    await client.flushDb();
    const store = redisStore<Order>(client, { prefix });
    await store.write('a', orderOf('a'), { version: versionOf(1), signal });
    expect(JSON.parse((await client.get('order:a')) ?? '')).toEqual(orderOf('a'));
    await store.remove('a', { version: versionOf(2), signal });
    expect(await client.exists('order:a')).toBe(0);
    await client.set('order:a', JSON.stringify(orderOf('a', { total: 3 })));
    expect(await store.read('a', { signal })).toEqual({ value: orderOf('a', { total: 3 }), version: versionOf(2) });
  });

  test('finds what was there before, and nothing else, and gives no page until it has looked everywhere', async () => {
    await client.flushDb();
    const odd = redisStore<Order>(client, { prefix: 'o[r]*d\\ü?:' });
    const keys = Array.from({ length: 2_500 }, (_, at) => `漢${at}`);
    await client.mSet(Object.fromEntries(keys.map((key) => [`o[r]*d\\ü?:${key}`, JSON.stringify(orderOf(key))])));
    await client.mSet(Object.fromEntries(keys.map((key) => [`order:${key}`, '1'])));
    await client.hSet('o[r]*d\\ü?:hash', 'a', 'b');
    await odd.write('漢7', orderOf('漢7'), { version: versionOf(1), signal });
    const everything = { after: undefined, upTo: undefined, limit: 10_000, signal };
    await expect(odd.scan(everything)).rejects.toMatchObject({ code: 'backfill' });
    let from = await odd.findRecords({ from: undefined, signal });
    // A step is short, and whoever goes on with another store has seen nothing of what it found.
    expect(from).toBeDefined();
    await expect(odd.scan(everything)).rejects.toThrow(
      'not all keys of Redis that begin with o[r]*d\\ü?: are known yet',
    );
    while (from !== undefined) from = await odd.findRecords({ from, signal });
    const page = await odd.scan(everything);
    expect(page.map(({ key }) => key)).toEqual([...keys].sort());
  });

  test('keeps the text that it is told to', async () => {
    await client.flushDb();
    const store = redisStore<number>(client, {
      prefix: 'n:',
      encode: (value) => `<${value}>`,
      decode: (text) => Number(text.slice(1, -1)),
    });
    await store.write('a', 7, { version: versionOf(1), signal });
    expect(await client.get('n:a')).toBe('<7>');
    expect(await store.read('a', { signal })).toEqual({ value: 7, version: versionOf(1) });
  });

  test('refuses to take all keys of a database for its own', () => {
    const message = 'prefix of records in Redis must be text, got ""';
    expect(() => redisStore(client, { prefix: '' })).toThrow(new SluiceError('invalid-options', message));
  });
});
