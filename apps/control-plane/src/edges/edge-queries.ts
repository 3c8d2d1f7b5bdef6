import type { EdgeKeyEntry } from '@sluice/protocol';
import type { EdgeRow, Reads } from '../database/schema.ts';

/** Edges whose keys are valid. */
export async function listEdges(reads: Reads): Promise<readonly EdgeRow[]> {
  return reads
    .selectFrom('edges')
    .selectAll()
    .where('revokedAt', 'is', null)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

export async function findEdgeByHash(reads: Reads, hash: string): Promise<EdgeRow | undefined> {
  return reads
    .selectFrom('edges')
    .selectAll()
    .where('hash', '=', hash)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
}

export function environmentIdsOf({ environmentIdsJson }: Pick<EdgeRow, 'environmentIdsJson'>): readonly string[] {
  // Written by this program.
  return JSON.parse(environmentIdsJson) as string[];
}

export function toEdgeKeyEntry(row: EdgeRow): EdgeKeyEntry {
  return { hash: row.hash, credentialId: row.id, name: row.name, environmentIds: environmentIdsOf(row) };
}
