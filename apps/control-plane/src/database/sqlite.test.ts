import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import { createTestLog } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodePlatform } from '../platform.ts';
import { parseSettings } from '../settings.ts';
import { openStore } from './open-store.ts';
import { lockDataFolder, openSqlite } from './sqlite.ts';
import type { Store } from './store.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-sqlite-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the embedded database', () => {
  test.each([
    ['journal_mode', 'wal'],
    // 2 is FULL: a commit is on disk when it returns.
    ['synchronous', 2],
    ['foreign_keys', 1],
    ['busy_timeout', 5000],
  ])('is opened with %s = %s', async (pragma, value) => {
    const { db, close } = openSqlite(folder);
    const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(pragma)}`.execute(db);
    expect(Object.values(rows[0] ?? {})).toEqual([value]);
    await close();
  });

  test('is readable by its owner only, also where it was not', async () => {
    await openSqlite(folder).close();
    expect(statSync(join(folder, 'sluice.db')).mode & 0o777).toBe(0o600);
  });

  test('undoes everything of a transaction that fails', async () => {
    const { db, close } = openSqlite(folder);
    await sql`create table numbers (n integer)`.execute(db);
    const attempt = db.transaction().execute(async (writes) => {
      await sql`insert into numbers values (1)`.execute(writes);
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect((await sql`select * from numbers`.execute(db)).rows).toEqual([]);
    await close();
  });

  test('says why a transaction failed, also when that has undone it already', async () => {
    const { db, close } = openSqlite(folder);
    await sql`create table texts (t text)`.execute(db);
    await sql`pragma max_page_count = 3`.execute(db);
    const attempt = db
      .transaction()
      .execute((writes) => sql`insert into texts values (${'x'.repeat(1e6)})`.execute(writes));
    await expect(attempt).rejects.toThrow('database or disk is full');
    expect((await sql`select * from texts`.execute(db)).rows).toEqual([]);
    await close();
  });

  test('that is damaged is refused, and the folder is free again', async () => {
    writeFileSync(join(folder, 'sluice.db'), 'this is no database'.repeat(1000));
    expect(() => openSqlite(folder)).toThrow(
      expect.objectContaining({ code: 'data-damaged', message: expect.stringContaining('file is not a database') }),
    );
    lockDataFolder(folder)();
  });

  test('is not called damaged, nor in use, where the system does not let us write it', async () => {
    const refused = (path: string) =>
      expect.objectContaining({
        code: 'invalid-settings',
        message: expect.stringMatching(`^${path} cannot be used: `),
      });
    // What is a folder cannot be written as a file, not even by root.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => openSqlite(file)).toThrow(refused(file));
    const [locked, taken] = [join(folder, 'locked'), join(folder, 'taken')];
    mkdirSync(join(locked, 'lock'), { recursive: true });
    expect(() => openSqlite(locked)).toThrow(refused(locked));
    mkdirSync(join(taken, 'sluice.db'), { recursive: true });
    expect(() => openSqlite(taken)).toThrow(refused(join(taken, 'sluice.db')));
    lockDataFolder(taken)();
  });
});

describe('a first start', () => {
  const open = (): Promise<Store> =>
    openStore(parseSettings({ data: folder }, {}), { platform: nodePlatform, log: createTestLog().log });

  async function listTables({ db }: Pick<Store, 'db'>): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db);
    return rows.map(({ name }) => name).filter((name) => !name.startsWith('kysely'));
  }

  test('that is killed while it makes the tables is made up for by the next', async () => {
    const child = run(`
      import { DatabaseSync } from 'node:sqlite';
      import { migrateToLatest } from ${place('migrations.ts')};
      import { openSqlite } from ${place('sqlite.ts')};
      const { prepare } = DatabaseSync.prototype;
      DatabaseSync.prototype.prepare = function (text) {
        if (text.startsWith('create table "api_tokens"')) process.kill(process.pid, 'SIGKILL');
        return prepare.call(this, text);
      };
      await migrateToLatest(openSqlite(${JSON.stringify(folder)}).db);
    `);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const store = await open();
    expect(await listTables(store)).toContain('convergences');
    await store.close();
  });

  test('that fails says why, leaves no tables behind and gives the folder free', async () => {
    const obstructed = openSqlite(folder);
    await sql`create table edges (id text)`.execute(obstructed.db);
    await obstructed.close();
    await expect(open()).rejects.toMatchObject({
      code: 'data-damaged',
      message: 'the database could not be brought up to date: table "edges" already exists',
    });
    const left = openSqlite(folder);
    expect(await listTables(left)).toEqual(['edges']);
    await left.close();
  });

  test('that cannot write says why', async () => {
    await openSqlite(folder).close();
    const other = new DatabaseSync(join(folder, 'sluice.db'));
    other.exec('begin immediate');
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: `the database in ${folder} could not be brought up to date: another program holds the database; try again when it has finished`,
    });
    other.close();
    await (await open()).close();
  });
});

const place = (file: string): string => JSON.stringify(join(import.meta.dirname, file));

/** Runs a program in a process of its own. */
function run(program: string): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Holds the lock of a folder in a process of its own, until it is told to end. */
async function holdElsewhere(): Promise<{ kill(): Promise<void> }> {
  const child = run(
    `import { lockDataFolder } from ${place('sqlite.ts')}; lockDataFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`,
  );
  await once(child.stdout, 'data');
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the lock of a data folder', () => {
  test('lets one in at a time, also within a process', () => {
    const unlock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow(expect.objectContaining({ code: 'data-in-use' }));
    unlock();
    lockDataFolder(folder)();
  });

  test('keeps another process out, and is given up when that process is killed', async () => {
    const holder = await holdElsewhere();
    expect(() => openSqlite(folder)).toThrow(expect.objectContaining({ code: 'data-in-use' }));
    await holder.kill();
    await openSqlite(folder).close();
  });
});
