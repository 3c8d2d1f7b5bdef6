import type { SegmentState } from '@sluice/authoring';
import type { ObjectRow, Reads } from '../database/schema.ts';
import { notFound } from '../errors.ts';

export interface StoredSegment {
  readonly state: SegmentState;
  /** Of the change that last touched it at all: what people are told, and `expectedVersion` is compared with. */
  readonly touchedVersion: number;
}

/** Segments by key, one more than `limit` if there are. */
export async function listSegments(
  reads: Reads,
  environmentId: string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly StoredSegment[]> {
  let query = selectSegments(reads, environmentId)
    .orderBy('key')
    .limit(limit + 1);
  if (after !== undefined) query = query.where('key', '>', after);
  return (await query.execute()).map(parseSegment);
}

export async function getSegment(reads: Reads, environmentId: string, key: string): Promise<StoredSegment> {
  const row = await selectSegments(reads, environmentId).where('key', '=', key).executeTakeFirst();
  if (row === undefined) throw notFound('segment', key);
  return parseSegment(row);
}

function selectSegments(reads: Reads, environmentId: string) {
  return (
    reads
      .selectFrom('objects')
      .select(['stateJson', 'touchedVersion'])
      .where('environmentId', '=', environmentId)
      .where('kind', '=', 'segment')
      // Those with a colon were made for rules of flags, and are shown there.
      .where('key', 'not like', '%:%')
      .where('stateJson', 'is not', null)
  );
}

function parseSegment({ stateJson, touchedVersion }: Pick<ObjectRow, 'stateJson' | 'touchedVersion'>): StoredSegment {
  // Written by this program, and not null by the query.
  return { state: JSON.parse(stateJson ?? '') as SegmentState, touchedVersion };
}
