import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log, Platform } from '@sluice/sdk-common';
import { JournalFile } from '../providers/journal-file.ts';
import { journalFileName, listJournalFiles, removeJournalFile } from '../providers/journal-folder.ts';
import { encodeLine, parseLines } from '../providers/journal-lines.ts';

export interface RepairJournalOptions {
  /** Undefined: only in memory. Several processes may have the same. */
  readonly folder: string | undefined;
  /** A file that is larger is written anew, with what is still open. */
  readonly fileBytes?: number;
  readonly log: Log;
}

/** Whether the stores may differ in a record from now on. */
interface KeyRecord {
  readonly key: string;
  readonly isOpen: boolean;
}

/** How often a process looks whether its file is there. */
const lookMs = 1000;
/** By then a process that is alive has noticed that its file was taken over. */
export const aliveMs = 3 * lookMs;
/** An empty file. */
const dirtyName = 'dirty';
const defaultFileBytes = 4 * 1024 * 1024;

/**
 * Keys of records in which the stores may differ, on disk before they do. Each process has a file of its own in the
 * folder; whoever starts takes over all that are there. If their process is alive after all, it misses its file when it
 * writes next, or within a second, and begins another with all that it has open. Until then it is known by whoever took
 * it over, and so nothing of it may be taken for repaired sooner than `aliveMs` later.
 */
export class RepairJournal {
  readonly #options: RepairJournalOptions;
  readonly #platform: Pick<Platform, 'clock' | 'createUuid' | 'hash'>;
  readonly #open = new Set<string>();
  /** Open as far as the file says. */
  readonly #written = new Set<string>();
  readonly #changed = new Set<string>();
  /** Of which something is being written: that they are closed, perhaps. */
  #underway: ReadonlySet<string> = new Set();
  #file: JournalFile | undefined;
  /** Files of before: what is open in them is open here, and they go once another file says so. */
  readonly #before = new Set<string>();
  #flushing: Promise<void> = Promise.resolve();
  #nextFlush: Promise<void> | undefined;
  /** Another process took the file over. */
  #isMissing = false;
  #cancelLook = (): void => undefined;

  constructor(options: RepairJournalOptions, platform: Pick<Platform, 'clock' | 'createUuid' | 'hash'>) {
    this.#options = options;
    this.#platform = platform;
  }

