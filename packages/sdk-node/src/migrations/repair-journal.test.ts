import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeLog, createFakePlatform, createRandom, until } from '@sluice/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RepairJournal } from './repair-journal.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-repairs-'));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
let folders = 0;
let log: ReturnType<typeof createFakeLog>;
beforeEach(() => {
  folder = join(root, String(++folders), 'orders');
  log = createFakeLog();
});

const { hash, clock } = createFakePlatform();
let files = 0;
const createUuid = () => `file-${++files}`;
const opened: RepairJournal[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.end()));
});

function create(fileBytes?: number): RepairJournal {
  const options = { folder, log, ...(fileBytes !== undefined && { fileBytes }) };
  const journal = new RepairJournal(options, { clock, hash, createUuid });
  opened.push(journal);
  return journal;
}

/** On a disk that may be full. */
function createOnDisk() {
  const disk = { isFull: false };
  const sha256Base64 = (text: string): string => {
    if (disk.isFull) throw new Error('the disk is full');
    return hash.sha256Base64(text);
  };
  const journal = new RepairJournal({ folder, log }, { clock, hash: { ...hash, sha256Base64 }, createUuid });
  opened.push(journal);
  return { journal, disk };
}

/** What a process that starts now finds. */
const takeOver = async () => [...(await create().takeOver())].sort();
const names = () => readdirSync(folder);

describe('keys in which stores may differ', () => {
  test('are looked after by nobody once the process has ended', async () => {
    const platform = createFakePlatform();
    const journal = new RepairJournal({ folder, log }, { ...platform, createUuid });
    await journal.open('a');
    expect(platform.clock.waiting).not.toEqual([]);
    await journal.end();
    expect(platform.clock.waiting).toEqual([]);
  });

  test('are on disk once open resolves, and the next process finds them', async () => {
    const journal = create();
    await Promise.all([journal.open('a'), journal.open('b')]);
    journal.close('a');
    // Closing is no reason to go to the disk.
    expect(await takeOver()).toEqual(['a', 'b']);
    expect(await takeOver()).toEqual(['a', 'b']);
  });

  test('are closed with the next that is opened', async () => {
    const journal = create();
    await journal.open('a');
    journal.close('a');
    await journal.open('b');
    expect(await takeOver()).toEqual(['b']);
  });

  test('that are opened again before that need no trip to the disk', async () => {
    const journal = create();
    await journal.open('a');
    const [name = ''] = names();
    const { size } = statSync(join(folder, name));
    journal.close('a');
    await journal.open('a');
    expect(statSync(join(folder, name)).size).toBe(size);
    expect(await takeOver()).toEqual(['a']);
  });

  test('that are closed while they are on their way to the disk are closed there too', async () => {
    const journal = create();
    const opening = journal.open('a');
    await Promise.resolve();
    journal.close('a');
    await opening;
    await journal.open('b');
    expect(await takeOver()).toEqual(['b']);
  });

  test('that are opened while they are on their way wait for the disk', async () => {
    const journal = create();
    const [first, second] = [journal.open('a'), journal.open('a')];
    await second;
    expect(await takeOver()).toEqual(['a']);
    await first;
  });

  test('that are opened again while their closing is on its way to the disk wait for the disk', async () => {
    for (let turns = 0; turns < 12; turns++) {
      folder = join(root, `turns-${turns}`);
      const journal = create();
      await journal.open('a');
      journal.close('a');
      const other = journal.open('b');
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await journal.open('a');
      await other;
      expect(await takeOver()).toEqual(['a', 'b']);
    }
  });

  test('leave no file behind when all are closed', async () => {
    const journal = create();
    await journal.open('a');
    journal.close('a');
    await journal.end();
    expect(names()).toEqual([]);
  });

  test('stay when the process ends before the stores agree', async () => {
    const journal = create();
    await journal.open('a');
    await journal.end();
    expect(await takeOver()).toEqual(['a']);
  });

  test('are in memory where there is no folder', async () => {
    const journal = new RepairJournal({ folder: undefined, log }, { clock, hash, createUuid });
    await journal.open('a');
    expect(await journal.takeOver()).toEqual([]);
    await journal.end();
  });

  test('survive whatever order things are opened, closed and taken over in', async () => {
    const random = createRandom(7);
    for (let round = 0; round < 30; round++) {
      folder = join(root, `round-${round}`);
      const processes = [create(200), create(), create(200)];
      const open = processes.map(() => new Set<string>());
      const opening: Promise<void>[] = [];
      for (let step = 0; step < 40; step++) {
        const at = random.integer(processes.length);
        const key = `k${random.integer(6)}`;
        const [journal, mine] = [processes[at], open[at]];
        if (journal === undefined || mine === undefined) throw new Error('there are three');
        if (random.chance(0.1)) await takeOver();
        else if (random.chance(0.6)) {
          opening.push(journal.open(key));
          mine.add(key);
        } else {
          journal.close(key);
          mine.delete(key);
        }
        if (random.chance(0.3)) await Promise.all(opening.splice(0));
      }
      await Promise.all(opening);
      const found = await takeOver();
      for (const key of open.flatMap((each) => [...each])) expect(found).toContain(key);
    }
  });
});

