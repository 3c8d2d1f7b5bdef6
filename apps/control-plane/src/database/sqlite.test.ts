import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder, openSqlite } from './sqlite.ts';

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

  test('that is damaged is refused, and the folder is free again', async () => {
    writeFileSync(join(folder, 'sluice.db'), 'this is no database'.repeat(1000));
    expect(() => openSqlite(folder)).toThrow(
      expect.objectContaining({ code: 'data-damaged', message: expect.stringContaining('file is not a database') }),
    );
    lockFolder(folder)();
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
    lockFolder(taken)();
  });
});

/** Holds the lock of a folder in a process of its own, until it is told to end. */
async function holdElsewhere(): Promise<{ kill(): Promise<void> }> {
  const module = join(import.meta.dirname, 'sqlite.ts');
  const program = `import { lockFolder } from ${JSON.stringify(module)}; lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
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
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'data-in-use' }));
    unlock();
    lockFolder(folder)();
  });

  test('keeps another process out, and is given up when that process is killed', async () => {
    const holder = await holdElsewhere();
    expect(() => openSqlite(folder)).toThrow(expect.objectContaining({ code: 'data-in-use' }));
    await holder.kill();
    await openSqlite(folder).close();
  });
});
