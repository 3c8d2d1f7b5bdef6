import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Side } from '@sluice/engine';
import { createFakeLog, createFakePlatform, until } from '@sluice/testkit';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { reconcile } from './reconcile.ts';
import { RepairJournal } from './repair-journal.ts';
import { type Repair, Repairs } from './repairs.ts';
import type { Stored } from './store.ts';

let platform: ReturnType<typeof createFakePlatform>;
let log: ReturnType<typeof createFakeLog>;
/** When each was repaired, or tried to be. */
let tried: [key: string, at: number][];
let answer: (key: string) => Promise<void>;
let repairs: Repairs;
/** How often somebody was to be told at once. */
let news: number;

/** Through with the stores once it is done. */
function begin(done: Promise<void>): Repair {
  return { done, settled: done.catch(() => undefined) };
}

beforeEach(async () => {
  platform = createFakePlatform();
  log = createFakeLog();
  tried = [];
  answer = async () => undefined;
  const journal = new RepairJournal({ folder: undefined, log }, platform);
  const repair = (key: string): Repair => {
    tried.push([key, platform.clock.elapsed()]);
    return begin(answer(key));
  };
  const onNews = (): void => void news++;
  repairs = new Repairs({ journal, repair, onNews, name: 'migration orders', clock: platform.clock, log });
  await repairs.start();
  news = 0;
});

describe('records that are to be repaired', () => {
  test('are, soon, and settled then', async () => {
    repairs.queue('a');
    expect(repairs.isSettled('a')).toBe(false);
    await platform.clock.advance(99);
    expect(repairs.status).toMatchObject({ depth: 1, oldestMs: 99 });
    await platform.clock.advance(1000);
    expect(tried).toEqual([['a', 100]]);
    expect(repairs.isSettled('a')).toBe(true);
    expect(repairs.status).toEqual({ depth: 0, oldestMs: 0, overflowed: 0, journalFailures: 0 });
    expect(platform.clock.waiting).toEqual([]);
  });

  test('are tried again later and later while that fails, which is said once', async () => {
    answer = async () => {
      throw new Error('down');
    };
    repairs.queue('a');
    await platform.clock.advance(100_000);
    const times = tried.map(([, at]) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
    answer = async () => undefined;
    await platform.clock.advance(30_000);
    expect(repairs.status.depth).toBe(0);
    expect(log.lines).toEqual([
      'warn: migration orders: records cannot be repaired yet: Error: down',
      'info: migration orders: records can be repaired again',
    ]);
  });

  test('take turns, at most 20 a second', async () => {
    for (let index = 0; index < 100; index++) repairs.queue(`k${index}`);
    await platform.clock.advance(1099);
    expect(tried).toHaveLength(20);
    await platform.clock.advance(4000);
    expect(tried).toHaveLength(100);
    expect(new Set(tried.map(([key]) => key)).size).toBe(100);
  });

  test('wait while 20 are at it', async () => {
    const finish: (() => void)[] = [];
    answer = () => new Promise((resolve) => void finish.push(resolve));
    for (let index = 0; index < 30; index++) repairs.queue(`k${index}`);
    await platform.clock.advance(10_000);
    expect(tried).toHaveLength(20);
    finish[0]?.();
    await platform.clock.advance(10_000);
    expect(tried).toHaveLength(21);
  });

  test('that are queued again meanwhile are repaired again', async () => {
    let finish = (): void => undefined;
    answer = () => new Promise((resolve) => (finish = resolve));
    repairs.queue('a');
    await platform.clock.advance(100);
    repairs.queue('a');
    finish();
    await platform.clock.advance(100);
    expect(tried).toHaveLength(2);
    finish();
    await platform.clock.advance(100_000);
    expect([tried.length, repairs.isSettled('a')]).toEqual([2, true]);
  });

  test('are looked at twice where something may still arrive', async () => {
    repairs.queue('a', { mayArrive: true });
    await platform.clock.advance(100_000);
    expect(tried).toEqual([
      ['a', 100],
      ['a', 5100],
    ]);
  });

  test('are 10,000 at most; how many were left out is told', async () => {
    for (let index = 0; index < 10_003; index++) repairs.queue(`k${index}`);
    expect(repairs.status).toMatchObject({ depth: 10_000, overflowed: 3 });
    // Of the first that waits, and the first that is left out.
    expect(news).toBe(2);
    expect(log.lines).toEqual([
      'error: migration orders: more records had to be repaired than the 10000 that are kept: only comparing all records finds them',
    ]);
    // It may be one of them.
    expect([repairs.isDirty, repairs.isSettled('other')]).toEqual([true, false]);
    await repairs.markClean();
    expect([repairs.isDirty, repairs.isSettled('other')]).toEqual([false, true]);
  });

  test('are left when it is closed', async () => {
    repairs.queue('a');
    await repairs.close();
    await platform.clock.advance(10_000);
    expect([tried, platform.clock.waiting]).toEqual([[], []]);
  });
});

test('that more had to be repaired than are kept, whoever starts in the place of a process that was killed knows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-repairs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const start = async (): Promise<Repairs> => {
    const journal = new RepairJournal({ folder, log }, platform);
    onTestFinished(() => journal.end());
    const started = new Repairs({ journal, repair: () => begin(answer('')), name: 'm', clock: platform.clock, log });
    await started.start();
    return started;
  };
  const killed = await start();
  for (let index = 0; index < 10_001; index++) killed.queue(`k${index}`);
  await until(() => readdirSync(folder).includes('dirty'));
  const next = await start();
  expect([next.isDirty, next.status.overflowed, next.isSettled('other')]).toEqual([true, 0, false]);
  expect(log.lines.at(-1)).toMatch(/^error: m: before it began, not all records that are to be repaired could be kept/);
  await next.markClean();
  expect(next.isDirty).toBe(false);
  expect((await start()).isDirty).toBe(false);
});

