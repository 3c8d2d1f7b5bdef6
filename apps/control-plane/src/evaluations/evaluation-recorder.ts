import { createHash } from 'node:crypto';
import type { CountBatch, ErrorLog, EventBatch } from '@sluice/delivery';
import { type EvaluationCount, listEvaluationCounts } from '@sluice/protocol';
import { sql } from 'kysely';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import { chunk } from '../database/chunks.ts';
import type { Database, EvaluationHourRow, EvaluationMinuteRow, Writes } from '../database/schema.ts';
import { findTextFault } from '../database/text-fault.ts';
import type { Platform } from '../platform.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** That a flag may have. */
const mostVariations = 1000;
const flushPeriodMs = 1000;
/** Keys of flags that do not exist come from callers; of each environment so many are counted per flush. */
const unknownFlagsCounted = 200;
/** Of one environment so many results of flags are told apart per flush: versions and variations come from callers too. */
const countersWritten = 20_000;
/** Counters of all SDKs that wait for a flush: more than a second of 20,000 instances brings. */
const countersWaiting = 500_000;
/** A batch arrives again within seconds, if at all. */
const payloadsRememberedMs = 3_600_000;

interface Received {
  readonly environmentId: string;
  /** SHA-256 of the batch's id, which may have any length; undefined: it has none. */
  readonly payloadId: string | undefined;
  readonly counts: readonly EvaluationCount[];
  readonly minute: number;
  /** Whoever wants to know whether it is written. */
  readonly settle?: ((error: unknown) => void) | undefined;
}

/** Counts what SDKs evaluated, per flag, variation, version and minute; each batch once, however often it is sent. */
export class EvaluationRecorder {
  readonly #db: Database;
  readonly #channels: ChannelRegistry;
  readonly #platform: Platform;
  readonly #errors: ErrorLog;
  readonly #stop: () => void;
  #received: Received[] = [];
  #waiting = 0;
  #dropped = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(db: Database, channels: ChannelRegistry, platform: Platform, errors: ErrorLog) {
    this.#db = db;
    this.#channels = channels;
    this.#platform = platform;
    this.#errors = errors;
    this.#stop = platform.every(flushPeriodMs, () => void this.flush());
  }

  /** Counters that were not kept because there were too many, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  record(environmentId: string, { payloadId, events }: EventBatch): void {
    const counts = listEvaluationCounts(events);
    if (counts.length === 0) return;
    if (this.#waiting + counts.length > countersWaiting) {
      this.#dropped += counts.length;
      return;
    }
    this.#waiting += counts.length;
    const now = this.#platform.now();
    const hash = payloadId === undefined ? undefined : createHash('sha256').update(payloadId).digest('base64url');
    this.#received.push({ environmentId, payloadId: hash, counts, minute: now - (now % minuteMs) });
  }

  /** Takes in what a relay counted; resolves when it is written, or was before. */
  recordCounts(environmentId: string, { id, counts, agoMs }: CountBatch): Promise<void> {
    const at = this.#platform.now() - agoMs;
    return new Promise((resolve, reject) => {
      const settle = (error: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#received.push({ environmentId, payloadId: id, counts, minute: at - (at % minuteMs), settle });
    });
  }

  /** Writes what was received so far; resolves when it is written, or when that failed and was logged. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const batches = this.#received;
      this.#received = [];
      this.#waiting = 0;
      if (batches.length === 0) return;
      try {
        await this.#write(batches);
        for (const { settle } of batches) settle?.(undefined);
      } catch (error) {
        for (const { settle } of batches) settle?.(error);
        this.#errors.write(error, 'counts of evaluations could not be written and are lost', {
          batches: batches.length,
        });
      }
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.flush();
  }

  async #write(batches: readonly Received[]): Promise<void> {
    const filters = new Map<string, FlagFilter>();
    for (const { environmentId } of batches) {
      if (!filters.has(environmentId)) filters.set(environmentId, await this.#createFilter(environmentId));
    }
    await this.#db.transaction().execute(async (writes) => {
      const taken = await takeNew(writes, batches, this.#platform.now());
      for (const ofEnvironment of sortByName(Map.groupBy(taken, ({ environmentId }) => environmentId))) {
        const rows = new Map<string, EvaluationMinuteRow>();
        for (const batch of ofEnvironment) {
          for (const count of batch.counts) {
            if (filters.get(batch.environmentId)?.isCounted(count.flagKey) === true && !addCount(rows, batch, count))
              this.#dropped++;
          }
        }
        await writeCounts(writes, rows);
        await writeHours(writes, sumHours(rows.values(), filters));
      }
    });
  }

  async #createFilter(environmentId: string): Promise<FlagFilter> {
    const { log } = await this.#channels.open(environmentId);
    const unknown = new Set<string>();
    const exists = (flagKey: string) => log.find('flag', flagKey) !== undefined;
    const isCounted = (flagKey: string): boolean => {
      if (exists(flagKey) || unknown.has(flagKey)) return true;
      if (unknown.size >= unknownFlagsCounted || findTextFault(flagKey) !== undefined) return false;
      unknown.add(flagKey);
      return true;
    };
    return { exists, isCounted };
  }
}

interface FlagFilter {
  readonly exists: (flagKey: string) => boolean;
  /** A flag exists, or it is one of the first that do not and might. */
  readonly isCounted: (flagKey: string) => boolean;
}

