import { ContextSampler, type ErrorLog, type SampledContext } from '@sluice/delivery';
import type { Context } from '@sluice/engine';
import type { Database, SeenContextRow, Writes } from '../database/schema.ts';
import { nextTurn, type Platform } from '../platform.ts';

const flushPeriodMs = 5000;
/** Of each environment and flush; of a statement. */
const contextsAtOnce = 2000;
const rowsAtOnce = 200;
/**
 * Half as many again are kept as are shown: when old ones go, those that take their place in the sample were kept all
 * along, not only when they happened to come again.
 */
const keptFactor = 1.5;
const longestText = 500;
const hourMs = 3_600_000;
const retentionMs = 7 * 24 * hourMs;

/** Writes the sample of the contexts that SDKs tell of, in batches, whenever there is something new in it. */
export class ContextRecorder {
  /** How many contexts a sample has at most; 0: there is none. */
  readonly sampleSize: number;
  readonly #db: Database;
  readonly #platform: Platform;
  readonly #errors: ErrorLog;
  readonly #sampler: ContextSampler;
  readonly #stop: () => void;
  #flushing: Promise<void> = Promise.resolve();

  constructor(db: Database, sampleSize: number, platform: Platform, errors: ErrorLog) {
    this.sampleSize = sampleSize;
    this.#db = db;
    this.#platform = platform;
    this.#errors = errors;
    this.#sampler = new ContextSampler(platform.elapsed);
    this.#stop = platform.every(flushPeriodMs, () => void this.flush());
  }

  /** Takes in events of an SDK. */
  record(environmentId: string, events: unknown): void {
    if (this.sampleSize > 0) this.#sampler.record(environmentId, events);
  }

  /** Takes in what a relay sampled. */
  recordContexts(environmentId: string, contexts: readonly unknown[]): void {
    if (this.sampleSize > 0) this.#sampler.recordContexts(environmentId, contexts);
  }

  /** Writes what waits; resolves when it is written, or when that failed and was logged. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      for (const [environmentId, contexts] of this.#sampler.take(contextsAtOnce)) {
        try {
          await this.#write(environmentId, contexts);
        } catch (error) {
          this.#errors.write(error, 'contexts could not be sampled; they will be when they come again');
        }
      }
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.flush();
  }

  async #write(environmentId: string, contexts: readonly SampledContext[]): Promise<void> {
    const lastSeenAt = this.#platform.now();
    for (let start = 0; start < contexts.length; start += rowsAtOnce) {
      const rows = contexts
        .slice(start, start + rowsAtOnce)
        .map((context) => toRow(environmentId, context, lastSeenAt));
      await this.#db
        .insertInto('seenContexts')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(['environmentId', 'hash'])
            .doUpdateSet(({ ref }) => ({
              searchText: ref('excluded.searchText'),
              contextJson: ref('excluded.contextJson'),
              lastSeenAt: ref('excluded.lastSeenAt'),
            }))
            .where('seenContexts.lastSeenAt', '<', lastSeenAt - hourMs),
        )
        .execute();
      await nextTurn(this.#platform);
    }
    this.#sampler.limit(environmentId, await this.#dropHighest(environmentId));
  }

  /** Resolves with the highest hash that is kept; undefined: there is room for more. */
  async #dropHighest(environmentId: string): Promise<string | undefined> {
    const ofEnvironment = this.#db.selectFrom('seenContexts').where('environmentId', '=', environmentId);
    const last = await ofEnvironment
      .select('hash')
      .orderBy('hash')
      .offset(Math.ceil(this.sampleSize * keptFactor) - 1)
      .limit(1)
      .executeTakeFirst();
    if (last === undefined) return undefined;
    await this.#db
      .deleteFrom('seenContexts')
      .where('environmentId', '=', environmentId)
      .where('hash', '>', last.hash)
      .execute();
    return last.hash;
  }
}

/** Deletes what was not seen for 7 days; all of it where no sample is wanted any more. */
export async function forgetOldContexts(
  writes: Writes,
  { now, sampleSize }: { readonly now: number; readonly sampleSize: number },
): Promise<void> {
  const old = writes.deleteFrom('seenContexts');
  await (sampleSize === 0 ? old : old.where('lastSeenAt', '<', now - retentionMs)).execute();
}

function toRow(
  environmentId: string,
  { hash, key, kinds, context }: SampledContext,
  lastSeenAt: number,
): SeenContextRow {
  return {
    environmentId,
    hash,
    key: toStorable(key),
    kinds: ` ${kinds.join(' ')} `,
    searchText: toSearchText(context),
    contextJson: JSON.stringify(context),
    lastSeenAt,
  };
}

/** Keys first: what is cut are attributes. */
function toSearchText(context: Context): string {
  const parts: readonly unknown[] = context.kind === 'multi' ? Object.values(context) : [context];
  const attributes = parts.filter((part) => typeof part === 'object' && part !== null);
  const keys = attributes.map((part) => ('key' in part ? part.key : ''));
  const texts = attributes
    .flatMap((part) => Object.entries(part))
    .filter(([name, value]) => name !== 'kind' && typeof value === 'string')
    .map(([, value]) => value);
  return toStorable([...keys, ...texts].join(' ').slice(0, longestText).toLowerCase());
}

/** As databases take it; JSON needs none of this. */
export function toStorable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