describe('a process whose file was taken over', () => {
  test('begins another, with all that it has open, before it goes on', async () => {
    const [alive, next] = [create(), create()];
    await alive.open('a');
    expect(await next.takeOver()).toEqual(['a']);
    next.close('a');
    await next.end();
    await alive.open('b');
    expect(await takeOver()).toEqual(['a', 'b']);
  });
});

test('a process whose file was taken over notices that within a second, even if it writes nothing', async () => {
  const [alive, next] = [create(), create()];
  await alive.open('a');
  expect(await next.takeOver()).toEqual(['a']);
  next.close('a');
  await next.end();
  expect(names()).toEqual([]);
  // What is open already needs no trip to the disk, and so nobody has noticed yet.
  await alive.open('a');
  await clock.advance(1000);
  await until(() => names().length > 0);
  await alive.flush();
  expect(await takeOver()).toEqual(['a']);
});

describe('the file', () => {
  test('is written anew when it is large', async () => {
    const journal = create(1000);
    await journal.open('first');
    for (let index = 0; index < 100; index++) {
      await journal.open(`k${index}`);
      journal.close(`k${index}`);
    }
    expect(names()).toHaveLength(1);
    expect(statSync(join(folder, names()[0] ?? '')).size).toBeLessThan(1200);
    expect(await takeOver()).toEqual(['first', 'k99']);
  });

  test('that was damaged gives what can be read, and that is said', async () => {
    const journal = create();
    for (const key of ['a', 'b', 'c']) await journal.open(key);
    const file = join(folder, names()[0] ?? '');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [lines[0], `x${lines[1]}`, lines[2], lines[0]?.slice(0, 9)].join('\n'));
    expect(await takeOver()).toEqual(['a', 'c']);
    expect(log.lines).toEqual([expect.stringMatching(/^error: the journal of repairs: line 2 of .* is damaged$/)]);
  });

  test('that cannot be written makes opening fail, and once it can all that is open is there', async () => {
    writeFileSync(join(root, `${folders}`), 'in the way');
    const journal = create();
    await expect(journal.open('a')).rejects.toThrow();
    rmSync(join(root, `${folders}`));
    await journal.open('b');
    expect(await takeOver()).toEqual(['a', 'b']);
  });

  test('is one at most however often appending fails, and none more once it works again', async () => {
    const { journal, disk } = createOnDisk();
    await journal.open('a');
    const [first = ''] = names();
    disk.isFull = true;
    for (const key of ['b', 'c', 'd']) {
      await expect(journal.open(key)).rejects.toThrow('the disk is full');
      // What was on disk before stays there.
      expect(names()).toEqual([first]);
    }
    disk.isFull = false;
    await journal.open('e');
    expect(names()).toHaveLength(1);
    expect(names()).not.toContain(first);
    expect(await takeOver()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('that could not be written is gone once all is closed', async () => {
    const { journal, disk } = createOnDisk();
    await journal.open('a');
    disk.isFull = true;
    await expect(journal.open('b')).rejects.toThrow('the disk is full');
    disk.isFull = false;
    for (const key of ['a', 'b']) journal.close(key);
    await journal.end();
    expect(names()).toEqual([]);
  });
});
