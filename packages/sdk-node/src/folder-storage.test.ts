import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ruleset } from '@sluice/engine';
import { createPayloadCache } from '@sluice/sdk-common';
import { flagOf } from '@sluice/testkit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createFolderStorage } from './folder-storage.ts';
import { nodePlatform } from './platform.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-storage-'));
let folder: string;
let folders = 0;

beforeEach(() => {
  folder = join(root, String(++folders), 'nested');
});

afterAll(() => rmSync(root, { recursive: true }));

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

const createStorage = () => createFolderStorage(folder, nodePlatform.createUuid);
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('a folder', () => {
  test('has nothing before anything is stored', async () => {
    expect(await createStorage().read('payload')).toBeUndefined();
  });

  test('keeps what is stored and what was stored before', async () => {
    const storage = createStorage();
    for (const text of ['one', 'two', 'three']) {
      await storage.replace('payload', 'previous', chunksOf(text, ' ключ ', '😀'));
    }
    expect(Buffer.from((await storage.read('payload')) ?? []).toString()).toBe('three ключ 😀');
    expect(Buffer.from((await storage.read('previous')) ?? []).toString()).toBe('two ключ 😀');
    expect(readdirSync(folder).sort()).toEqual(['payload', 'previous']);
  });

  test('can only be read by this user', async () => {
    await createStorage().replace('payload', 'previous', chunksOf('secret'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'payload')).mode & 0o777).toBe(0o600);
  });

  test('keeps what it has when writing fails, and nothing half done', async () => {
    const storage = createStorage();
    await storage.replace('payload', 'previous', chunksOf('one'));
    async function* failing(): AsyncGenerator<string> {
      yield 'half';
      throw new Error('no space left');
    }
    await expect(storage.replace('payload', 'previous', failing())).rejects.toThrow('no space left');
    expect(textOf('payload')).toBe('one');
    expect(readdirSync(folder)).toEqual(['payload']);
  });

  test('may be written by several processes at once', async () => {
    const writers = Array.from({ length: 8 }, (_, index) =>
      createStorage().replace('payload', 'previous', chunksOf(`${index}`.repeat(50_000), `${index}`.repeat(50_000))),
    );
    await Promise.all(writers);
    expect(textOf('payload')).toMatch(/^(\d)\1{99999}$/);
    expect(readdirSync(folder).every((name) => name === 'payload' || name === 'previous')).toBe(true);
  });

  test('is rid of what others left behind an hour ago, and of nothing else', async () => {
    const storage = createStorage();
    await storage.replace('payload', 'previous', chunksOf('one'));
    const hoursAgo = (hours: number): number => statSync(join(folder, 'payload')).mtimeMs / 1000 - hours * 3600;
    for (const [name, hours] of [
      ['payload.crashed', 1.1],
      ['payload.at-work', 0.9],
      ['other', 5],
    ] as const) {
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), hoursAgo(hours), hoursAgo(hours));
    }
    await storage.replace('payload', 'previous', chunksOf('two'));
    expect(readdirSync(folder).sort()).toEqual(['other', 'payload', 'payload.at-work', 'previous']);
  });
});

describe('a payload in a folder', () => {
  const rulesetOf = (key: string) => {
    const ruleset = new Ruleset({ regex: () => undefined, createTally: () => undefined });
    ruleset.setFlag(flagOf(key));
    return ruleset;
  };
  const keysOf = (transfer: { readonly objects: readonly object[] } | undefined) => JSON.stringify(transfer?.objects);

  test('survives a crash at any moment of storing the next', async () => {
    const cache = createPayloadCache(createStorage(), nodePlatform);
    const load = () => cache.load(() => undefined);
    await cache.save(rulesetOf('one'), 'e:1');
    await cache.save(rulesetOf('two'), 'e:2');
    const [current, previous] = [textOf('payload'), textOf('payload-previous')];

    // While the next was written.
    writeFileSync(join(folder, 'payload.crashed'), current.slice(0, 50));
    expect(keysOf(await load())).toContain('"two"');
    // Between the two renames: what was current has its other name already.
    writeFileSync(join(folder, 'payload-previous'), current);
    rmSync(join(folder, 'payload'));
    expect(keysOf(await load())).toContain('"two"');
    // The disk lost the end of the current one.
    writeFileSync(join(folder, 'payload'), current.slice(0, -10));
    writeFileSync(join(folder, 'payload-previous'), previous);
    expect(keysOf(await load())).toContain('"one"');
  });
});
