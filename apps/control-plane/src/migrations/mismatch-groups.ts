import type { MismatchesView } from '@sluice/api-client';
import type { EncodedDifference, EncodedMismatch } from '@sluice/protocol';
import type { Reads } from '../database/schema.ts';
import { mismatchesKept } from './mismatch-store.ts';

/** So many paths are listed. */
const mostGroups = 200;

/** What differs, by path: that of which there is most first. */
export async function groupMismatches(
  reads: Reads,
  environmentId: string,
  flagKey: string,
): Promise<Omit<MismatchesView, 'flag'>> {
  const rows = await reads
    .selectFrom('mismatches')
    .select(['at', 'mismatchJson'])
    .where('environmentId', '=', environmentId)
    .where('flagKey', '=', flagKey)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(mismatchesKept)
    .execute();
  const groups = new Map<string, Group>();
  for (const { at, mismatchJson } of rows) {
    // Written by this program.
    const mismatch = JSON.parse(mismatchJson) as EncodedMismatch;
    const byPath = new Map(mismatch.differences.map((difference) => [difference.path, difference]));
    for (const [path, difference] of byPath) {
      const group = groups.get(path);
      groups.set(
        path,
        group === undefined ? begin(at, mismatch, difference) : { ...group, count: group.count + 1, firstAt: at },
      );
    }
  }
  const sorted = [...groups].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1));
  const items = sorted.slice(0, mostGroups).map(([path, group]) => ({ path, ...group }));
  return { kept: rows.length, paths: groups.size, items };
}

type Group = Omit<MismatchesView['items'][number], 'path'>;

/** The newest comes first, and is the example. */
function begin(
  at: number,
  { differences: _, ...where }: EncodedMismatch,
  { old, new: next }: EncodedDifference,
): Group {
  const values = { ...(old !== undefined && { old }), ...(next !== undefined && { new: next }) };
  return { count: 1, firstAt: at, lastAt: at, example: { ...where, at, ...values } };
}
