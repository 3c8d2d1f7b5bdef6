import type { Reads, Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';

/**
 * Refuses a name by which the history would take somebody for somebody else: it knows whoever made a change by name.
 * Tokens may share a name among each other, as one takes the place of another.
 */
export async function refuseTakenName(writes: Writes, name: string, of: 'person' | 'token'): Promise<void> {
  // All are held, so that two who come at once do not both find it free.
  await writes
    .updateTable('people')
    .set(({ ref }) => ({ name: ref('name') }))
    .execute();
  const owner = await findOwner(writes, name);
  if (owner === undefined || (of === 'token' && owner === 'token')) return;
  const who = owner === 'person' ? 'somebody here' : 'an API token';
  const message = `${who} is called ${name} already, and changes are known by the name; choose another`;
  throw new ServerError('already-exists', message, { faults: [{ path: 'name', message }] });
}

/** Who has a name already, people first; however it is written. */
export async function findOwner(reads: Reads, name: string): Promise<'person' | 'token' | undefined> {
  const wanted = spell(name);
  for (const [table, owner] of [
    ['people', 'person'],
    ['apiTokens', 'token'],
  ] as const) {
    const rows = await reads.selectFrom(table).select('name').execute();
    if (rows.some((row) => spell(row.name) === wanted)) return owner;
  }
  return undefined;
}

/** What looks the same is the same. */
function spell(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}