/** Deletes what is too old to be of use. */
export async function forgetOldPayloads(writes: Writes, now: number): Promise<void> {
  await writes
    .deleteFrom('eventPayloads')
    .where('seenAt', '<', now - payloadsRememberedMs)
    .execute();
}

/** The batches that were not counted before, each once, noted as counted from now on. */
async function takeNew(writes: Writes, batches: readonly Received[], now: number): Promise<readonly Received[]> {
  const taken = batches.filter(({ payloadId }) => payloadId === undefined);
  const named = new Map<string, Received & { readonly payloadId: string }>();
  for (const batch of batches) {
    const { environmentId, payloadId } = batch;
    if (payloadId !== undefined) named.set(`${environmentId}/${payloadId}`, { ...batch, payloadId });
  }
  for (const part of chunk(sortByName(named), 3)) {
    const rows = await writes
      .insertInto('eventPayloads')
      .values(part.map(({ environmentId, payloadId }) => ({ environmentId, payloadId, seenAt: now })))
      .onConflict((conflict) => conflict.columns(['environmentId', 'payloadId']).doNothing())
      .returning(['environmentId', 'payloadId'])
      .execute();
    for (const { environmentId, payloadId } of rows) {
      const batch = named.get(`${environmentId}/${payloadId}`);
      if (batch !== undefined) taken.push(batch);
    }
  }
  return taken;
}

/** Every replica writes rows in this one order, because two that wait for each other's rows would both fail. */
function sortByName<T>(named: ReadonlyMap<string, T>): readonly T[] {
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** False when there is no room for one more. */
function addCount(
  rows: Map<string, EvaluationMinuteRow>,
  { environmentId, minute }: Received,
  { flagKey, variation = -1, version = 0, count }: EvaluationCount,
): boolean {
  const name = JSON.stringify([environmentId, flagKey, minute, variation, version]);
  const before = rows.get(name)?.count;
  if (before === undefined && rows.size >= countersWritten) return false;
  // Made-up counts must not grow beyond what the column holds.
  const sum = Math.min((before ?? 0) + count, Number.MAX_SAFE_INTEGER);
  rows.set(name, { environmentId, flagKey, variation, flagVersion: version, minute, count: sum });
  return true;
}

async function writeCounts(writes: Writes, rows: ReadonlyMap<string, EvaluationMinuteRow>): Promise<void> {
  for (const part of chunk(sortByName(rows), 6)) {
    await writes
      .insertInto('evaluationMinutes')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .columns(['environmentId', 'flagKey', 'minute', 'variation', 'flagVersion'])
          .doUpdateSet((expression) => ({
            count: expression('evaluationMinutes.count', '+', expression.ref('excluded.count')),
          })),
      )
      .execute();
  }
}

/** By the hour only results that a flag may have are counted: they are kept for long. */
function sumHours(
  minutes: Iterable<EvaluationMinuteRow>,
  filters: ReadonlyMap<string, FlagFilter>,
): ReadonlyMap<string, EvaluationHourRow> {
  const rows = new Map<string, EvaluationHourRow>();
  for (const { environmentId, flagKey, variation, minute, count } of minutes) {
    if (variation >= mostVariations || filters.get(environmentId)?.exists(flagKey) !== true) continue;
    const hour = minute - (minute % hourMs);
    const name = JSON.stringify([environmentId, flagKey, hour, variation]);
    const sum = Math.min((rows.get(name)?.count ?? 0) + count, Number.MAX_SAFE_INTEGER);
    rows.set(name, { environmentId, flagKey, variation, hour, count: sum });
  }
  return rows;
}

async function writeHours(writes: Writes, rows: ReadonlyMap<string, EvaluationHourRow>): Promise<void> {
  const most = Number.MAX_SAFE_INTEGER;
  for (const part of chunk(sortByName(rows), 5)) {
    await writes
      .insertInto('evaluationHours')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['environmentId', 'flagKey', 'hour', 'variation']).doUpdateSet(({ ref }) => {
          const sum = sql<number>`${ref('evaluationHours.count')} + ${ref('excluded.count')}`;
          return { count: sql<number>`case when ${sum} > ${sql.lit(most)} then ${sql.lit(most)} else ${sum} end` };
        }),
      )
      .execute();
  }
}
