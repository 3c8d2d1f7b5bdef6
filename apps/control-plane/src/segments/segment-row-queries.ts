import type { SegmentRowView, SegmentUseView } from '@sluice/api-client';
import { containing } from '../database/patterns.ts';
import type { Reads } from '../database/schema.ts';
import type { FlagListing, SegmentListing } from '../objects/listing-commands.ts';

const examplesShown = 5;

/** Segments by key that have all these words, one more than `limit` if there are. */
export async function listSegmentRows(
  reads: Reads,
  environmentId: string,
  page: { readonly words: readonly string[]; readonly limit: number; readonly after: string | undefined },
): Promise<readonly SegmentRowView[]> {
  let query = selectSegmentRows(reads, environmentId, page.words)
    .select(['key', 'shownJson', 'version', 'changedAt'])
    .orderBy('key')
    .limit(page.limit + 1);
  if (page.after !== undefined) query = query.where('key', '>', page.after);
  const rows = await query.execute();
  const usesOf = await readUses(
    reads,
    environmentId,
    rows.map(({ key }) => key),
  );
  return rows.map(({ shownJson, ...row }) => {
    // Written by this program.
    const shown = JSON.parse(shownJson) as SegmentListing;
    return { ...row, ...shown, uses: usesOf(row.key) };
  });
}

export async function countSegmentRows(reads: Reads, environmentId: string, words: readonly string[]): Promise<number> {
  const { count } = await selectSegmentRows(reads, environmentId, words)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

function selectSegmentRows(reads: Reads, environmentId: string, words: readonly string[]) {
  let query = reads.selectFrom('listings').where('environmentId', '=', environmentId).where('kind', '=', 'segment');
  for (const word of words) query = query.where('words', 'like', containing(word));
  return query;
}

async function readUses(
  reads: Reads,
  environmentId: string,
  keys: readonly string[],
): Promise<(key: string) => SegmentRowView['uses']> {
  if (keys.length === 0) return () => ({ flags: 0, segments: 0, examples: [] });
  const rows = await reads
    .selectFrom('objectReferences')
    .select(['toKey', 'fromKind', 'fromKey'])
    .where('environmentId', '=', environmentId)
    .where('toKind', '=', 'segment')
    .where('toKey', 'in', keys)
    .orderBy('fromKey')
    .execute();
  const byKey = Map.groupBy(rows, ({ toKey }) => toKey);
  return (key) => {
    const uses = byKey.get(key) ?? [];
    const flags = uses.filter(({ fromKind }) => fromKind === 'flag').map(({ fromKey }) => fromKey);
    return { flags: flags.length, segments: uses.length - flags.length, examples: flags.slice(0, examplesShown) };
  };
}

/** What a page of uses starts after: flags come before segments, each by key. */
export function nameUse({ kind, key }: Pick<SegmentUseView, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}

/** Who asks a segment directly, one more than `limit` if there are. */
export async function listSegmentUses(
  reads: Reads,
  environmentId: string,
  segment: string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly SegmentUseView[]> {
  let query = reads
    .selectFrom('objectReferences')
    .innerJoin('listings', (join) =>
      join
        .onRef('listings.environmentId', '=', 'objectReferences.environmentId')
        .onRef('listings.kind', '=', 'objectReferences.fromKind')
        .onRef('listings.key', '=', 'objectReferences.fromKey'),
    )
    .select(['fromKind', 'fromKey', 'shownJson'])
    .where('objectReferences.environmentId', '=', environmentId)
    .where('toKind', '=', 'segment')
    .where('toKey', '=', segment)
    .orderBy('fromKind')
    .orderBy('fromKey')
    .limit(limit + 1);
  const [kind = '', key = ''] = after?.split(' ') ?? [];
  if (after !== undefined) {
    query = query.where((row) =>
      row.or([
        row('fromKind', '>', kind as 'segment'),
        row.and([row('fromKind', '=', kind as 'segment'), row('fromKey', '>', key)]),
      ]),
    );
  }
  return (await query.execute()).map(({ fromKind, fromKey, shownJson }) => {
    // Written by this program; of segments it has no state.
    const { name, state } = JSON.parse(shownJson) as Pick<FlagListing, 'name'> & Partial<Pick<FlagListing, 'state'>>;
    return { kind: fromKind, key: fromKey, name, ...(state !== undefined && { state }) };
  });
}