test('what was repaired is not repaired again by whoever starts after the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-repairs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const start = async () => {
    const journal = new RepairJournal({ folder, log }, platform);
    onTestFinished(() => journal.end());
    const repair = (key: string): Repair => begin(answer(key));
    const started = new Repairs({ journal, repair, name: 'm', clock: platform.clock, log });
    await started.start();
    return { started, journal };
  };
  const { started, journal } = await start();
  for (const key of ['a', 'b']) {
    await started.hold(key);
    started.queue(key);
    started.release(key);
  }
  answer = async (key) => {
    if (key === 'b') throw new Error('down');
  };
  await platform.clock.advance(1000);
  expect(started.status.depth).toBe(1);
  await started.close();
  await journal.end();
  const next = (await start()).started;
  expect([next.isSettled('a'), next.isSettled('b')]).toEqual([true, false]);
});

test('that a journal could not be written, whoever starts after the process knows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-repairs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const start = async (parts: Partial<RepairJournal> = {}): Promise<Repairs> => {
    const journal = new RepairJournal({ folder, log }, platform);
    onTestFinished(() => journal.end());
    const started = new Repairs({
      journal: Object.assign(journal, parts),
      ...{ repair: () => begin(answer('')), name: 'm', clock: platform.clock, log },
    });
    await started.start();
    return started;
  };
  const full = async (): Promise<never> => {
    throw new Error('disk full');
  };
  let isFull = true;
  const mark = RepairJournal.prototype.markDirty;
  const failing = await start({
    open: full,
    markDirty(this: RepairJournal) {
      return isFull ? full() : mark.call(this);
    },
  });
  await failing.hold('a');
  expect(failing.isDirty).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
  // Once there is room, with whatever is written next.
  isFull = false;
  await until(async () => {
    await failing.hold('b');
    return readdirSync(folder).includes('dirty');
  });
  const next = await start();
  expect(next.isDirty).toBe(true);
  await next.markClean();
  expect((await start()).isDirty).toBe(false);
});

test('a record that is being written is not settled, however many write it', async () => {
  await Promise.all([repairs.hold('a'), repairs.hold('a')]);
  expect(repairs.isSettled('b')).toBe(true);
  repairs.release('a');
  expect(repairs.isSettled('a')).toBe(false);
  repairs.release('a');
  expect(repairs.isSettled('a')).toBe(true);
});

test('a journal that does not work is said once, and stops nobody', async () => {
  const journal = new RepairJournal({ folder: import.meta.filename, log }, platform);
  const failing = new Repairs({ journal, repair: () => begin(answer('')), name: 'm', clock: platform.clock, log });
  await failing.start();
  await failing.hold('a');
  failing.release('a');
  expect(failing.isSettled('a')).toBe(false);
  expect(failing.status.journalFailures).toBe(2);
  expect(log.lines).toEqual([
    expect.stringContaining('error: m: the journal of repairs does not work: Error: ENOTDIR'),
  ]);
});

describe('two stores', () => {
  const a = { value: 'a', version: '1' };
  const b = { value: 'b', version: '2' };
  const gone = { value: undefined, version: '3' };
  const floor = { value: 'floor', version: '' };

  test.each<[Stored<string> | undefined, Stored<string> | undefined, Stored<string> | undefined, Side | undefined]>([
    [undefined, undefined, undefined, undefined],
    [a, a, a, undefined],
    [a, undefined, a, 'new'],
    [undefined, a, a, 'old'],
    [a, b, b, 'old'],
    [b, a, b, 'new'],
    [b, gone, gone, 'old'],
    [floor, undefined, floor, 'new'],
    [floor, a, a, 'old'],
    [undefined, gone, gone, 'old'],
  ])('with %j and %j come to have %j', async (old, next, expected, written) => {
    const sides = { old, new: next };
    const puts: Side[] = [];
    const version = await reconcile<string>(
      {
        read: async (side) => sides[side],
        put: async (side, _, stored) => {
          puts.push(side);
          sides[side] = stored;
          return 'applied';
        },
      },
      'k',
    );
    expect(sides).toEqual({ old: expected, new: expected });
    expect(puts).toEqual(written === undefined ? [] : [written]);
    expect(version).toBe(expected?.version);
  });
});
