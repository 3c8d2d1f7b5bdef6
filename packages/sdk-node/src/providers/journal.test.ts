import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeLog, createFakePlatform, type FakePlatform } from '@sluice/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from './journal.ts';
import { readJournalFiles } from './journal-folder.ts';
import { encodeRecord, type JournalRecord } from './journal-records.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
let folders = 0;
let platform: FakePlatform;
let log: ReturnType<typeof createFakeLog>;

beforeEach(() => {
  folder = join(root, String(++folders), 'sends');
  platform = createFakePlatform();
  log = createFakeLog();
});

let processes = 0;
const opened: Journal[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()));
});

/** A process that uses the folder. */
async function open(keepBytes?: number): Promise<Journal> {
  const name = `process-${++processes}`;
  let files = 0;
  const journal = new Journal({ folder, log, keepBytes }, { ...platform, createUuid: () => `${name}-${++files}` });
  opened.push(journal);
  await journal.ready();
  return journal;
}

const set = 'email';
const begin = (key: string, untilMs = 0): JournalRecord => {
  const at = platform.clock.now();
  return { kind: 'begin', set, key, at, until: at + untilMs };
};
const aTry = (key: string, provider = 'a'): JournalRecord => ({
  kind: 'try',
  set,
  key,
  at: platform.clock.now(),
  provider,
});
const end = (key: string, outcome: 'sent' | 'failed' | 'unknown', provider = 'a'): JournalRecord => ({
  kind: 'end',
  set,
  key,
  at: platform.clock.now(),
  outcome,
  ...(outcome === 'sent' && { provider }),
});

async function read() {
  const { messages, damage, cut } = await readJournalFiles(folder, platform, platform.clock.now());
  return {
    of: Object.fromEntries(messages.map(({ idempotencyKey, status }) => [idempotencyKey, status])),
    damage,
    cut,
  };
}

const files = () => readdirSync(folder).map((name) => join(folder, name));
const onlyFile = (): string => {
  const [file = '', ...others] = files();
  expect(others).toEqual([]);
  return file;
};

