import { settle } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { type Order, orderOf, type StorePlace, testStore, versionOf } from '../../../contract-tests/store-contract.ts';
import type { Store, Stored } from '../store.ts';
import { serialised, type UnguardedStore } from './serialised.ts';

/** Somebody else's API: does what it is told, later, and in its own order. */
function createApi(keepsVersions: boolean, records: Map<string, Stored<Order>>): UnguardedStore<Order> {
  return {
    read: async (key) => {
      const found = records.get(key);
      await settle();
      return found;
    },
    write: async (key, value, { version }) => {
      await settle();
      records.set(key, { value, version: keepsVersions ? version : '' });
    },
    remove: async (key, { version }) => {
      await settle();
      if (keepsVersions) records.set(key, { value: undefined, version });
      else records.delete(key);
    },
  };
}

async function startApi(keepsVersions: boolean): Promise<StorePlace> {
  const records = new Map<string, Stored<Order>>();
  let store: Store<Order>;
  return {
    // One process has one wrapper.
    open: async () => ({
      read: (...given) => store.read(...given),
      write: (...given) => store.write(...given),
      remove: (...given) => store.remove(...given),
    }),
    clear: async () => {
      records.clear();
      store = serialised(createApi(keepsVersions, records));
    },
    putWithoutVersion: async (order) => {
      records.set(order.id, { value: order, version: '' });
    },
    close: async () => undefined,
  };
}

testStore('an API that keeps versions', () => startApi(true), { isScanned: false });
testStore('an API that keeps none', () => startApi(false), { isScanned: false });

const { signal } = new AbortController();

test('a write that failed is not taken for one that was made', async () => {
  const records = new Map<string, Stored<Order>>();
  const api = createApi(false, records);
  let isDown = true;
  const store = serialised({
    ...api,
    write: (...given) => (isDown ? Promise.reject(new Error('503')) : api.write(...given)),
  });
  const write = (at: number) => store.write('a', orderOf('a', { total: at }), { version: versionOf(at), signal });
  const [second, first] = await Promise.allSettled([write(2), write(1)]);
  expect([second.status, first.status]).toEqual(['rejected', 'rejected']);
  isDown = false;
  expect(await write(1)).toBe('applied');
  expect(await write(2)).toBe('applied');
  expect(await write(1)).toBe('stale');
  expect(records.get('a')?.value?.total).toBe(2);
});

test('a write does nothing if nobody waits for it any more when its turn comes', async () => {
  const records = new Map<string, Stored<Order>>();
  const store = serialised(createApi(true, records));
  const leaving = new AbortController();
  const first = store.write('a', orderOf('a'), { version: versionOf(1), signal });
  const second = store.write('a', orderOf('a'), { version: versionOf(2), signal: leaving.signal });
  leaving.abort();
  expect(await first).toBe('applied');
  await expect(second).rejects.toBe(leaving.signal.reason);
  expect(records.get('a')?.version).toBe(versionOf(1));
});

test('keys do not wait for each other', async () => {
  const records = new Map<string, Stored<Order>>();
  const api = createApi(true, records);
  const held = Promise.withResolvers<void>();
  const store = serialised({
    ...api,
    write: async (key, ...given) => {
      if (key === 'slow') await held.promise;
      return api.write(key, ...given);
    },
  });
  const slow = store.write('slow', orderOf('slow'), { version: versionOf(1), signal });
  expect(await store.write('fast', orderOf('fast'), { version: versionOf(1), signal })).toBe('applied');
  expect(records.has('slow')).toBe(false);
  held.resolve();
  expect(await slow).toBe('applied');
});
