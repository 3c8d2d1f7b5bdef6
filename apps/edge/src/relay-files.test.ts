import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayStore } from '@sluice/delivery';
import type { Payload, WireObject } from '@sluice/protocol';
import { createFakeServerPlatform, type FakeServerPlatform, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRelayFiles } from './relay-files.ts';

let folder: string;
let platform: FakeServerPlatform;
let warnings: string[];
let files: RelayStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-relay-files-'));
  platform = createFakeServerPlatform();
  warnings = [];
  files = openFiles();
  await files.load();
});

afterEach(async () => {
  await files.close();
  rmSync(folder, { recursive: true, force: true });
});

function openFiles(): RelayStore {
  return createRelayFiles({
    folder,
    after: platform.after,
    createId: () => randomUUID(),
    logWarning: (_, message) => void warnings.push(message),
  });
}

function makePayload(version: number, objects: readonly WireObject[] = []): Payload {
  return { epoch: 'e1', version, objects };
}

async function loadVersion(): Promise<number | undefined> {
  return (await openFiles().load()).payloads.get('env1')?.version;
}

/** Of the file as it is now; undefined while there is none, as for a moment when a new one takes its place. */
function findStoredVersion(): number | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'environment-env1'), 'utf8').split('\n')[1] ?? '').version;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

describe('what a relay has', () => {
  test('is the same when it is loaded, however large', async () => {
    const objects = Array.from({ length: 200 }, (_, at) => ({
      kind: 'flag' as const,
      key: `flag-${at}`,
      version: at,
      json: JSON.stringify({ filler: '"ä€😀'.repeat(300), at }),
    }));
    files.payload('env1', () => makePayload(200, objects));
    await files.close();
    expect((await openFiles().load()).payloads.get('env1')).toEqual(makePayload(200, objects));
  });

  test('is encoded and written in many turns, so that everything else goes on', async () => {
    let turn = 0;
    let isOver = false;
    const count = (): void => {
      turn++;
      if (!isOver) setImmediate(count);
    };
    count();
    const encodedIn = new Map<number, number>();
    const json = 'x'.repeat(3000);
    const objects = Array.from({ length: 2000 }, (_, at) => ({
      kind: 'flag' as const,
      key: `flag-${at}`,
      version: 1,
      get json() {
        encodedIn.set(turn, (encodedIn.get(turn) ?? 0) + 1);
        return json;
      },
    }));
    files.payload('env1', () => makePayload(1, objects));
    await files.close();
    isOver = true;
    expect(await loadVersion()).toBe(1);
    expect(Math.max(...encodedIn.values())).toBeLessThan(200);
  });

  test('is written every few seconds at most while changes keep coming', async () => {
    const written: number[] = [];
    for (let version = 1; version <= 20; version++) {
      files.payload('env1', () => {
        written.push(version);
        return makePayload(version);
      });
      await platform.clock.advance(1000);
      await until(() => findStoredVersion() === written.at(-1));
    }
    expect(written.length).toBeLessThanOrEqual(4);
    await files.close();
    expect(await loadVersion()).toBe(20);
  });

  test('is written again when it changed while it was written', async () => {
    let version = 1;
    const read = (): Payload => makePayload(version);
    files.payload('env1', () => {
      const before = read();
      version = 2;
      files.payload('env1', () => read());
      return before;
    });
    await platform.clock.advance(5000);
    await platform.clock.untilWaiting();
    expect(await loadVersion()).toBe(1);
    await files.close();
    expect(await loadVersion()).toBe(2);
  });
});

describe('what cannot be written', () => {
  test('is tried again until it can, also when nothing changes any more', async () => {
    rmSync(folder, { recursive: true });
    files.payload('env1', () => makePayload(7));
    await platform.clock.advance(5000);
    await until(() => warnings.length === 1);
    expect(warnings).toEqual(['what came from above could not be stored; it is tried again']);
    mkdirSync(folder);
    await platform.clock.untilWaiting();
    await platform.clock.advance(5000);
    await until(() => existsSync(join(folder, 'environment-env1')));
    expect(await loadVersion()).toBe(7);
    expect(warnings).toHaveLength(1);
  });

  test('leaves nothing behind that takes up room', async () => {
    const broken: WireObject = {
      kind: 'flag',
      key: 'flag-1',
      version: 1,
      get json(): string {
        throw new Error('the disk is full');
      },
    };
    files.payload('env1', () => makePayload(1, [broken]));
    await files.close();
    expect(warnings).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not tried any more once it is forgotten', async () => {
    files.payload('env1', () => makePayload(1));
    files.forget('env1');
    await files.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