describe('a journal in a folder', () => {
  test('has what was noted once flush resolves, and gives it to the next process', async () => {
    const journal = await open();
    journal.note(begin('m1', 100), aTry('m1'));
    await journal.flush();
    expect((await read()).of).toEqual({ m1: 'open' });
    await platform.clock.advance(101);
    journal.note(begin('m2'), aTry('m2'), end('m2', 'sent'));
    await journal.flush();
    const next = await open();
    expect(next.find(set, 'm1')).toMatchObject({
      status: 'unknown',
      attempts: [{ provider: 'a', outcome: 'unknown' }],
    });
    expect(next.find(set, 'm2')).toMatchObject({ status: 'sent', provider: 'a', attempts: [{ outcome: 'sent' }] });
    expect(next.find('sms', 'm2')).toBeUndefined();
  });

  test('can only be read by this user', async () => {
    const journal = await open();
    journal.note(begin('m1'));
    await journal.flush();
    expect([statSync(folder).mode & 0o777, statSync(onlyFile()).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  test('takes all who wait to the disk in one go', async () => {
    const journal = await open();
    journal.note(begin('first'));
    const first = journal.flush();
    const flushes = Array.from({ length: 100 }, (_, index) => {
      journal.note(begin(`m${index}`));
      return journal.flush();
    });
    expect(new Set(flushes).size).toBe(1);
    await Promise.all([first, ...flushes]);
    expect(Object.keys((await read()).of)).toHaveLength(101);
  });

  test('is shared by processes, each with a file of its own', async () => {
    const [one, two] = [await open(), await open()];
    one.note(begin('m1'), end('m1', 'unknown'));
    two.note(begin('m2'), end('m2', 'failed'));
    await Promise.all([one.flush(), two.flush()]);
    expect(files()).toHaveLength(2);
    expect((await one.list()).map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(['m1', 'm2']);
    // One of them settles what the other one left.
    await platform.clock.advance(10);
    two.note(end('m1', 'sent'));
    await two.flush();
    expect(one.find(set, 'm1')?.status).toBe('unknown');
    await one.readNews();
    expect(one.find(set, 'm1')?.status).toBe('sent');
  });

  test('keeps the attempts that may have reached somebody when a message is sent again', async () => {
    const journal = await open();
    journal.note(begin('m1'), aTry('m1'), end('m1', 'unknown'));
    await platform.clock.advance(10);
    journal.note(begin('m1'), aTry('m1', 'b'), end('m1', 'sent', 'b'));
    await platform.clock.advance(10);
    expect(journal.find(set, 'm1')?.attempts).toMatchObject([
      { provider: 'a', outcome: 'unknown' },
      { provider: 'b', outcome: 'sent' },
    ]);
    journal.note(begin('m2'), aTry('m2'), end('m2', 'failed'));
    await platform.clock.advance(10);
    journal.note(begin('m2'), aTry('m2', 'b'));
    expect(journal.find(set, 'm2')?.attempts).toMatchObject([{ provider: 'b' }]);
    await journal.flush();
    const next = await open();
    for (const key of ['m1', 'm2']) expect(next.find(set, key)?.attempts).toEqual(journal.find(set, key)?.attempts);
  });
});

describe('a send that is withdrawn', () => {
  const withdraw = (key: string, at: number, provider: string): JournalRecord => ({
    kind: 'withdraw',
    set,
    key,
    at: platform.clock.now(),
    tried: { at, provider },
  });

  test('leaves the message as it was', async () => {
    const journal = await open();
    journal.note(begin('m1', 100), aTry('m1'), end('m1', 'unknown'), begin('m2', 100));
    await platform.clock.advance(1);
    const at = platform.clock.now();
    journal.note(begin('m1', 100), aTry('m1'), aTry('m2'));
    await platform.clock.advance(1);
    journal.note(withdraw('m1', at, 'a'), withdraw('m2', at, 'a'));
    await journal.flush();
    await platform.clock.advance(100);
    expect((await read()).of).toEqual({ m1: 'unknown', m2: 'failed' });
    expect((await open()).find(set, 'm1')?.attempts).toHaveLength(1);
  });

  test('leaves it to another one that has begun', async () => {
    const [late, other] = [await open(), await open()];
    late.note(begin('m1', 100), aTry('m1'));
    const at = platform.clock.now();
    await late.flush();
    await platform.clock.advance(10);
    other.note(begin('m1', 100));
    await other.flush();
    await platform.clock.advance(1);
    late.note(withdraw('m1', at, 'a'));
    await late.flush();
    const third = await open();
    expect(third.find(set, 'm1')).toMatchObject({ status: 'open', attempts: [] });
    other.note(aTry('m1'), end('m1', 'sent'));
    await other.flush();
    await third.readNews();
    expect(third.find(set, 'm1')).toMatchObject({ status: 'sent', attempts: [{ outcome: 'sent' }] });
  });
});

describe('damage', () => {
  async function writeFour(): Promise<string> {
    const journal = await open();
    for (const key of ['m1', 'm2', 'm3', 'm4']) journal.note(begin(key), end(key, 'sent'));
    await journal.flush();
    await journal.close();
    const file = onlyFile();
    chmodSync(file, 0o600);
    return file;
  }

  test('at the end, as of a write that was cut short, is left out with a line in the log', async () => {
    const file = await writeFour();
    const text = readFileSync(file, 'utf8');
    for (let lost = 1; lost < 40; lost += 7) {
      writeFileSync(file, text.slice(0, -lost));
      log.lines.length = 0;
      const journal = await open();
      expect(journal.find(set, 'm4')?.status).toBe('unknown');
      expect(journal.find(set, 'm3')?.status).toBe('sent');
      expect(log.lines).toEqual([expect.stringMatching(/^warn: .*the last line of .* was not written whole/)]);
    }
  });

  test('in the middle is reported with its place, and nothing else is lost', async () => {
    const file = await writeFour();
    const lines = readFileSync(file, 'utf8').split('\n');
    // The end of m2.
    lines[3] = (lines[3] ?? '').replace('sent', 'SENT');
    writeFileSync(file, lines.join('\n'));
    const journal = await open();
    expect(['m1', 'm2', 'm3', 'm4'].map((key) => journal.find(set, key)?.status)).toEqual([
      'sent',
      'unknown',
      'sent',
      'sent',
    ]);
    expect(log.lines).toEqual([expect.stringMatching(/^error: .*: line 4 is damaged/)]);
    expect((await read()).damage).toEqual([`${file}: line 4 is damaged`]);
  });

  test('of a beginning leaves a message that is known by the rest', async () => {
    const file = await writeFour();
    writeFileSync(file, readFileSync(file, 'utf8').replace('begin', 'BEGIN'));
    expect((await read()).of).toMatchObject({ m1: 'sent' });
  });

  test('by other bytes than text is no accident', async () => {
    const file = await writeFour();
    writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0x00, 0x0a, 0x0a]), readFileSync(file)]));
    const { of, damage } = await read();
    expect(of).toEqual({ m1: 'sent', m2: 'sent', m3: 'sent', m4: 'sent' });
    expect(damage).toHaveLength(2);
  });
});

