import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ScannedStore, Store } from '../src/migrations/store.ts';
import type { TableLayout } from '../src/migrations/stores/table.ts';

/** What the stores under test hold; each property is of another kind. */
export interface Order {
  readonly id: string;
  readonly name: string | null;
  readonly total: number;
  readonly paid: boolean;
  /** A date in ISO 8601, to the millisecond, in UTC. */
  readonly placedAt: string;
  /** An integer of up to 38 digits. */
  readonly balance: string;
  readonly details: unknown;
}

/** A place where a store keeps its records: a server that runs. */
export interface StorePlace {
  /** A store of its own connection, over the same records. */
  open(): Promise<Store<Order> | ScannedStore<Order>>;
  clear(): Promise<void>;
  /** As programs put records that know no versions. */
  putWithoutVersion(order: Order): Promise<void>;
  close(): Promise<void>;
}

export interface StoreTraits {
  /** Whether it can be read by ascending keys. */
  readonly isScanned: boolean;
}

const { signal } = new AbortController();

/** Versions whose order is that of the numbers. */
export function versionOf(at: number): string {
  return String(at).padStart(20, '0');
}

export function orderOf(id: string, parts: Partial<Order> = {}): Order {
  const usual = {
    name: 'Ann',
    total: 12.5,
    paid: true,
    placedAt: '2026-11-23T10:20:30.456Z',
    balance: '1',
    details: {},
  };
  return { id, ...usual, ...parts };
}

