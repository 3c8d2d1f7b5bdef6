import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeServerPlatform, createTestLog, dropTestDatabase, findTestDatabase } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSettings } from '../index.ts';
import { writeAsLeader } from '../replicas/leadership.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

let folder: string;
let store: Store;

async function open(): Promise<Store> {
  const settings = parseSettings({ data: folder, 'database-url': await findTestDatabase(folder) }, {});
  return openStore(settings, { platform: createFakeServerPlatform(), log: createTestLog().log });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  store = await open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
  await dropTestDatabase(folder);
});

function note(name: string, value: string, { db }: Store = store): Promise<unknown> {
  return db.insertInto('meta').values({ name, value }).execute();
}

async function readNotes(): Promise<readonly string[]> {
  return (await store.db.selectFrom('meta').select('name').orderBy('name').execute()).map(({ name }) => name);
}

/** What the server relies on, on every kind of database. */
describe('an opened database', () => {
  test('keeps what was written when it is opened again', async () => {
    await note('kept', 'x');
    await store.close();
    store = await open();
    expect(await readNotes()).toEqual(['kept']);
  });

  test('gives integers back as numbers, counts too', async () => {
    const createdAt = Number.MAX_SAFE_INTEGER;
    await store.db.insertInto('projects').values({ key: 'a', name: 'A', createdAt }).execute();
    const count = await store.db
      .selectFrom('projects')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirst();
    const project = await store.db.selectFrom('projects').select('createdAt').executeTakeFirst();
    expect([count, project]).toEqual([{ count: 1 }, { createdAt }]);
  });

  test('gives back text as it was, and orders it by code points', async () => {
    const names = ['~', 'é', 'z', 'Z', '_', '-', '漢', '\u{1F600}', '\uFFFD', 'a', '"\\\n\u2028'];
    for (const name of names) await note(name, name);
    const byCodePoint = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await readNotes()).toEqual(byCodePoint);
  });

  test('tells how many rows were written, none where one was there already', async () => {
    const insert = () =>
      store.db
        .insertInto('meta')
        .values({ name: 'a', value: '1' })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
    const written = [await insert(), await insert()].map(({ numInsertedOrUpdatedRows }) => numInsertedOrUpdatedRows);
    expect(written).toEqual([1n, 0n]);
    // Also where they were the same before.
    const { numUpdatedRows } = await store.db.updateTable('meta').set({ value: '1' }).executeTakeFirst();
    expect(numUpdatedRows).toBe(1n);
  });

  test('undoes everything of a transaction that fails', async () => {
    const attempt = store.db.transaction().execute(async (writes) => {
      await writes.insertInto('meta').values({ name: 'a', value: '1' }).execute();
      await store.announce(writes);
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await readNotes()).toEqual([]);
  });
});

describe('the lead', () => {
  test('is taken with a token that stays, and is higher each time that it is taken', async () => {
    const first = await store.beat();
    expect(first).toBeGreaterThan(0);
    expect(await store.beat()).toBe(first);
    await store.close();
    store = await open();
    expect(await store.beat()).toBe(Number(first) + 1);
  });

  test('lets its holder write, all or nothing', async () => {
    const token = (await store.beat()) ?? 0;
    await writeAsLeader(store.db, token, async (writes) => {
      await writes.insertInto('meta').values({ name: 'a', value: '1' }).execute();
    });
    const attempt = writeAsLeader(store.db, token, async (writes) => {
      await writes.insertInto('meta').values({ name: 'b', value: '1' }).execute();
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await readNotes()).toEqual(['a']);
  });

  test('that was lost lets nobody write', async () => {
    const token = (await store.beat()) ?? 0;
    await store.close();
    store = await open();
    await store.beat();
    let wasCalled = false;
    const attempt = writeAsLeader(store.db, token, async () => {
      wasCalled = true;
    });
    await expect(attempt).rejects.toMatchObject({ code: 'not-leader' });
    expect(wasCalled).toBe(false);
  });
});