describe('a journal that cannot be written', () => {
  test('rejects, and writes what is not told to anybody when it can again', async () => {
    const journal = await open();
    journal.note(begin('m1'), aTry('m1'));
    await journal.flush();
    await journal.close();
    rmSync(folder, { recursive: true });
    // A file where the folder should be.
    writeFileSync(folder, '');
    journal.note(end('m1', 'sent'), begin('m2'), aTry('m2'));
    await expect(journal.flush()).rejects.toThrow(/EEXIST|ENOTDIR/);
    journal.withdraw(set, 'm2', undefined);
    rmSync(folder);
    await journal.flush();
    expect((await read()).of).toEqual({ m1: 'sent' });
    expect(journal.find(set, 'm2')).toBeUndefined();
  });
});

describe('a journal that grows', () => {
  const fill = async (journal: Journal, from: number, to: number): Promise<void> => {
    for (let message = from; message < to; message++) {
      const key = `m${message}`;
      journal.note(begin(key), aTry(key), end(key, message % 100 === 0 ? 'unknown' : 'sent'));
      await platform.clock.advance(1);
      if (message % 10 === 0) await journal.flush();
    }
    await journal.flush();
  };
  const totalBytes = (): number => files().reduce((sum, file) => sum + statSync(file).size, 0);

  test('stays within what it may keep, and forgets no message in doubt', async () => {
    const keepBytes = 64 * 1024;
    const journal = await open(keepBytes);
    await fill(journal, 0, 1500);
    await journal.close();
    // A file may be begun before one is cleared.
    expect(totalBytes()).toBeLessThan(keepBytes * 1.5);
    const { of } = await read();
    const unknown = Object.entries(of).flatMap(([key, status]) => (status === 'unknown' ? [key] : []));
    expect(unknown.sort()).toEqual(Array.from({ length: 15 }, (_, index) => `m${index * 100}`).sort());
    expect(of.m1499).toBe('sent');
    expect(of.m1).toBeUndefined();
  });

  test('does not touch files that others may write, and clears those left for a day', async () => {
    const other = await open();
    await fill(other, 0, 1000);
    const [left = ''] = files();
    const journal = await open(10_000);
    await journal.close();
    expect(existsSync(left)).toBe(true);
    const longAgo = platform.clock.now() / 1000 - 25 * 3600;
    utimesSync(left, longAgo, longAgo);
    await (await open(10_000)).close();
    expect(existsSync(left)).toBe(false);
    expect(Object.values((await read()).of)).toEqual(Array(10).fill('unknown'));
  });

  test('keeps what settled a message whose beginning another file still has', async () => {
    const [writer, settler] = [await open(), await open()];
    writer.note(begin('m1'), aTry('m1'), end('m1', 'unknown'));
    await writer.flush();
    await platform.clock.advance(5);
    settler.note(end('m1', 'failed'));
    await fill(settler, 2, 300);
    await settler.close();
    const settled = files().find((file) => statSync(file).size > 1000) ?? '';
    const longAgo = platform.clock.now() / 1000 - 25 * 3600;
    utimesSync(settled, longAgo, longAgo);
    await (await open(1000)).close();
    expect(existsSync(settled)).toBe(false);
    expect((await read()).of.m1).toBe('failed');
  });

  test('begins another file after an hour, since the first may be cleared by then', async () => {
    const journal = await open();
    for (const key of ['m1', 'm2', 'm3']) {
      journal.note(begin(key));
      await journal.flush();
      if (key !== 'm1') await platform.clock.advance(3_600_000);
    }
    expect(files()).toHaveLength(2);
  });
});

