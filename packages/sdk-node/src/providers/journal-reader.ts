import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '@sluice/sdk-common';
import { isMissing, listJournalFiles } from './journal-folder.ts';
import { type JournalRecord, parseJournal } from './journal-records.ts';

/** How far a file was read. */
interface Place {
  /** Of the whole file, when it was last looked at. */
  readonly sizeBytes: number;
  /** What follows may not be a whole line yet. */
  readonly readBytes: number;
  readonly lines: number;
}

/** What files have that they had not before, and what of it cannot be read. */
export interface JournalNews {
  /** In the order of their times; those of one file stay in their order. */
  readonly records: readonly JournalRecord[];
  readonly damage: readonly string[];
  readonly cut: readonly string[];
}

const nowhere: Place = { sizeBytes: 0, readBytes: 0, lines: 0 };
const lineBreak = 10;

/** Reads on, each time, in the files that others append to. */
export class JournalReader {
  readonly #folder: string;
  readonly #hash: Platform['hash'];
  #places: ReadonlyMap<string, Place> = new Map();

  constructor(folder: string, { hash }: Pick<Platform, 'hash'>) {
    this.#folder = folder;
    this.#hash = hash;
  }

  /** `isOwn`: which files nobody need be told of. Not to be called again before it is through. */
  async readOn(isOwn: (file: string) => boolean): Promise<JournalNews> {
    const records: JournalRecord[] = [];
    const damage: string[] = [];
    const cut: string[] = [];
    const places = new Map<string, Place>();
    for (const { name, sizeBytes } of await listJournalFiles(this.#folder)) {
      if (isOwn(name)) continue;
      const place = this.#places.get(name) ?? nowhere;
      places.set(name, place);
      if (sizeBytes === place.sizeBytes) continue;
      const bytes = await readFrom(join(this.#folder, name), place.readBytes, sizeBytes);
      const { records: found, damagedLines, isCut } = parseJournal(bytes.toString('utf8'), this.#hash.sha256Base64);
      for (const record of found) records.push(record);
      for (const line of damagedLines)
        damage.push(`${join(this.#folder, name)}: line ${place.lines + line} is damaged`);
      if (isCut) cut.push(name);
      const whole = bytes.subarray(0, bytes.lastIndexOf(lineBreak) + 1);
      const lines = place.lines + whole.reduce((count, byte) => (byte === lineBreak ? count + 1 : count), 0);
      places.set(name, { sizeBytes, readBytes: place.readBytes + whole.length, lines });
    }
    this.#places = places;
    return { records: records.sort((a, b) => a.at - b.at), damage, cut };
  }
}

/** Nothing of a file that was removed meanwhile. */
async function readFrom(path: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (handle === undefined) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.max(0, to - from)), 0, undefined, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
