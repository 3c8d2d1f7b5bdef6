import { createHash } from 'node:crypto';
import type { EventBatch } from '@sluice/delivery';
import { type EvaluationCount, listEvaluationCounts } from '@sluice/protocol';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import type { Database, EvaluationMinuteRow, Writes } from '../database/schema.ts';
import type { ErrorLog } from '../error-log.ts';
import type { Platform } from '../platform.ts';

const minuteMs = 60_000;
const flushPeriodMs = 1000;
/** Keys of flags that do not exist come from callers; of each environment so many are counted per flush. */
const unknownFlagsCounted = 200;
/** A batch arrives again within seconds, if at all. */
const payloadsRememberedMs = 3_600_000;

interface Received {
  readonly environmentId: string;
  readonly payloadId: string | undefined;
  readonly counts: readonly EvaluationCount[];
  readonly minute: number;
}

/** Counts what SDKs evaluated, per flag, variation, version and minute; each batch once, however often it is sent. */
export class EvaluationRecorder {
  readonly #db: Database;
  readonly #channels: ChannelRegistry;
  readonly #platform: Platform;
  readonly #errors: ErrorLog;
  readonly #stop: () => void;
  #received: Received[] = [];
  #flushing: Promise<void> = Promise.resolve();

  constructor(db: Database, channels: ChannelRegistry, platform: Platform, errors: ErrorLog) {
    this.#db = db;
    this.#channels = channels;
    this.#platform = platform;
    this.#errors = errors;
    this.#stop = platform.every(flushPeriodMs, () => void this.flush());
  }

  record(environmentId: string, { payloadId, events }: EventBatch): void {
    const counts = listEvaluationCounts(events);
    if (counts.length === 0) return;
    const now = this.#platform.now();
    this.#received.push({ environmentId, payloadId, counts, minute: now - (now % minuteMs) });
  }

  /** Writes what was received so far; resolves when it is written, or when that failed and was logged. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const batches = this.#received;
      this.#received = [];
      if (batches.length === 0) return;
      try {
        await this.#write(batches);
      } catch (error) {
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
    const known = new Map<string, (flagKey: string) => boolean>();
    for (const { environmentId } of batches) {
      if (!known.has(environmentId)) known.set(environmentId, await this.#createFilter(environmentId));
    }
    await this.#db.transaction().execute(async (writes) => {
      const rows = new Map<string, EvaluationMinuteRow>();
      for (const batch of batches) {
        if (!(await isFirst(writes, batch, this.#platform.now()))) continue;
        for (const count of batch.counts) {
          if (known.get(batch.environmentId)?.(count.flagKey) === true) addCount(rows, batch, count);
        }
      }
      for (const row of rows.values()) await writeCount(writes, row);
    });
  }

  /** Whether a flag is counted: it exists, or it is one of the first that do not. */
  async #createFilter(environmentId: string): Promise<(flagKey: string) => boolean> {
    const channel = await this.#channels.open(environmentId);
    const unknown = new Set<string>();
    return (flagKey) => {
      if (channel.log.find('flag', flagKey) !== undefined || unknown.has(flagKey)) return true;
      if (unknown.size >= unknownFlagsCounted) return false;
      unknown.add(flagKey);
      return true;
    };
  }
}

/** Deletes what is too old to be of use. */
export async function forgetOldPayloads(db: Database, now: number): Promise<void> {
  await db
    .deleteFrom('eventPayloads')
    .where('seenAt', '<', now - payloadsRememberedMs)
    .execute();
}

async function isFirst(writes: Writes, { environmentId, payloadId }: Received, now: number): Promise<boolean> {
  if (payloadId === undefined) return true;
  const { numInsertedOrUpdatedRows } = await writes
    .insertInto('eventPayloads')
    .values({ environmentId, payloadId: createHash('sha256').update(payloadId).digest('base64url'), seenAt: now })
    .onConflict((conflict) => conflict.columns(['environmentId', 'payloadId']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows !== 0n;
}

function addCount(
  rows: Map<string, EvaluationMinuteRow>,
  { environmentId, minute }: Received,
  { flagKey, variation = -1, version = 0, count }: EvaluationCount,
): void {
  const name = JSON.stringify([environmentId, flagKey, minute, variation, version]);
  const earlier = rows.get(name)?.count ?? 0;
  rows.set(name, { environmentId, flagKey, variation, flagVersion: version, minute, count: earlier + count });
}

async function writeCount(writes: Writes, row: EvaluationMinuteRow): Promise<void> {
  await writes
    .insertInto('evaluationMinutes')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['environmentId', 'flagKey', 'minute', 'variation', 'flagVersion'])
        .doUpdateSet((expression) => ({
          count: expression('evaluationMinutes.count', '+', expression.ref('excluded.count')),
        })),
    )
    .execute();
}
