import type { Clock, Log } from '@sluice/sdk-common';
import { aliveMs, type RepairJournal } from './repair-journal.ts';

export interface RepairsOptions {
  readonly journal: Pick<RepairJournal, 'takeOver' | 'open' | 'close' | 'end' | 'isDirty' | 'markDirty' | 'markClean'>;
  /** Brings both stores to the higher version of a record. */
  readonly repair: (key: string) => Repair;
  /** The journal was read, a record is the first that waits, or some are kept no more: the server is to know soon. */
  readonly onNews?: () => void;
  /** In messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Repair {
  /** Rejects when one of the stores does not work. */
  readonly done: Promise<void>;
  /** When the stores are through with all that they were asked, which may be later: calls that hang are given up. */
  readonly settled: Promise<unknown>;
}

export interface RepairStatus {
  /** Records that wait to be repaired, or are being. */
  readonly depth: number;
  /** How long the first of them has been waiting, in milliseconds; 0: there is none. */
  readonly oldestMs: number;
  /** How many were left out, as too many waited; only comparing all records finds them. */
  readonly overflowed: number;
  /** How often the journal could not be read or written, so that a crash may have left records that nobody knows of. */
  readonly journalFailures: number;
}

/** So many wait at most. */
const mostQueued = 10_000;
/** At most 20 begin within a second, and as many are at it at once: what hangs keeps its place until it ends. */
const paceMs = 50;
const mostAtOnce = 20;
const lostText = {
  now: `more records had to be repaired than the ${mostQueued} that are kept: only comparing all records finds them`,
  before: 'not all records that are to be repaired could be kept: only comparing all records finds them',
};
const backoffMs = { first: 100, most: 30_000 };
/** What may still arrive at a store after it was given up is looked for again after this time. */
const lookAgainMs = 5000;

interface QueueOptions {
  readonly mayArrive?: boolean;
  readonly afterMs?: number;
}

interface Entry {
  readonly key: string;
  readonly queuedAt: number;
  dueAt: number;
  attempts: number;
  /** How often the stores have to be found equal, or made so. */
  looks: number;
  isRunning: boolean;
  /** It was queued once more while it was being repaired. */
  isStale: boolean;
}

/**
 * Records in which two stores may differ. Whoever writes to both holds the key, so that the journal has it before the
 * first write leaves; what was written to one of them only is queued, and repaired until it works.
 */
export class Repairs {
  readonly #options: RepairsOptions;
  readonly #holds = new Map<string, number>();
  readonly #queue = new Map<string, Entry>();
  #running = 0;
  #overflowed = 0;
  #journalFailures = 0;
  /** A process before this one kept not all. */
  #wasDirty = false;
  /** Whether the disk says that not all is kept, or is being told. */
  #isMarked = false;
  /** What is written of that, one after the other. */
  #marking: Promise<unknown> = Promise.resolve();
  #isReady = false;
  #isFailing = false;
  #closed = false;
  #startedAt = Number.NEGATIVE_INFINITY;
  #looksAt = Number.POSITIVE_INFINITY;
  #cancelLook = (): void => undefined;

  constructor(options: RepairsOptions) {
    this.#options = options;
  }

  get status(): RepairStatus {
    // What was queued first is listed first.
    const [oldest] = this.#queue.values();
    return {
      depth: this.#queue.size,
      oldestMs: oldest === undefined ? 0 : this.#options.clock.elapsed() - oldest.queuedAt,
      overflowed: this.#overflowed,
      journalFailures: this.#journalFailures,
    };
  }

  /** Whether the stores may differ in records that are not known here, nor were to processes before. */
  get isDirty(): boolean {
    return this.#hasLost || this.#journalFailures > 0;
  }

  /** They were all compared. */
  markClean(): Promise<void> {
    this.#wasDirty = false;
    this.#overflowed = 0;
    this.#journalFailures = 0;
    this.#isMarked = false;
    const marked = this.#marking.then(() => this.#options.journal.markClean());
    this.#marking = marked.catch(() => undefined);
    return marked;
  }