  /**
   * Takes over what processes before this one left open: from now on it is open here. Rejects when the folder cannot
   * be read or written.
   */
  async takeOver(): Promise<readonly string[]> {
    const { folder, log } = this.#options;
    if (folder === undefined) return [];
    const found = new Set<string>();
    const taken: string[] = [];
    for (const { name } of await listJournalFiles(folder)) {
      if (name === this.#file?.name) continue;
      const mine = journalFileName(this.#platform.createUuid());
      // Its process can no longer add to it unseen; another may have been faster.
      const isTaken = await rename(join(folder, name), join(folder, mine)).then(
        () => true,
        () => false,
      );
      if (!isTaken) continue;
      taken.push(mine);
      const text = await readFile(join(folder, mine), 'utf8');
      const { records, damagedLines } = parseLines(text, this.#platform.hash.sha256Base64, readRecord);
      for (const key of listOpen(records)) found.add(key);
      for (const line of damagedLines) log.error(`the journal of repairs: line ${line} of ${name} is damaged`);
    }
    for (const key of found) this.#change(key, true);
    await this.flush();
    for (const name of taken) await removeJournalFile(folder, name);
    return [...found];
  }

  /** Resolves once it is on disk, rejects when it cannot be; one trip to the disk serves all who wait. */
  async open(key: string): Promise<void> {
    this.#change(key, true);
    if (this.#options.folder === undefined) return;
    if (!this.#written.has(key) || this.#underway.has(key)) await this.flush();
  }

  /** Both stores have the record. On disk with the next that is opened: to look once more does no harm. */
  close(key: string): void {
    this.#change(key, false);
  }

  /** Whether a process, of those that have had the folder, had more open than it could keep. */
  async isDirty(): Promise<boolean> {
    const { folder } = this.#options;
    return folder !== undefined && (await exists(join(folder, dirtyName)));
  }

  /** Resolves once it is on disk. */
  async markDirty(): Promise<void> {
    const { folder } = this.#options;
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, dirtyName), '', { mode: 0o600, flush: true });
  }

  async markClean(): Promise<void> {
    const { folder } = this.#options;
    if (folder !== undefined) await rm(join(folder, dirtyName), { force: true });
  }

  /** Resolves when the file says what is open. */
  flush(): Promise<void> {
    if (this.#nextFlush === undefined) {
      const next = this.#flushing.then(() => {
        this.#nextFlush = undefined;
        return this.#write();
      });
      // The next to wait is told about its own.
      this.#flushing = next.catch(() => undefined);
      this.#nextFlush = next;
    }
    return this.#nextFlush;
  }

  /** Leaves no file behind where nothing is open. */
  async end(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      await this.flush();
      const name = this.#file?.name;
      await this.#endFile();
      this.#cancelLook();
      if (folder !== undefined && name !== undefined && this.#open.size === 0) await removeJournalFile(folder, name);
    } catch (error) {
      log.error(`the journal of repairs: ${String(error)}`);
    }
  }

  #change(key: string, isOpen: boolean): void {
    if (isOpen) this.#open.add(key);
    else this.#open.delete(key);
    if (isOpen === this.#written.has(key)) this.#changed.delete(key);
    else this.#changed.add(key);
  }

  async #write(): Promise<void> {
    const { folder, fileBytes = defaultFileBytes } = this.#options;
    if (folder === undefined || (this.#changed.size === 0 && !this.#isMissing && this.#before.size === 0)) return;
    if (this.#isMissing) await this.#endFile();
    this.#isMissing = false;
    if (this.#file !== undefined && this.#file.sizeBytes >= fileBytes) {
      this.#before.add(this.#file.name);
      await this.#endFile();
    }
    await this.#append(folder);
    for (const name of this.#before) {
      await removeJournalFile(folder, name);
      this.#before.delete(name);
    }
  }

  async #append(folder: string): Promise<void> {
    let isNew = false;
    try {
      for (;;) {
        isNew = this.#file === undefined;
        this.#file ??= await JournalFile.create(folder, journalFileName(this.#platform.createUuid()));
        const { name } = this.#file;
        if (isNew) this.#beginAnew();
        const keys = [...this.#changed];
        const records = keys.map((key): KeyRecord => ({ key, isOpen: this.#open.has(key) }));
        this.#changed.clear();
        this.#underway = new Set(keys);
        await this.#file.append(records.map((each) => encodeLine(each, this.#platform.hash.sha256Base64)).join(''));
        this.#underway = new Set();
        for (const { key, isOpen } of records) {
          if (isOpen) this.#written.add(key);
          else this.#written.delete(key);
          // It may be otherwise by now.
          this.#change(key, this.#open.has(key));
        }
        if (await exists(join(folder, name))) {
          if (isNew) this.#lookAgain(folder);
          return;
        }
        // Another process took the file over, perhaps before this was in it.
        await this.#endFile();
      }
    } catch (error) {
      // It may end in the middle of a line.
      const name = this.#file?.name;
      await this.#endFile().catch(() => undefined);
      if (name !== undefined) this.#before.add(name);
      // Nobody relies on one that was new, so that failing again and again leaves no more than one.
      if (name !== undefined && isNew)
        await removeJournalFile(folder, name).then(() => this.#before.delete(name), ignore);
      throw error;
    }
  }

  #lookAgain(folder: string): void {
    this.#cancelLook();
    this.#cancelLook = this.#platform.clock.after(lookMs, () => void this.#look(folder));
  }

  async #look(folder: string): Promise<void> {
    const file = this.#file;
    if (file !== undefined && !(await exists(join(folder, file.name))) && this.#file === file) {
      this.#isMissing = true;
      // Whoever begins a write next is told.
      await this.flush().catch(() => undefined);
    }
    if (this.#file !== undefined) this.#lookAgain(folder);
  }

  /** Nothing of it is in the file yet. */
  #beginAnew(): void {
    this.#written.clear();
    this.#changed.clear();
    for (const key of this.#open) this.#changed.add(key);
  }

  async #endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

function ignore(): void {}

function readRecord(value: unknown): KeyRecord | undefined {
  const { key, isOpen } = value as Partial<KeyRecord>;
  return typeof key === 'string' && typeof isOpen === 'boolean' ? { key, isOpen } : undefined;
}

function listOpen(records: readonly KeyRecord[]): ReadonlySet<string> {
  const open = new Set<string>();
  for (const { key, isOpen } of records) {
    if (isOpen) open.add(key);
    else open.delete(key);
  }
  return open;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
