import { type EvaluationCount, type LinkUp, listEvaluationCounts } from '@sluice/protocol';
import type { EventBatch } from './data-plane.ts';

export interface CountKeeperOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  /** Different for each process, so that no batch is taken for one of another. */
  readonly session: string;
  readonly logWarning: (fields: object, message: string) => void;
}

const flushPeriodMs = 5000;
/** Batches that wait for the link: an hour of one environment. Older ones are given up. */
const batchesKept = 720;
/** Flags, variations and versions that are told apart in one batch. */
const countersKept = 20_000;
/** The same in all batches that wait: a batch that somebody filled with made-up versions counts for more. */
const countersWaiting = 500_000;
/** A batch of events arrives again within seconds, if at all. */
const payloadsKept = 50_000;

type Counted = Extract<LinkUp, { kind: 'counted' }>;

interface Batch extends Omit<Counted, 'agoMs'> {
  readonly countedAt: number;
}

/** Counts evaluations until what is above has taken them. */
export class CountKeeper {
  readonly #options: CountKeeperOptions;
  /** By environment, then by what is counted. */
  readonly #counts = new Map<string, Map<string, EvaluationCount>>();
  readonly #waiting = new Map<string, Batch>();
  readonly #payloads = new Set<string>();
  #send: ((message: LinkUp) => void) | undefined;
  #batches = 0;
  /** In the batches that wait. */
  #counters = 0;
  readonly #stop: () => void;

  constructor(options: CountKeeperOptions) {
    this.#options = options;
    this.#stop = options.every(flushPeriodMs, () => this.flush());
  }

  /** Takes in the events of an SDK, a repetition of them not again. */
  record(environmentId: string, { payloadId, events }: EventBatch): void {
    if (payloadId !== undefined && this.#wasSeen(`${environmentId}/${payloadId}`)) return;
    this.add(environmentId, listEvaluationCounts(events));
  }

  add(environmentId: string, counts: readonly EvaluationCount[]): void {
    if (counts.length === 0) return;
    const known = this.#counts.get(environmentId) ?? new Map<string, EvaluationCount>();
    this.#counts.set(environmentId, known);
    for (const count of counts) {
      const name = `${count.version ?? ''} ${count.variation ?? ''} ${count.flagKey}`;
      const before = known.get(name);
      if (before === undefined && known.size >= countersKept) continue;
      known.set(name, { ...count, count: count.count + (before?.count ?? 0) });
    }
  }

  /** The link is up: what waits is sent, whether it was sent before or not. */
  connect(send: (message: LinkUp) => void): void {
    this.#send = send;
    for (const batch of this.#waiting.values()) this.#tell(batch);
  }

  disconnect(): void {
    this.#send = undefined;
  }

  /** What is above keeps a batch. */
  taken(id: string): void {
    this.#counters -= this.#waiting.get(id)?.counts.length ?? 0;
    this.#waiting.delete(id);
  }

  flush(): void {
    for (const [environmentId, counts] of this.#counts) {
      const id = `${this.#options.session}-${++this.#batches}`;
      const batch: Batch = {
        kind: 'counted',
        id,
        environmentId,
        counts: [...counts.values()],
        countedAt: this.#options.elapsed(),
      };
      this.#waiting.set(id, batch);
      this.#counters += batch.counts.length;
      this.#tell(batch);
    }
    this.#counts.clear();
    this.#dropOldest();
  }

  close(): void {
    this.#stop();
    this.flush();
  }

  #tell({ countedAt, ...batch }: Batch): void {
    this.#send?.({ ...batch, agoMs: Math.round(this.#options.elapsed() - countedAt) });
  }

  #dropOldest(): void {
    let dropped = 0;
    for (const id of this.#waiting.keys()) {
      if (this.#waiting.size <= batchesKept && this.#counters <= countersWaiting) break;
      this.taken(id);
      dropped++;
    }
    if (dropped > 0)
      this.#options.logWarning({ batches: dropped }, 'counts of evaluations waited too long for the link and are lost');
  }

  #wasSeen(name: string): boolean {
    if (this.#payloads.has(name)) return true;
    this.#payloads.add(name);
    const [oldest] = this.#payloads;
    if (this.#payloads.size > payloadsKept && oldest !== undefined) this.#payloads.delete(oldest);
    return false;
  }
}