  get #hasLost(): boolean {
    return this.#wasDirty || this.#overflowed > 0;
  }

  /** Takes up what processes before this one left. */
  async start(): Promise<void> {
    const { journal, name, log } = this.#options;
    try {
      this.#wasDirty = this.#isMarked = await journal.isDirty();
      if (this.#wasDirty) log.error(`${name}: before it began, ${lostText.before}`);
      for (const key of await journal.takeOver()) this.queue(key, { afterMs: aliveMs });
      this.#isReady = true;
    } catch (error) {
      this.#noteJournalFailure(error);
    }
    this.#options.onNews?.();
  }

  /** Whether what processes before this one left has been taken up. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether both stores have what this process, and those before it, acknowledged of the record. */
  isSettled(key: string): boolean {
    return this.#isReady && !this.#hasLost && !this.isUnderWay(key);
  }

  /** Whether this process is writing the record, or has to repair it. */
  isUnderWay(key: string): boolean {
    return this.#holds.has(key) || this.#queue.has(key);
  }

  /**
   * Resolves when a write of this record may begin. Where the journal cannot be written it may all the same, as the
   * product is to go on: what is lost then is the way to find the record after a crash.
   */
  async hold(key: string): Promise<void> {
    this.#holds.set(key, (this.#holds.get(key) ?? 0) + 1);
    if (this.isDirty) this.#mark();
    try {
      await this.#options.journal.open(key);
    } catch (error) {
      this.#noteJournalFailure(error);
    }
  }

  /** The write is through. */
  release(key: string): void {
    const holds = (this.#holds.get(key) ?? 0) - 1;
    if (holds > 0) this.#holds.set(key, holds);
    else this.#holds.delete(key);
    this.#closeIfSettled(key);
  }

  /** `mayArrive`: what was given up may still take effect, some time. */
  queue(key: string, { mayArrive = false, afterMs = backoffMs.first }: QueueOptions = {}): void {
    const { clock } = this.#options;
    const looks = mayArrive ? 2 : 1;
    const known = this.#queue.get(key);
    if (known !== undefined) {
      known.looks = Math.max(known.looks, looks);
      known.isStale = true;
      return;
    }
    if (this.#queue.size >= mostQueued) {
      this.#noteLost(key);
      return;
    }
    const now = clock.elapsed();
    const dueAt = now + afterMs;
    this.#queue.set(key, { key, queuedAt: now, dueAt, attempts: 0, looks, isRunning: false, isStale: false });
    this.#lookAt(dueAt);
    if (this.#queue.size === 1) this.#options.onNews?.();
  }

  /** What is not repaired by now is left to the next process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#options.journal.end();
  }

  /** The journal says that something is lost before it gives the record up. */
  #noteLost(key: string): void {
    const { name, log, onNews } = this.#options;
    if (this.#overflowed++ === 0) {
      log.error(`${name}: ${lostText.now}`);
      onNews?.();
    }
    this.#mark();
    void this.#marking.then(() => this.#closeIfSettled(key));
  }

  #closeIfSettled(key: string): void {
    if (!this.isUnderWay(key)) this.#options.journal.close(key);
  }

  #lookAt(dueAt: number): void {
    const at = Math.max(dueAt, this.#startedAt + paceMs);
    if (this.#closed || at >= this.#looksAt) return;
    this.#cancelLook();
    this.#looksAt = at;
    this.#cancelLook = this.#options.clock.after(Math.ceil(at - this.#options.clock.elapsed()), () => this.#look());
  }

  #look(): void {
    const now = this.#options.clock.elapsed();
    this.#looksAt = Number.POSITIVE_INFINITY;
    // Whoever ends looks again.
    if (this.#running >= mostAtOnce) return;
    const first = this.#findFirst();
    if (first !== undefined && first.dueAt <= now) {
      this.#startedAt = now;
      void this.#repair(first);
    }
    this.#lookAtFirst();
  }

  #findFirst(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#queue.values())
      if (!entry.isRunning && (first === undefined || entry.dueAt < first.dueAt)) first = entry;
    return first;
  }

  #lookAtFirst(): void {
    const first = this.#findFirst();
    if (first !== undefined) this.#lookAt(first.dueAt);
  }

  async #repair(entry: Entry): Promise<void> {
    this.#running++;
    entry.isRunning = true;
    entry.isStale = false;
    const { done, settled } = this.#options.repair(entry.key);
    const error = await done.then(
      () => undefined,
      (reason: unknown) => reason ?? new Error('no reason was given'),
    );
    if (!this.#closed) this.#noteOutcome(error);
    await settled;
    this.#running--;
    entry.isRunning = false;
    if (this.#closed) return;
    const now = this.#options.clock.elapsed();
    if (error !== undefined) {
      entry.dueAt = now + Math.min(backoffMs.most, backoffMs.first * 2 ** entry.attempts);
      entry.attempts++;
    } else if (entry.isStale) {
      entry.dueAt = now + backoffMs.first;
      entry.attempts = 0;
    } else if (--entry.looks > 0) {
      entry.dueAt = now + lookAgainMs;
    } else {
      this.#queue.delete(entry.key);
      this.#closeIfSettled(entry.key);
    }
    this.#lookAtFirst();
  }

  #noteOutcome(error: unknown): void {
    const { name, log } = this.#options;
    if (error !== undefined && !this.#isFailing) log.warn(`${name}: records cannot be repaired yet: ${String(error)}`);
    if (error === undefined && this.#isFailing) log.info(`${name}: records can be repaired again`);
    this.#isFailing = error !== undefined;
  }

  #noteJournalFailure(error: unknown): void {
    const { name, log, onNews } = this.#options;
    if (this.#journalFailures++ === 0) {
      log.error(`${name}: the journal of repairs does not work: ${String(error)}`);
      onNews?.();
    }
    this.#mark();
  }

  /** Says on disk that not all is kept. What cannot be written now is with the next that is held, or lost. */
  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#marking = this.#marking
      .then(() => this.#options.journal.markDirty())
      .catch((error: unknown) => {
        if (this.#journalFailures === 0) this.#noteJournalFailure(error);
        this.#isMarked = false;
      });
  }
}