/** What every store does. Each has its own server; `start` is called once. */
export function testStore(name: string, start: () => Promise<StorePlace>, { isScanned }: StoreTraits): void {
  describe(name, () => {
    let place: StorePlace;
    let store: Store<Order>;
    /** The same records by connections of their own, `store` among them. */
    let clients: readonly Store<Order>[];
    const put = (id: string, at: number, parts?: Partial<Order>) =>
      store.write(id, orderOf(id, parts), { version: versionOf(at), signal });
    const remove = (id: string, at: number) => store.remove(id, { version: versionOf(at), signal });
    const read = (id: string) => store.read(id, { signal });

    beforeAll(async () => {
      place = await start();
      store = await place.open();
      clients = [store, await place.open(), await place.open()];
    });
    beforeEach(() => place.clear());
    afterAll(() => place?.close());

    test('has nothing under a key that nobody wrote', async () => {
      await put('a', 1);
      expect(await read('b')).toBeUndefined();
    });

    test('gives back what was written, with its version', async () => {
      expect(await put('a', 1)).toBe('applied');
      expect(await read('a')).toEqual({ value: orderOf('a'), version: versionOf(1) });
    });

    test('takes a newer write in place of what it has', async () => {
      await put('a', 1);
      expect(await put('a', 2, { total: 2 })).toBe('applied');
      expect(await read('a')).toEqual({ value: orderOf('a', { total: 2 }), version: versionOf(2) });
    });

    test('keeps what it has from an older write', async () => {
      await put('a', 2, { total: 2 });
      expect(await put('a', 1, { total: 1 })).toBe('stale');
      expect(await read('a')).toEqual({ value: orderOf('a', { total: 2 }), version: versionOf(2) });
    });

    test('says of a write that comes twice that it has it', async () => {
      await put('a', 1);
      expect(await put('a', 1)).toBe('stale');
      expect(await put('a', 1, { total: 99 })).toBe('stale');
      expect(await read('a')).toEqual({ value: orderOf('a'), version: versionOf(1) });
    });

    test('compares versions as strings, by their bytes', async () => {
      const versions = ['', '0', '00', '1', 'A', 'AB', 'B', 'Z', '_', 'a', 'b'];
      for (const [at, version] of versions.entries()) {
        const value = orderOf('a', { total: at });
        expect(await store.write('a', value, { version, signal }), version).toBe('applied');
        for (const older of versions.slice(0, at)) {
          expect(await store.write('a', orderOf('a'), { version: older, signal }), older).toBe('stale');
        }
        expect(await read('a')).toEqual({ value, version });
      }
    });

    test('does not confuse keys', async () => {
      await put('a', 5);
      await put('b', 1);
      expect(await put('b', 2, { total: 2 })).toBe('applied');
      expect(await read('a')).toEqual({ value: orderOf('a'), version: versionOf(5) });
      expect(await read('b')).toEqual({ value: orderOf('b', { total: 2 }), version: versionOf(2) });
    });

    describe('removed records', () => {
      test('leave a tombstone', async () => {
        await put('a', 1);
        expect(await remove('a', 2)).toBe('applied');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(2) });
      });

      test('leave one where nothing was', async () => {
        expect(await remove('a', 2)).toBe('applied');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(2) });
      });

      test('are not brought back by a write from before', async () => {
        await remove('a', 2);
        expect(await put('a', 1)).toBe('stale');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(2) });
      });

      test('are not brought back by a write of the same version', async () => {
        await remove('a', 2);
        expect(await put('a', 2)).toBe('stale');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(2) });
      });

      test('are there again after a newer write', async () => {
        await put('a', 1);
        await remove('a', 2);
        expect(await put('a', 3, { total: 3 })).toBe('applied');
        expect(await read('a')).toEqual({ value: orderOf('a', { total: 3 }), version: versionOf(3) });
      });

      test('are not removed by something older than what is there', async () => {
        await put('a', 2);
        expect(await remove('a', 1)).toBe('stale');
        expect(await read('a')).toEqual({ value: orderOf('a'), version: versionOf(2) });
      });

      test('are removed once, and later again by something newer', async () => {
        expect(await remove('a', 1)).toBe('applied');
        expect(await remove('a', 1)).toBe('stale');
        expect(await remove('a', 2)).toBe('applied');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(2) });
      });
    });

    describe('what is written without a version', () => {
      test('goes where nothing is, and nowhere else', async () => {
        const write = (parts: Partial<Order>) => store.write('a', orderOf('a', parts), { version: '', signal });
        expect(await write({})).toBe('applied');
        expect(await write({ total: 2 })).toBe('stale');
        expect(await read('a')).toEqual({ value: orderOf('a'), version: '' });
        expect(await put('a', 1, { total: 3 })).toBe('applied');
        expect(await write({ total: 4 })).toBe('stale');
        expect(await read('a')).toEqual({ value: orderOf('a', { total: 3 }), version: versionOf(1) });
      });

      test('does not bring back what was removed', async () => {
        await remove('a', 1);
        expect(await store.write('a', orderOf('a'), { version: '', signal })).toBe('stale');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(1) });
      });
    });

    describe('records that were there before the migration', () => {
      const putOld = (id: string) => place.putWithoutVersion(orderOf(id));

      test('are read as of no version', async () => {
        await putOld('a');
        expect(await read('a')).toEqual({ value: orderOf('a'), version: '' });
      });

      test('give way to any version', async () => {
        await putOld('a');
        expect(await put('a', 0, { total: 2 })).toBe('applied');
        expect(await read('a')).toEqual({ value: orderOf('a', { total: 2 }), version: versionOf(0) });
      });

      test('are removed by any version', async () => {
        await putOld('a');
        expect(await remove('a', 0)).toBe('applied');
        expect(await read('a')).toEqual({ value: undefined, version: versionOf(0) });
      });

      test('stay where something comes without a version', async () => {
        await putOld('a');
        expect(await store.write('a', orderOf('a', { total: 2 }), { version: '', signal })).toBe('stale');
        expect(await read('a')).toEqual({ value: orderOf('a'), version: '' });
      });
    });

    describe('values', () => {
      test.each<[string, Partial<Order>]>([
        ['null', { name: null, details: null }],
        ['the empty string', { name: '', details: '' }],
        [
          'quotes, backslashes and signs of every language',
          { name: `'"\`\\ %_$1 ? :x --; ü 漢 🦆`, details: `'"\\ 🦆` },
        ],
        ['text that looks like JSON', { name: '{"a":1}', details: '{"a":1}' }],
        ['false and zero', { paid: false, total: 0, details: false }],
        ['negative and tiny numbers', { total: -0.000_000_123_456_789, details: -1.5e-7 }],
        ['the greatest safe integer', { total: Number.MAX_SAFE_INTEGER, details: Number.MAX_SAFE_INTEGER }],
        ['a sum that is not what it seems', { total: 0.1 + 0.2, details: [0.1 + 0.2] }],
        ['integers of 38 digits', { balance: '12345678901234567890123456789012345678' }],
        ['dates before 1970', { placedAt: '1969-12-31T23:59:59.999Z' }],
        ['dates of summer', { placedAt: '2026-07-01T00:00:00.001Z' }],
        ['nested objects and arrays', { details: { a: [1, 'b', null, true, { c: [] }], 'odd "key"': {} } }],
        ['an array', { details: ['a', 1, null, [true]] }],
        ['a long text', { details: 'y'.repeat(200_000) }],
      ])('come back as they were: %s', async (_, parts) => {
        await put('a', 1, parts);
        expect(await read('a')).toEqual({ value: orderOf('a', parts), version: versionOf(1) });
      });
    });

    test.each(oddKeys.map((key) => [key.length > 40 ? `${key.slice(0, 40)}…` : key, key]))(
      'takes the key %s',
      async (_, key) => {
        await put(key, 1);
        expect(await put(key, 2, { total: 2 })).toBe('applied');
        expect(await put(key, 1)).toBe('stale');
        expect(await read(key)).toEqual({ value: orderOf(key, { total: 2 }), version: versionOf(2) });
      },
    );

    test('keeps apart keys that are nearly the same', async () => {
      const keys = ['a', 'A', 'á', 'a\u0301', 'ａ', 'a ', ' a', 'ss', 'ß'];
      for (const [at, key] of keys.entries()) expect(await put(key, 1, { total: at }), key).toBe('applied');
      for (const [at, key] of keys.entries()) expect((await read(key))?.value?.total, key).toBe(at);
    });

    test('does nothing for who does not wait any more', async () => {
      const reason = new Error('nobody waits');
      const gone = AbortSignal.abort(reason);
      await put('a', 1);
      await expect(store.read('a', { signal: gone })).rejects.toBe(reason);
      await expect(store.write('a', orderOf('a'), { version: versionOf(2), signal: gone })).rejects.toBe(reason);
      await expect(store.remove('a', { version: versionOf(2), signal: gone })).rejects.toBe(reason);
      expect(await read('a')).toEqual({ value: orderOf('a'), version: versionOf(1) });
    });

    test('ends with the highest version, whatever the order in which writers come', async () => {
      const versions = Array.from({ length: 100 }, (_, at) => (at * 37) % 100);
      const outcomes = await Promise.all(versions.map((at) => put('a', at, { total: at })));
      expect(await read('a')).toEqual({ value: orderOf('a', { total: 99 }), version: versionOf(99) });
      expect(outcomes[versions.indexOf(99)]).toBe('applied');
    });

    test('guards across connections', async () => {
      const versions = Array.from({ length: 99 }, (_, at) => (at * 37) % 99);
      await Promise.all(
        versions.map((at) => {
          const options = { version: versionOf(at), signal };
          const client = clients[at % 3] ?? store;
          return at % 2 === 0 ? client.write('a', orderOf('a', { total: at }), options) : client.remove('a', options);
        }),
      );
      const expected = { value: orderOf('a', { total: 98 }), version: versionOf(98) };
      for (const client of clients) expect(await client.read('a', { signal })).toEqual(expected);
    });

    test('has of each key what came with the highest version, as a model has it', async () => {
      const operation = fc.record({
        client: fc.nat(2),
        key: fc.constantFrom('a', 'b', "c'"),
        version: fc.nat(15),
        removes: fc.boolean(),
        isTogether: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
          await place.clear();
          const model = new Map<
            string,
            { readonly total: number; readonly version: number; readonly removed: boolean }
          >();
          const applied = new Map<string, number>();
          let running: Promise<void>[] = [];
          for (const { client, key, version: drawn, removes, isTogether } of operations) {
            // What comes twice under a version is the same.
            const version = drawn * 2 + Number(removes);
            const before = model.get(key);
            if (before === undefined || before.version < version) {
              model.set(key, { total: version, version, removed: removes });
            }
            const on = clients[client] ?? store;
            const options = { version: versionOf(version), signal };
            const written = removes
              ? on.remove(key, options)
              : on.write(key, orderOf(key, { total: version }), options);
            const name = `${key} ${version}`;
            running.push(
              written.then((outcome) => {
                if (outcome === 'applied') applied.set(name, (applied.get(name) ?? 0) + 1);
              }),
            );
            if (isTogether) continue;
            await Promise.all(running);
            running = [];
          }
          await Promise.all(running);
          for (const [key, { total, version, removed }] of model) {
            const value = removed ? undefined : orderOf(key, { total });
            expect(await read(key)).toEqual({ value, version: versionOf(version) });
            expect(applied.get(`${key} ${version}`)).toBe(1);
          }
          expect([...applied.values()].every((times) => times === 1)).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    if (isScanned) testScan(() => ({ place, store: store as ScannedStore<Order> }));
  });
}

/** Two stores in one table, by one connection. */
export interface TwoColumns {
  readonly old: ScannedStore<Pick<Order, 'total'>>;
  /** Rows without a version of its own are nothing to it. */
  readonly next: ScannedStore<Pick<Order, 'balance'>>;
  /** Puts a row there as programs did before, with a total. */
  putRow(id: string, total: number): Promise<void>;
}

/** Of databases with columns: keys that the table has as numbers. */
export function testNumberedKeys(open: () => ScannedStore<{ id: number; name: string | null }>): void {
  test('has the keys of a column of numbers as text, sorted as such', async () => {
    const store = open();
    const great = 9007199254740991;
    for (const id of [great, 10, 9, 1]) {
      await store.write(String(id), { id, name: null }, { version: versionOf(1), signal });
    }
    expect(await store.read('9', { signal })).toEqual({ value: { id: 9, name: null }, version: versionOf(1) });
    const page = await store.scan({ after: '1', upTo: undefined, limit: 10, signal });
    expect(page.map(({ key, value }) => [key, value?.id])).toEqual([
      ['10', 10],
      ['9', 9],
      [String(great), great],
    ]);
  });
}

/** Of databases with columns: a new column beside the old one, in a table that has rows. */
export function testTwoColumns(open: () => Promise<TwoColumns>): void {
  test('moves a column within its table', async () => {
    const { old, next, putRow } = await open();
    const options = (at: number) => ({ version: versionOf(at), signal });
    const all = { after: undefined, upTo: undefined, limit: 10, signal };
    await putRow('before', 1);
    await putRow('changed', 2);
    expect(await old.read('before', { signal })).toEqual({ value: { total: 1 }, version: '' });
    expect(await next.read('before', { signal })).toBeUndefined();
    expect(await next.scan(all)).toEqual([]);

    // What changes meanwhile goes to both.
    expect(await old.write('changed', { total: 3 }, options(1))).toBe('applied');
    expect(await next.write('changed', { balance: '300' }, options(1))).toBe('applied');
    expect(await old.write('new', { total: 4 }, options(2))).toBe('applied');
    expect(await next.write('new', { balance: '400' }, options(2))).toBe('applied');
    expect(await old.remove('new', options(3))).toBe('applied');
    expect(await next.remove('new', options(3))).toBe('applied');

    // What was there before is filled in, with the version that it has.
    for (const { key, value, version } of await old.scan(all)) {
      if (value === undefined) continue;
      const filled = await next.write(key, { balance: `${value.total}00` }, { version, signal });
      expect([key, filled]).toEqual([key, key === 'before' ? 'applied' : 'stale']);
    }
    expect(await next.write('before', { balance: '0' }, { version: '', signal })).toBe('stale');
    expect(await next.scan(all)).toEqual([
      { key: 'before', value: { balance: '100' }, version: '' },
      { key: 'changed', value: { balance: '300' }, version: versionOf(1) },
      { key: 'new', value: undefined, version: versionOf(3) },
    ]);
    expect(await old.scan(all)).toEqual([
      { key: 'before', value: { total: 1 }, version: '' },
      { key: 'changed', value: { total: 3 }, version: versionOf(1) },
      { key: 'new', value: undefined, version: versionOf(3) },
    ]);
  });
}

/** The columns of those two stores, in a table `prices` with the columns `id`, `total` and `balance`. */
export const twoColumns: {
  readonly old: TableLayout<Pick<Order, 'total'>>;
  readonly next: TableLayout<Pick<Order, 'balance'>>;
} = {
  old: { table: 'prices', key: 'id', columns: { total: 'total' } },
  next: {
    table: 'prices',
    key: 'id',
    version: 'next_version',
    deleted: 'next_deleted',
    unversioned: 'nothing',
    columns: { balance: 'balance' },
  },
};

const oddKeys = [
  '1',
  'a b',
  ' ',
  `'; drop table orders; --`,
  '"double" `back` \\ [x] {y} (z) %_*?',
  'naïve-漢字-🦆',
  'a\u0001b',
  'line\nbreak\ttab',
  '__proto__',
  'null',
  'k'.repeat(600),
];

/** By the bytes of their UTF-8, which is the order of code points; not that of JavaScript's strings: see the last two. */
const ascending = [
  ' ',
  '"',
  "'",
  '*',
  '1',
  '10',
  '2',
  'A',
  'B',
  'Z',
  '\\',
  '_',
  'a',
  'a ',
  'a1',
  'aa',
  'ab',
  'b',
  'z',
  'ß',
  'ü',
  '漢',
  '\uffee',
  '🦆',
];

function testScan(given: () => { readonly place: StorePlace; readonly store: ScannedStore<Order> }): void {
  describe('read by ascending keys', () => {
    const put = (id: string, parts?: Partial<Order>) =>
      given().store.write(id, orderOf(id, parts), { version: versionOf(1), signal });
    /** As a backfill does. */
    const scan = async (after: string | undefined, upTo: string | undefined, limit: number) => {
      const { store } = given();
      let from = await store.findRecords?.({ from: undefined, signal });
      while (from !== undefined) from = await store.findRecords?.({ from, signal });
      return store.scan({ after, upTo, limit, signal });
    };
    const keysOf = async (...page: Parameters<typeof scan>) => (await scan(...page)).map(({ key }) => key);

    test('has no page of nothing', async () => {
      expect(await scan(undefined, undefined, 10)).toEqual([]);
    });

    test('gives values, versions and tombstones', async () => {
      const { store } = given();
      await put('a', { total: 1 });
      await put('b');
      await store.remove('b', { version: versionOf(2), signal });
      await store.write('c', orderOf('c'), { version: '', signal });
      expect(await scan(undefined, undefined, 10)).toEqual([
        { key: 'a', value: orderOf('a', { total: 1 }), version: versionOf(1) },
        { key: 'b', value: undefined, version: versionOf(2) },
        { key: 'c', value: orderOf('c'), version: '' },
      ]);
    });

    test('has the records from before the migration too', async () => {
      const { place } = given();
      await put('b');
      await place.putWithoutVersion(orderOf('a'));
      await place.putWithoutVersion(orderOf('c'));
      const old = (key: string) => ({ key, value: orderOf(key), version: '' });
      expect(await scan(undefined, undefined, 10)).toEqual([
        old('a'),
        { key: 'b', value: orderOf('b'), version: versionOf(1) },
        old('c'),
      ]);
    });

    test('sorts keys by the bytes of their UTF-8, and never by a language', async () => {
      expect([...ascending].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(ascending);
      for (const key of [...ascending].reverse()) await put(key);
      expect(await keysOf(undefined, undefined, 100)).toEqual(ascending);
    });

    test('begins after a key, ends with one, and compares both as it sorts', async () => {
      for (const key of ascending) await put(key);
      for (const [at, key] of ascending.entries()) {
        expect(await keysOf(key, undefined, 100), `after ${key}`).toEqual(ascending.slice(at + 1));
        expect(await keysOf(undefined, key, 100), `up to ${key}`).toEqual(ascending.slice(0, at + 1));
      }
      expect(await keysOf('2', 'b', 100)).toEqual(
        ascending.slice(ascending.indexOf('2') + 1, ascending.indexOf('b') + 1),
      );
    });

    test('takes ends that are no keys', async () => {
      for (const key of ['a', 'ab', 'b']) await put(key);
      expect(await keysOf('aa', 'azz', 10)).toEqual(['ab']);
      expect(await keysOf('', '🦆', 10)).toEqual(['a', 'ab', 'b']);
    });

    test('is empty where the end is not above the beginning', async () => {
      for (const key of ['a', 'b']) await put(key);
      expect(await keysOf('a', 'a', 10)).toEqual([]);
      expect(await keysOf('b', 'a', 10)).toEqual([]);
      expect(await keysOf('b', undefined, 10)).toEqual([]);
    });

    test('gives as many as the limit says, the first ones', async () => {
      for (const key of ['c', 'a', 'b', 'd']) await put(key);
      expect(await keysOf(undefined, undefined, 1)).toEqual(['a']);
      expect(await keysOf('a', undefined, 2)).toEqual(['b', 'c']);
      expect(await keysOf('a', 'b', 2)).toEqual(['b']);
    });

    test('refuses a limit that is none', async () => {
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(scan(undefined, undefined, limit)).rejects.toMatchObject({ code: 'invalid-options' });
      }
    });

    test('does nothing for who does not wait any more', async () => {
      const reason = new Error('nobody waits');
      const gone = AbortSignal.abort(reason);
      const page = given().store.scan({ after: undefined, upTo: undefined, limit: 1, signal: gone });
      await expect(page).rejects.toBe(reason);
    });

    test('finds each of 10,000 records once, page by page', { timeout: 60_000 }, async () => {
      const keys = Array.from({ length: 10_000 }, (_, at) => `order-${(at * 7919) % 10_000}`);
      let next = 0;
      const lane = async () => {
        for (let key = keys[next++]; key !== undefined; key = keys[next++]) await put(key);
      };
      await Promise.all(Array.from({ length: 10 }, lane));
      const found: string[] = [];
      for (;;) {
        const page = await keysOf(found.at(-1), undefined, 1_500);
        if (page.length === 0) break;
        found.push(...page);
      }
      expect(found).toEqual([...keys].sort());
    });
  });
}
