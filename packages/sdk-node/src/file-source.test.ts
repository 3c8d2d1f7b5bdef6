import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flag } from '@sluice/engine';
import type { Transfer } from '@sluice/protocol';
import { Arrivals, createFakePlatform, type FakePlatform, flagOf, settle } from '@sluice/testkit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createFileSource, parseFlagFile } from './file-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-file-'));
let path: string;
let files = 0;

beforeEach(() => {
  path = join(folder, `${++files}.json`);
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Setting {
  readonly platform: FakePlatform;
  /** What the source tells: flags by key, `same`, or what is wrong. */
  readonly told: Arrivals<Readonly<Record<string, Flag>> | string>;
  /** Lets the source look again; resolves when it has. */
  look(): Promise<void>;
  close(): void;
}

async function start(): Promise<Setting> {
  const platform = createFakePlatform();
  const told: Setting['told'] = new Arrivals();
  const source = createFileSource(
    path,
    platform,
  )({
    state: undefined,
    commit: async ({ objects }: Transfer) => {
      told.add(
        Object.fromEntries(
          objects.flatMap((object) => (object.kind === 'flag' ? [[object.flag.key, object.flag]] : [])),
        ),
      );
    },
    confirm: () => told.add('same'),
    fail: ({ kind, message }) => told.add(`${kind}: ${message.replace(`${path}: `, '')}`),
    notice: () => undefined,
    line: () => undefined,
  });
  source.start();
  await platform.clock.untilWaiting();
  return {
    platform,
    told,
    look: async () => {
      await platform.clock.advance(1000);
      await platform.clock.untilWaiting();
    },
    close: () => source.close(),
  };
}

const write = (content: unknown): void =>
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));

describe('a file of flags', () => {
  test('is read at the start and whenever it changed', async () => {
    write({ flagValues: { a: 1 } });
    const { told, look } = await start();
    expect(await told.next()).toMatchObject({ a: { on: true, variations: [1], version: 1 } });
    await look();
    expect(await told.next()).toBe('same');
    write({ flagValues: { a: 22 } });
    await look();
    expect(await told.next()).toMatchObject({ a: { variations: [22] } });
    expect(told.left).toBe(0);
  });

  test('is read anew when another takes its place', async () => {
    const [one, two] = [`${path}.one`, `${path}.two`];
    writeFileSync(one, '{"flagValues":{"a":1}}');
    writeFileSync(two, '{"flagValues":{"a":2}}');
    symlinkSync(one, path);
    const { told, look } = await start();
    expect(await told.next()).toMatchObject({ a: { variations: [1] } });
    symlinkSync(two, `${path}.new`);
    renameSync(`${path}.new`, path);
    await look();
    expect(await told.next()).toMatchObject({ a: { variations: [2] } });
  });

  test('has a higher version for each flag whose content changed, and only for those', async () => {
    const flag = { on: true, variations: ['x'], fallthrough: { variation: 0 } };
    const versionsOf = (told: Readonly<Record<string, Flag>> | string) =>
      typeof told === 'string'
        ? told
        : Object.fromEntries(Object.entries(told).map(([key, { version }]) => [key, version]));
    write({ flags: { same: flag, edited: { ...flag, version: 7 }, raised: flag } });
    const { told, look } = await start();
    expect(versionsOf(await told.next())).toEqual({ same: 1, edited: 7, raised: 1 });
    write({
      flags: { same: flag, edited: { ...flag, version: 7, on: false }, raised: { ...flag, version: 9 }, fresh: flag },
    });
    await look();
    expect(versionsOf(await told.next())).toEqual({ same: 1, edited: 8, raised: 9, fresh: 1 });
    write({ flags: { same: flag, edited: { ...flag, version: 7, on: false } } });
    await look();
    expect(versionsOf(await told.next())).toEqual({ same: 1, edited: 8 });
  });

  test('that is malformed is told once, and read when it is right', async () => {
    write('{sorry');
    const { told, look } = await start();
    expect(await told.next()).toMatch(/^refused: .*JSON/);
    await look();
    await look();
    expect(told.left).toBe(0);
    write({ flags: { a: { on: 'yes' } } });
    await look();
    expect(await told.next()).toBe('refused: flag a.on must be true or false, got "yes"');
    write({ flagValues: { a: 1 } });
    await look();
    expect(await told.next()).toMatchObject({ a: { variations: [1] } });
  });

  test('may come late, go and come back', async () => {
    const { told, look } = await start();
    expect(await told.next()).toMatch(/ENOENT/);
    write({ flagValues: { a: 1 } });
    await look();
    expect(await told.next()).toMatchObject({ a: { variations: [1] } });
    renameSync(path, `${path}.away`);
    await look();
    await look();
    expect(await told.next()).toMatch(/ENOENT/);
    expect(told.left).toBe(0);
    renameSync(`${path}.away`, path);
    await look();
    expect(await told.next()).toBe('same');
    unlinkSync(path);
    await look();
    expect(await told.next()).toMatch(/ENOENT/);
  });

  test('is not looked at any more once the source is closed', async () => {
    write({});
    const { platform, close } = await start();
    close();
    expect(platform.clock.waiting).toEqual([]);
  });

  test('is not looked at again when the source is closed while it reads', async () => {
    write({});
    const { clock } = createFakePlatform();
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    const source = createFileSource(path, { clock })({
      state: undefined,
      commit: async () => resolve(),
      confirm: () => undefined,
      fail: () => undefined,
      notice: () => undefined,
      line: () => undefined,
    });
    source.start();
    source.close();
    await committed;
    await settle();
    expect(clock.waiting).toEqual([]);
  });
});

describe('the content of a file', () => {
  test('may leave out keys and versions', () => {
    expect(
      parseFlagFile(JSON.stringify({ flags: { a: { on: false } }, segments: { s: { included: ['x'] } } })),
    ).toEqual([
      { kind: 'flag', flag: { key: 'a', version: 1, on: false } },
      { kind: 'segment', segment: { key: 's', version: 1, included: ['x'] } },
    ]);
  });

  test('names a flag by its place, not by its key', () => {
    expect(parseFlagFile(JSON.stringify({ flags: { a: flagOf('b', { version: 3 }) } }))).toMatchObject([
      { flag: { key: 'a', version: 3 } },
    ]);
  });

  test.each([
    ['[]', 'expected an object with flags and segments'],
    ['{"flags":[]}', 'flags must be an object by key'],
    ['{"segments":null}', 'segments must be an object by key'],
    ['{"flags":{"a":5}}', 'flag a must be an object, got 5'],
    [
      '{"segments":{"s":{"rules":[{"clauses":[{}]}]}}}',
      'segment s.rules[0].clauses[0].op must be a string, got nothing',
    ],
  ])('%s is refused with its place', (text, message) => {
    expect(() => parseFlagFile(text)).toThrow(message);
  });
});