describe('the files of processes that ended', () => {
  /** So many, of which each sent a message. */
  async function endMany(count: number): Promise<readonly string[]> {
    const keys = Array.from({ length: count }, (_, index) => `m${index}`);
    // All at a time, so that none finds what others left.
    const journals = await Promise.all(keys.map(() => open()));
    for (const [at, journal] of journals.entries()) {
      const key = `m${at}`;
      journal.note(begin(key), aTry(key), end(key, key === 'm5' ? 'unknown' : 'sent'));
      await journal.flush();
      await journal.close();
    }
    return keys;
  }

  test('are made one when there are many, and whoever reads meanwhile misses nothing', async () => {
    const keys = await endMany(70);
    const journals = await Promise.all([open(), open(), open()]);
    for (const journal of journals)
      expect(keys.filter((key) => !['sent', 'unknown'].includes(journal.find(set, key)?.status ?? ''))).toEqual([]);
    await Promise.all(journals.map((journal) => journal.close()));
    expect(files().filter((file) => file.endsWith('.journal')).length).toBeLessThanOrEqual(3);
    const { of } = await read();
    expect(Object.keys(of).sort()).toEqual([...keys].sort());
    expect([of.m4, of.m5]).toEqual(['sent', 'unknown']);
  });

  test('are not looked at again, nor is the folder while it stays as it was', async () => {
    platform.clock.setTimeOfDay(Date.now());
    await endMany(1);
    const closed = onlyFile();
    const rested = join(folder, 'rested.journal');
    const living = join(folder, 'living.journal');
    for (const path of [rested, living]) writeFileSync(path, '');
    const longAgo = platform.clock.now() / 1000 - 3 * 3600;
    utimesSync(rested, longAgo, longAgo);
    utimesSync(folder, longAgo, longAgo);
    const journal = await open();
    const line = (key: string) => encodeRecord(end(key, 'sent'), platform.hash.sha256Base64);
    chmodSync(closed, 0o600);
    appendFileSync(closed, line('closed'));
    appendFileSync(rested, line('rested'));
    appendFileSync(living, line('living'));
    writeFileSync(join(folder, 'new.journal'), line('new'));
    utimesSync(folder, longAgo, longAgo);
    const known = () => ['closed', 'rested', 'living', 'new'].filter((key) => journal.find(set, key) !== undefined);
    await journal.readNews();
    expect(known()).toEqual(['living']);
    utimesSync(folder, longAgo + 60, longAgo + 60);
    await journal.readNews();
    expect(known()).toEqual(['living', 'new']);
  });
});

test('a journal in memory knows the same, and leaves nothing behind', async () => {
  const journal = new Journal({ folder: undefined, log }, platform);
  await journal.ready();
  journal.note(begin('m1'), aTry('m1'), end('m1', 'unknown'), begin('m2'), end('m2', 'sent'));
  await journal.flush();
  expect((await journal.list()).map(({ idempotencyKey, status }) => [idempotencyKey, status])).toEqual([
    ['m2', 'sent'],
    ['m1', 'unknown'],
  ]);
  await journal.close();
  expect(existsSync(folder)).toBe(false);
});
