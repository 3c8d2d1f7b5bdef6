import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RelayStore } from '@sluice/delivery';
import type { LinkKeys, Payload, WireObject } from '@sluice/protocol';

export interface RelayFilesOptions {
  readonly folder: string;
  /** Calls back once after a delay, unless the returned function is called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly createId: () => string;
  readonly logWarning: (fields: object, message: string) => void;
}

/** Storing waits so long for more changes, and what could not be stored is tried again after so long. */
const saveDelayMs = 5000;
/** So much is encoded, hashed and written before everything else gets a turn. */
const chunkChars = 64 * 1024;
const format = 'sluice-relay 1';
const keysFile = 'keys';
const payloadPrefix = 'environment-';
const previousSuffix = '.previous';
const unfinishedSuffix = '.unfinished';

/**
 * Keeps what a relay has in files that only this user can read, in two generations: the one before stays until the new
 * one is complete. A file is lines of JSON and ends with the SHA-256 of all before.
 */
export function createRelayFiles({ folder, after, createId, logWarning }: RelayFilesOptions): RelayStore {
  /** What is to be written, by file; undefined: the file is to be removed. */
  const unsaved = new Map<string, (() => Iterable<unknown>) | undefined>();
  let cancelSave: (() => void) | undefined;
  let saving: Promise<void> = Promise.resolve();
  let isClosed = false;

  function note(file: string, read: (() => Iterable<unknown>) | undefined): void {
    unsaved.set(file, read);
    schedule();
  }

  function schedule(): void {
    if (isClosed) return;
    cancelSave ??= after(saveDelayMs, () => {
      saving = saveAll().then(() => {
        cancelSave = undefined;
        if (unsaved.size > 0) schedule();
      });
    });
  }

  async function saveAll(): Promise<void> {
    for (const file of [...unsaved.keys()]) {
      const read = unsaved.get(file);
      try {
        if (read === undefined) await remove(join(folder, file));
        else await replace(join(folder, file), read(), createId);
        // Else it changed while it was written.
        if (unsaved.get(file) === read) unsaved.delete(file);
      } catch (error) {
        logWarning({ file, err: error }, 'what came from above could not be stored; it is tried again');
      }
    }
  }

  async function readLines(file: string): Promise<readonly unknown[] | undefined> {
    for (const name of [file, file + previousSuffix]) {
      try {
        return parseLines(await readFile(join(folder, name), 'utf8'));
      } catch (error) {
        if (isMissing(error)) continue;
        logWarning({ file: name, err: error }, 'what was stored cannot be used');
      }
    }
    return undefined;
  }

  return {
    load: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = await readdir(folder);
      for (const name of names) if (name.endsWith(unfinishedSuffix)) await rm(join(folder, name), { force: true });
      const [keys] = (await readLines(keysFile)) ?? [];
      const payloads = new Map<string, Payload>();
      for (const id of listEnvironments(names)) {
        const [head, ...objects] = (await readLines(payloadPrefix + id)) ?? [];
        // Both were written by this program, as the checksum proves.
        if (head !== undefined)
          payloads.set(id, { ...(head as Omit<Payload, 'objects'>), objects: objects as WireObject[] });
      }
      return { keys: keys as LinkKeys | undefined, payloads };
    },
    keys: (keys) => note(keysFile, () => [keys]),
    payload: (environmentId, read) =>
      note(payloadPrefix + environmentId, () => {
        const { objects, ...head } = read();
        return [head, ...objects];
      }),
    forget: (environmentId) => note(payloadPrefix + environmentId, undefined),
    close: async () => {
      isClosed = true;
      cancelSave?.();
      await saving;
      await saveAll();
    },
  };
}

function listEnvironments(names: readonly string[]): ReadonlySet<string> {
  const ids = names
    .filter((name) => name.startsWith(payloadPrefix))
    .map((name) => name.slice(payloadPrefix.length).replace(previousSuffix, ''));
  return new Set(ids.filter((id) => /^[a-z0-9]+$/.test(id)));
}

/** On disk, not only on its way there, when it resolves; nothing is left of a file that could not be finished. */
async function replace(path: string, lines: Iterable<unknown>, createId: () => string): Promise<void> {
  const fresh = `${path}.${createId()}${unfinishedSuffix}`;
  try {
    await write(fresh, lines);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await rename(path, path + previousSuffix).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await rename(fresh, path);
}

async function write(path: string, lines: Iterable<unknown>): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for (const chunk of encodeLines(lines)) {
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    await file.appendFile(endOf(hash));
    await file.sync();
  } finally {
    await file.close();
  }
}

function* encodeLines(lines: Iterable<unknown>): Generator<string> {
  let chunk = `${format}\n`;
  for (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length < chunkChars) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

async function remove(path: string): Promise<void> {
  for (const file of [path, path + previousSuffix]) await rm(file, { force: true });
}

/** Throws when the content is not whole. */
function parseLines(text: string): readonly unknown[] {
  const start = text.lastIndexOf('\n', text.length - 2) + 1;
  const content = text.slice(0, start);
  if (text.slice(start) !== endOf(createHash('sha256').update(content))) throw new Error('its checksum is wrong');
  const [first, ...lines] = content.trimEnd().split('\n');
  if (first !== format) throw new Error(`expected the format "${format}", got "${first?.slice(0, 40)}"`);
  return lines.map((line) => JSON.parse(line));
}

function endOf(hash: Hash): string {
  return `end ${hash.digest('hex')}\n`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
