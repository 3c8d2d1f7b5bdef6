import type { Grant } from '@sluice/authoring';
import type { PersonRow, Reads } from '../database/schema.ts';

/** Written by this program. */
export function parseGrants(grantsJson: string): readonly Grant[] {
  return JSON.parse(grantsJson) as Grant[];
}

export async function hasPeople(reads: Reads): Promise<boolean> {
  return (await reads.selectFrom('people').select('id').limit(1).executeTakeFirst()) !== undefined;
}

export async function findPerson(reads: Reads, id: string): Promise<PersonRow | undefined> {
  return reads.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Until when each person who has a link for it may choose another password, by id. */
export async function listRecoveries(reads: Reads, now: number): Promise<ReadonlyMap<string, number>> {
  const rows = await reads
    .selectFrom('recoveries')
    .select(['personId', 'expiresAt'])
    .where('expiresAt', '>', now)
    .execute();
  return new Map(rows.map(({ personId, expiresAt }) => [personId, expiresAt]));
}

export async function listPeople(reads: Reads): Promise<readonly PersonRow[]> {
  return reads.selectFrom('people').selectAll().orderBy('email').execute();
}
