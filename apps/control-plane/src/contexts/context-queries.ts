import type { Context } from '@sluice/engine';
import { sql } from 'kysely';
import type { Database, Reads, SeenContextRow } from '../database/schema.ts';
import { nextTurn, type Platform } from '../platform.ts';
import { toStorable } from './context-recorder.ts';

/** The sample of an environment: its contexts with the lowest hashes. */
export interface Sample {
  readonly environmentId: string;
  readonly size: number;
  /** About how many contexts were seen. */
  readonly seen: number;
  /** The highest hash; empty: there is nobody. */
  readonly highest: string;
  readonly oldestAt: number | undefined;
}

export async function findSample(reads: Reads, environmentId: string, sampleSize: number): Promise<Sample> {
  const rows = reads
    .selectFrom('seenContexts')
    .select(['hash', 'lastSeenAt'])
    .where('environmentId', '=', environmentId)
    .orderBy('hash')
    .limit(sampleSize)
    .as('sample');
  const { size, highest, oldestAt } = await reads
    .selectFrom(rows)
    .select(({ fn }) => [
      fn.countAll<number>().as('size'),
      fn.max('sample.hash').as('highest'),
      fn.min('sample.lastSeenAt').as('oldestAt'),
    ])
    .executeTakeFirstOrThrow();
  const found = Number(size);
  return {
    environmentId,
    size: found,
    seen: found < sampleSize || found === 0 ? found : estimate(found, highest ?? ''),
    highest: highest ?? '',
    oldestAt: oldestAt ?? undefined,
  };
}

/** Of so many hashes that are uniform, the k-th lowest is about k of all (Bar-Yossef et al. 2002, k minimum values). */
function estimate(k: number, highest: string): number {
  const share = Number.parseInt(highest.slice(0, 13), 16) / 2 ** 52;
  return Math.max(k, Math.round((k - 1) / share));
}

export interface ContextFilter {
  readonly search?: string | undefined;
  readonly kind?: string | undefined;
}

/** By hash, so that pages stay as they are while contexts come and go. */
export async function listSample(
  reads: Reads,
  sample: Sample,
  { limit, after = '', ...filter }: ContextFilter & { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly SeenContextRow[]> {
  return selectSample(reads, sample, filter)
    .selectAll()
    .where('hash', '>', after)
    .orderBy('hash')
    .limit(limit)
    .execute();
}

export async function countSample(reads: Reads, sample: Sample, filter: ContextFilter): Promise<number> {
  if (filter.search === undefined && filter.kind === undefined) return sample.size;
  const { count } = await selectSample(reads, sample, filter)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function selectSample(reads: Reads, { environmentId, highest }: Sample, { search, kind }: ContextFilter) {
  let query = reads.selectFrom('seenContexts').where('environmentId', '=', environmentId).where('hash', '<=', highest);
  if (kind !== undefined) query = query.where(contains('kinds', ` ${kind} `));
  if (search !== undefined) query = query.where(contains('search_text', search.toLowerCase()));
  return query;
}

function contains(column: string, text: string) {
  const pattern = `%${toStorable(text).replaceAll(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

/** So many are read and parsed before whatever else there is to do is done. */
const rowsAtOnce = 200;

/** All contexts of a sample, in pages. */
export async function* readSample(
  db: Database,
  sample: Sample,
  platform: Pick<Platform, 'later'>,
): AsyncGenerator<readonly Context[]> {
  for (let after: string | undefined; ; ) {
    const rows = await listSample(db, sample, { limit: rowsAtOnce, after });
    if (rows.length === 0) return;
    yield rows.map(toContext);
    after = rows.at(-1)?.hash;
    await nextTurn(platform);
  }
}

export function toContext({ contextJson }: Pick<SeenContextRow, 'contextJson'>): Context {
  // Checked when it was written.
  return JSON.parse(contextJson) as Context;
}
