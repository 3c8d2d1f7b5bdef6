import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '@sluice/sdk-common';
import { findJournalFiles, isMissing, listJournalNames } from './journal-folder.ts';
import { type JournalRecord, parseJournal } from './journal-records.ts';

/** How far a file was read. */
interface Place {
  /** Of the whole file, when it was last looked at. */
  readonly sizeBytes: number;
  /** What follows may not be a whole line yet. */
  readonly readBytes: number;
  readonly lines: number;
  /** Nothing more comes. */
  readonly isOver: boolean;
}

/** What files have that they had not before, and what of it cannot be read. */
export interface JournalNews {
  /** In the order of their times; those of one file stay in their order. */
  readonly records: readonly JournalRecord[];
  readonly damage: readonly string[];
  readonly cut: readonly string[];
}

const nowhere: Place = { sizeBytes: 0, readBytes: 0, lines: 0, isOver: false };
const lineBreak = 10;
/** What changes sooner after a folder did may not be told from that by its time. */
const toldApartMs = 2000;

/** Reads on, each time, in the files that others append to; looks at no more of them than may have grown. */
export class JournalReader {
  readonly #folder: string;
  readonly #restedMs: number;
  readonly #platform: Pick<Platform, 'hash' | 'clock'>;
  #places: Map<string, Place> = new Map();
  /** When the folder had changed when it was listed; undefined: it is to be listed again. */
  #changedAt: number | undefined;
  /** Those of others that are not over. */
  #growing: readonly string[] = [];

  /** `restedMs`: what was not written for so long is not written any more. */
  constructor(folder: string, restedMs: number, platform: Pick<Platform, 'hash' | 'clock'>) {
    this.#folder = folder;
    this.#restedMs = restedMs;
    this.#platform = platform;
  }

  /** `isOwn`: which files nobody need be told of. Not to be called again before it is through. */
  async readOn(isOwn: (file: string) => boolean): Promise<JournalNews> {
    const records: JournalRecord[] = [];
    const damage: string[] = [];
    const cut: string[] = [];
    // What was in a file that is gone may have been written to one that was read before.
    while (!(await this.#readFiles(isOwn, { records, damage, cut })));
    return { records: records.sort((a, b) => a.at - b.at), damage, cut };
  }

  /** False: a file was removed meanwhile. */
  async #readFiles(
    isOwn: (file: string) => boolean,
    { records, damage, cut }: { readonly records: JournalRecord[]; readonly damage: string[]; readonly cut: string[] },
  ): Promise<boolean> {
    const now = this.#platform.clock.now();
    await this.#list(isOwn, now);
    const places = this.#places;
    const gone = new Set(this.#growing);
    for (const { name, sizeBytes, writtenAt, isClosed } of await findJournalFiles(this.#folder, this.#growing)) {
      const place = places.get(name) ?? nowhere;
      const isOver = isClosed || writtenAt < now - this.#restedMs;
      const hasGrown = sizeBytes !== place.sizeBytes;
      const bytes = hasGrown ? await readFrom(join(this.#folder, name), place.readBytes, sizeBytes) : Buffer.alloc(0);
      if (bytes === undefined) continue;
      gone.delete(name);
      if (!hasGrown) {
        if (isOver) places.set(name, { ...place, isOver });
        continue;
      }
      const text = parseJournal(bytes.toString('utf8'), this.#platform.hash.sha256Base64);
      for (const record of text.records) records.push(record);
      for (const line of text.damagedLines)
        damage.push(`${join(this.#folder, name)}: line ${place.lines + line} is damaged`);
      if (text.isCut) cut.push(name);
      const whole = bytes.subarray(0, bytes.lastIndexOf(lineBreak) + 1);
      const lines = place.lines + whole.reduce((count, byte) => (byte === lineBreak ? count + 1 : count), 0);
      places.set(name, { sizeBytes, readBytes: place.readBytes + whole.length, lines, isOver });
    }
    // No name is used twice.
    for (const name of gone) places.set(name, { ...nowhere, isOver: true });
    this.#growing = this.#growing.filter((name) => places.get(name)?.isOver !== true);
    if (gone.size > 0) this.#changedAt = undefined;
    return gone.size === 0;
  }

  /** Finds out which files there are, where that may have changed. */
  async #list(isOwn: (file: string) => boolean, now: number): Promise<void> {
    const folder = await stat(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (folder !== undefined && folder.mtimeMs === this.#changedAt) return;
    const names = (await listJournalNames(this.#folder)).filter((name) => !isOwn(name));
    this.#places = new Map(names.map((name) => [name, this.#places.get(name) ?? nowhere]));
    this.#growing = names.filter((name) => this.#places.get(name)?.isOver !== true);
    this.#changedAt = folder !== undefined && folder.mtimeMs < now - toldApartMs ? folder.mtimeMs : undefined;
  }
}

/** Undefined: the file was removed meanwhile. */
async function readFrom(path: string, from: number, to: number): Promise<Buffer | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.max(0, to - from)), 0, undefined, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
