import { hashKey } from '@sluice/delivery';
import type { EdgeRow, Writes } from '../database/schema.ts';
import { notFound } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';

export interface CreatedEdge {
  readonly row: EdgeRow;
  /** The key itself, which is kept as a hash. */
  readonly key: string;
}

/** Makes a key that lets a relay serve environments. */
export async function createEdge(
  writes: Writes,
  { name, environmentIds }: { readonly name: string; readonly environmentIds: readonly string[] },
  platform: Platform,
): Promise<CreatedEdge> {
  const key = `edge-${createId(platform, 40)}`;
  const row: EdgeRow = {
    id: createId(platform),
    name,
    hash: hashKey(key),
    environmentIdsJson: JSON.stringify(environmentIds),
    createdAt: platform.now(),
    lastUsedAt: null,
    revokedAt: null,
  };
  await writes.insertInto('edges').values(row).execute();
  return { row, key };
}

export async function revokeEdge(writes: Writes, id: string, now: number): Promise<void> {
  const { numUpdatedRows } = await writes
    .updateTable('edges')
    .set({ revokedAt: now })
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw notFound('edge with the id', id);
}
