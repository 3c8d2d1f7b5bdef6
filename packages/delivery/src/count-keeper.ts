import { type EvaluationCount, type LinkUp, listEvaluationCounts } from '@sluice/protocol';
import type { EventBatch } from './data-plane.ts';
import type { CountBatch } from './link-server.ts';
import { RecentIds } from './recent-ids.ts';

export interface CountKeeperOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  /** Different for each process, so that no batch is taken for one of another. */
  readonly session: string;
  readonly logWarning: (fields: object, message: string) => void;
}

const flushPeriodMs = 5000;
const minuteMs = 60_000;
/** A batch that is not taken for so long is sent again: what is above could not keep it. */
const againMs = 30_000;
/** While so many batches wait to be taken no more are made; what is counted is added to what was counted before. */
const batchesAtOnce = 20;
/** Flags, variations and versions that are told apart in one minute of an environment. */
const countersOfMinute = 20_000;
/** The same in all minutes that are kept: 100 MB or so. The oldest minutes are given up for more. */
const countersKept = 500_000;
/** A batch of events arrives again within seconds, if at all; one of a relay when its link is up again. */
const idsKept = 50_000;

/** What was counted in one minute of an environment. */
interface Minute {
  readonly environmentId: string;
  readonly countedAt: number;
  readonly counts: Map<string, EvaluationCount>;
}

interface Batch {
  readonly environmentId: string;
  readonly countedAt: number;
  readonly counts: readonly EvaluationCount[];
  toldAt: number;
}

/** Counts evaluations until what is above has taken them. */
export class CountKeeper {
  readonly #options: CountKeeperOptions;
  /** What no batch was made of yet. */
  readonly #minutes = new Map<string, Minute>();
  /** Batches that were sent and not taken: they stay as they are, because they may have been kept. */
  readonly #waiting = new Map<string, Batch>();
  readonly #payloads = new RecentIds(idsKept);
  readonly #batchesOfRelays = new RecentIds(idsKept);
  #send: ((message: LinkUp) => void) | undefined;
  #batches = 0;
  readonly #stop: () => void;

  constructor(options: CountKeeperOptions) {
    this.#options = options;
    this.#stop = options.every(flushPeriodMs, () => this.flush());
  }

  /** Takes in the events of an SDK, a repetition of them not again. */
  record(environmentId: string, { payloadId, events }: EventBatch): void {
    if (payloadId !== undefined && !this.#payloads.add(`${environmentId}/${payloadId}`)) return;
    this.#add(environmentId, listEvaluationCounts(events), 0);
  }

  /** Takes in what a relay below counted, a repetition not again. */
  recordBatch(environmentId: string, { id, counts, agoMs }: CountBatch): void {
    if (this.#batchesOfRelays.add(id)) this.#add(environmentId, counts, agoMs);
  }

  /** The link is up: what waits is sent, whether it was sent before or not. */
  connect(send: (message: LinkUp) => void): void {
    this.#send = send;
    for (const [id, batch] of this.#waiting) this.#tell(id, batch);
    this.flush();
  }

  disconnect(): void {
    this.#send = undefined;
  }

  /** What is above keeps a batch. */
  taken(id: string): void {
    this.#waiting.delete(id);
  }

  /** The environment is not served any more: nobody would take its counts. */
  forget(environmentId: string): void {
    for (const kept of [this.#minutes, this.#waiting]) {
      for (const [name, entry] of kept) if (entry.environmentId === environmentId) kept.delete(name);
    }
  }

  flush(): void {
    if (this.#send === undefined) return;
    const now = this.#options.elapsed();
    for (const [id, batch] of this.#waiting) if (now - batch.toldAt >= againMs) this.#tell(id, batch);
    if (this.#waiting.size < batchesAtOnce) this.#makeBatches();
  }

  close(): void {
    this.#stop();
    this.#makeBatches();
  }

  #add(environmentId: string, counts: readonly EvaluationCount[], agoMs: number): void {
    if (counts.length === 0) return;
    const { counts: known } = this.#openMinute(environmentId, this.#options.elapsed() - agoMs);
    for (const count of counts) {
      const name = `${count.version ?? ''} ${count.variation ?? ''} ${count.flagKey}`;
      const before = known.get(name);
      if (before === undefined && known.size >= countersOfMinute) continue;
      // Made-up counts must not grow beyond what can be told.
      const sum = Math.min(count.count + (before?.count ?? 0), Number.MAX_SAFE_INTEGER);
      known.set(name, { ...count, count: sum });
    }
  }

  #openMinute(environmentId: string, countedAt: number): Minute {
    const name = `${environmentId}/${Math.floor(countedAt / minuteMs)}`;
    const known = this.#minutes.get(name);
    if (known !== undefined) return known;
    this.#dropOldest();
    const minute = { environmentId, countedAt, counts: new Map<string, EvaluationCount>() };
    this.#minutes.set(name, minute);
    return minute;
  }

  #makeBatches(): void {
    for (const { environmentId, countedAt, counts } of this.#minutes.values()) {
      const id = `${this.#options.session}-${++this.#batches}`;
      const batch: Batch = { environmentId, countedAt, counts: [...counts.values()], toldAt: 0 };
      this.#waiting.set(id, batch);
      this.#tell(id, batch);
    }
    this.#minutes.clear();
  }

  #tell(id: string, batch: Batch): void {
    const { environmentId, countedAt, counts } = batch;
    const now = this.#options.elapsed();
    batch.toldAt = now;
    this.#send?.({ kind: 'counted', id, environmentId, agoMs: Math.round(now - countedAt), counts });
  }

  #dropOldest(): void {
    let counters = 0;
    for (const { counts } of this.#waiting.values()) counters += counts.length;
    for (const { counts } of this.#minutes.values()) counters += counts.size;
    let dropped = 0;
    for (const [name, { counts }] of this.#minutes) {
      if (counters - dropped <= countersKept) break;
      this.#minutes.delete(name);
      dropped += counts.size;
    }
    if (dropped > 0)
      this.#options.logWarning(
        { counters: dropped },
        'counts of evaluations waited too long for the link and are lost',
      );
  }
}
