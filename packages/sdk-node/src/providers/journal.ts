import { join } from 'node:path';
import type { Log, Platform } from '@sluice/sdk-common';
import { Claim, removeOldClaims } from './claim.ts';
import { JournalFile } from './journal-file.ts';
import { journalFileName, listJournalFiles, readJournalFiles, removeJournalFile } from './journal-folder.ts';
import { type JournalNews, JournalReader } from './journal-reader.ts';
import { encodeRecord, type JournalRecord } from './journal-records.ts';
import { asOf, describe, followAll, isResolved, type JournalMessage, Ledger, nameOf } from './ledger.ts';

export interface JournalOptions {
  /** Undefined: only in memory. Several processes may have the same. */
  readonly folder: string | undefined;
  /** What the folder may come to; beyond it, what was sent or failed long ago is forgotten, unknown messages never. */
  readonly keepBytes?: number | undefined;
  readonly log: Log;
}

/** Of messages that are through, so many are remembered, so that they are not sent once more. */
const mostResolved = 50_000;
const defaultKeepBytes = 16 * 1024 * 1024;
/** A file is so much of what is kept. */
const filesKept = 8;
/** When the folder is too large, it is cleared to this share. */
const clearedShare = 0.75;
/** A process writes to a file within this time of writing to it before; else it begins another. */
const idleMs = 3_600_000;
/** So that a file which was not written for so long need not be looked at again, */
const restedMs = 2 * idleMs;
/** and after so long is nobody's, and may be cleared by anybody. */
const abandonedMs = 24 * idleMs;
/** So many files that nobody writes to are made one. */
const mostFiles = 64;
/** Beside the files: whoever lists these is not told of claims. */
const claimsFolder = 'claims';

type JournalPlatform = Pick<Platform, 'clock' | 'createUuid' | 'hash'>;

