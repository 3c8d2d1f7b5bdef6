import { findRole, type Grant } from '@sluice/authoring';
import type { Writes } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { parseGrants } from './people-queries.ts';

/** Says what somebody may do from now on, wherever they are logged in. */
export async function changeGrants(writes: Writes, id: string, grants: readonly Grant[]): Promise<void> {
  await refuseIfLast(writes, id, grants);
  await writes
    .updateTable('people')
    .set({ grantsJson: JSON.stringify(grants) })
    .where('id', '=', id)
    .execute();
}

/** Removes somebody with all sessions and ways to log in; what they changed stays under their name. */
export async function removePerson(writes: Writes, id: string): Promise<void> {
  await refuseIfLast(writes, id, []);
  await writes.deleteFrom('people').where('id', '=', id).execute();
}

/** Refuses what would leave nobody who may do everything. */
async function refuseIfLast(writes: Writes, id: string, grants: readonly Grant[]): Promise<void> {
  // All are held, so that two who do this at once do not leave none.
  const held = await writes
    .updateTable('people')
    .set(({ ref }) => ({ name: ref('name') }))
    .returning(['id', 'grantsJson'])
    .execute();
  if (!held.some((person) => person.id === id)) throw notFound('person with the id', id);
  const admins = held.filter(({ grantsJson }) => isAdmin(parseGrants(grantsJson)));
  if (isAdmin(grants) || admins.length !== 1 || admins[0]?.id !== id) return;
  throw new ServerError(
    'conflict',
    'this is the last administrator, and without one nobody could let anybody in; make somebody else one first',
  );
}

function isAdmin(grants: readonly Grant[]): boolean {
  return findRole(grants, {}) === 'admin';
}
