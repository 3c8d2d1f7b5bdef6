import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '@sluice/sdk-common';

/** Nobody writes an entry for so long; whoever began has crashed. */
const leftoverAgeMs = 3_600_000;

/** Keeps entries as files in a folder that only this user can read. */
export function createFolderStorage(folder: string, createUuid: () => string): Storage {
  return {
    read: async (name) => {
      try {
        return await readFile(join(folder, name));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    replace: async (name, previousName, chunks) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Other processes may write the same entry; each writes a file of its own and then takes the name.
      const fresh = join(folder, `${name}.${createUuid()}`);
      try {
        await writeThrough(fresh, chunks);
        await removeLeftovers(folder, name, (await stat(fresh)).mtimeMs - leftoverAgeMs);
        await rename(join(folder, name), join(folder, previousName)).catch(ignoreMissing);
        await rename(fresh, join(folder, name));
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
  };
}

/** On disk, not only on its way there, when it resolves. */
async function writeThrough(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(chunks);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what processes left behind that ended while they wrote. */
async function removeLeftovers(folder: string, name: string, beforeMs: number): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}.`)) continue;
    const path = join(folder, file);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: beforeMs }));
    if (mtimeMs < beforeMs) await rm(path, { force: true });
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