/**
 * What became of every message, in memory and in a folder. Each process appends to a file of its own; whatever was
 * noted before `flush` is on disk when it resolves, and one trip to the disk serves all who wait.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #platform: JournalPlatform;
  readonly #ledger = new Ledger(mostResolved);
  #loading: Promise<void> | undefined;
  #queue: JournalRecord[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #nextFlush: Promise<void> | undefined;
  #file: JournalFile | undefined;
  #fileName: string | undefined;
  #writtenAt = 0;
  /** Files of this process that it writes to no more. */
  readonly #closedFiles = new Set<string>();
  #lastAt = 0;
  readonly #reader: JournalReader | undefined;
  #reading: Promise<void> = Promise.resolve();
  #nextReading: Promise<void> | undefined;
  #clearing: Promise<void> | undefined;

  constructor(options: JournalOptions, platform: JournalPlatform) {
    this.#options = options;
    this.#platform = platform;
    this.#reader = options.folder === undefined ? undefined : new JournalReader(options.folder, restedMs, platform);
  }

  /** Resolves once it is known what processes before this one left; rejects when the folder cannot be read. */
  async ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
  }

  /** The time of a record. */
  now(): number {
    this.#lastAt = Math.max(this.#lastAt, this.#platform.clock.now());
    return this.#lastAt;
  }

  /** What this process knows of a message. */
  find(set: string, key: string): JournalMessage | undefined {
    const found = this.#ledger.find(set, key);
    return found && asOf(found, this.#platform.clock.now());
  }

  /** Takes in what others wrote by now; one look at the folder serves all who wait. */
  readNews(): Promise<void> {
    if (this.#nextReading === undefined) {
      const next = this.#reading.then(() => {
        this.#nextReading = undefined;
        return this.#readOn();
      });
      this.#reading = next.then(ignore, ignore);
      this.#nextReading = next.then(ignore);
    }
    return this.#nextReading;
  }

  /** To be had by whoever is about to begin the message; undefined: there are no others. */
  createClaim(set: string, key: string): Claim | undefined {
    const { folder } = this.#options;
    if (folder === undefined) return undefined;
    const name = Buffer.from(this.#platform.hash.sha256Base64(nameOf(set, key)), 'base64').toString('base64url');
    return new Claim(join(folder, claimsFolder, name), this.#platform);
  }

  /** To be written with the next flush. */
  note(...records: readonly JournalRecord[]): void {
    for (const record of records) {
      this.#ledger.take(record);
      if (this.#options.folder !== undefined) this.#queue.push(record);
    }
  }

  /** Undoes what was noted of a message whose beginning could not be written; `before`: as it was. */
  withdraw(set: string, key: string, before: JournalMessage | undefined): void {
    if (before === undefined) this.#ledger.forget(set, key);
    else this.#ledger.put(before);
  }

  /** Resolves when everything that was noted is on disk; rejects when it cannot be written. */
  flush(): Promise<void> {
    if (this.#nextFlush === undefined) {
      const next = this.#flushing.then(() => {
        this.#nextFlush = undefined;
        return this.#writeQueue();
      });
      // The next to wait is told about its own.
      this.#flushing = next.catch(() => undefined);
      this.#nextFlush = next;
    }
    return this.#nextFlush;
  }

  /** Everything in the folder, by whichever process. */
  async list(): Promise<readonly JournalMessage[]> {
    const { folder } = this.#options;
    const now = this.#platform.clock.now();
    if (folder === undefined) return this.#ledger.list(now);
    // What cannot be written is told to those who wait for it.
    await this.flush().catch(() => undefined);
    const { messages, damage } = await readJournalFiles(folder, this.#platform, now);
    this.#reportDamage(damage);
    return messages;
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    try {
      await this.#clearing;
      await this.flush();
    } catch (error) {
      this.#options.log.error(`the journal of sends: ${String(error)}`);
    }
    await this.#closeFile();
  }

  async #load(): Promise<void> {
    const { folder, log } = this.#options;
    if (folder === undefined) return;
    const { cut } = await this.#readOn();
    for (const name of cut)
      log.warn(`the journal of sends: the last line of ${name} was not written whole; it is left out`);
    this.#clear(folder);
  }

  async #readOn(): Promise<Pick<JournalNews, 'cut'>> {
    if (this.#reader === undefined) return { cut: [] };
    const { records, damage, cut } = await this.#reader.readOn((name) => this.#isOwn(name));
    for (const record of records) {
      this.#ledger.take(record);
      this.#lastAt = Math.max(this.#lastAt, record.at);
    }
    this.#reportDamage(damage);
    return { cut };
  }

  #isOwn(name: string): boolean {
    return name === this.#fileName || this.#closedFiles.has(name);
  }

  #reportDamage(damage: readonly string[]): void {
    for (const each of damage)
      this.#options.log.error(`the journal of sends: ${each}; its message may be listed as unknown`);
  }

  async #writeQueue(): Promise<void> {
    const { folder } = this.#options;
    const batch = this.#queue;
    if (folder === undefined || batch.length === 0) return;
    this.#queue = [];
    try {
      const text = batch.map((record) => encodeRecord(record, this.#platform.hash.sha256Base64)).join('');
      const file = await this.#openFile(folder);
      await file.append(text);
      this.#writtenAt = this.#platform.clock.now();
    } catch (error) {
      // It may end in the middle of a line.
      await this.#closeFile();
      // Whoever begins a message is told and does not send it; what became of others is still to be written.
      const begun = new Set(batch.flatMap(({ kind, set, key }) => (kind === 'begin' ? [nameOf(set, key)] : [])));
      this.#queue = [...batch.filter(({ set, key }) => !begun.has(nameOf(set, key))), ...this.#queue];
      throw error;
    }
  }

  async #openFile(folder: string): Promise<JournalFile> {
    const { keepBytes = defaultKeepBytes } = this.#options;
    const now = this.#platform.clock.now();
    if (this.#file !== undefined) {
      const isFull = this.#file.sizeBytes >= keepBytes / filesKept;
      if (!isFull && Math.abs(now - this.#writtenAt) < idleMs) return this.#file;
      await this.#closeFile();
      this.#clear(folder);
    }
    // Known as this process's before others can see it.
    this.#fileName = journalFileName(`${now.toString(36)}-${this.#platform.createUuid()}`);
    this.#file = await JournalFile.create(folder, this.#fileName);
    this.#writtenAt = now;
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    this.#closedFiles.add(file.name);
    await file.close().catch((error: unknown) => this.#options.log.warn(`the journal of sends: ${String(error)}`));
  }

  /** Removes the oldest files that nobody writes to, when the folder is too large. */
  #clear(folder: string): void {
    this.#clearing ??= this.#removeOldest(folder)
      .catch((error: unknown) => this.#options.log.warn(`the journal of sends could not be cleared: ${String(error)}`))
      .finally(() => {
        this.#clearing = undefined;
      });
  }

  async #removeOldest(folder: string): Promise<void> {
    const { keepBytes = defaultKeepBytes } = this.#options;
    const files = await listJournalFiles(folder);
    await removeOldClaims(join(folder, claimsFolder), this.#platform.clock);
    const now = this.#platform.clock.now();
    const left = files.filter(
      ({ name, writtenAt, isClosed }) => this.#closedFiles.has(name) || isClosed || writtenAt <= now - abandonedMs,
    );
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const old = new Set<string>();
    for (const { name, sizeBytes } of total > keepBytes ? left : []) {
      if (total <= keepBytes * clearedShare) break;
      old.add(name);
      total -= sizeBytes;
    }
    await this.#remove(folder, old, isWorthKeeping);
    const small = left.filter(({ name, sizeBytes }) => !old.has(name) && sizeBytes < keepBytes / filesKept);
    if (small.length > mostFiles) await this.#remove(folder, new Set(small.map(({ name }) => name)), isKnownOtherwise);
  }

  async #remove(folder: string, names: ReadonlySet<string>, isKept: IsKept): Promise<void> {
    if (names.size === 0) return;
    // Two would both write what both remove.
    const claim = new Claim(join(folder, claimsFolder, 'files'), this.#platform);
    if (!(await claim.take())) return;
    try {
      await this.#writeAgain(folder, names, isKept);
      for (const name of names) {
        await removeJournalFile(folder, name);
        this.#closedFiles.delete(name);
      }
    } finally {
      await claim.release();
    }
  }

  /** Messages of which something else would be known without some files. */
  async #writeAgain(folder: string, without: ReadonlySet<string>, isKept: IsKept): Promise<void> {
    const all: JournalRecord[] = [];
    const rest: JournalRecord[] = [];
    await readJournalFiles(folder, this.#platform, this.#platform.clock.now(), (file, records) => {
      for (const record of records) {
        all.push(record);
        if (!without.has(file)) rest.push(record);
      }
    });
    const kept = followAll(rest);
    for (const message of followAll(all).list(0)) {
      const known = kept.find(message.set, message.idempotencyKey);
      if (isKept(message, known)) this.#queue.push(...describe(message));
    }
    await this.flush();
  }
}

/** `otherwise`: what would be known of a message. */
type IsKept = (message: JournalMessage, otherwise: JournalMessage | undefined) => boolean;

function ignore(): void {}

/** A message in doubt is, and one that is through, as long as it would seem to be in doubt. */
function isWorthKeeping(message: JournalMessage, otherwise: JournalMessage | undefined): boolean {
  if (isResolved(message)) return otherwise !== undefined && !isResolved(otherwise);
  return isKnownOtherwise(message, otherwise);
}

function isKnownOtherwise(message: JournalMessage, otherwise: JournalMessage | undefined): boolean {
  return otherwise?.status !== message.status || otherwise.attempts.length < message.attempts.length;
}
