import { hashSecret } from '../credentials/secret-box.ts';
import type { PersonRow, Writes } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';
import { addPassword } from './add-password.ts';
import { findPerson } from './people-queries.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface CreatedRecovery {
  readonly person: PersonRow;
  /** What the link holds; it is kept as a hash. */
  readonly token: string;
  readonly expiresAt: number;
}

/** Lets somebody choose another password, once, within a day. The link of before, if there is one, ends. */
export async function createRecovery(writes: Writes, personId: string, platform: Platform): Promise<CreatedRecovery> {
  const person = await findPerson(writes, personId);
  if (person === undefined) throw notFound('person with the id', personId);
  const token = createId(platform, 40);
  const row = { hash: hashSecret(token), expiresAt: platform.now() + dayMs };
  await writes
    .insertInto('recoveries')
    .values({ personId, ...row })
    .onConflict((conflict) => conflict.column('personId').doUpdateSet(row))
    .execute();
  return { person, token, expiresAt: row.expiresAt };
}

export async function takeRecoveryBack(writes: Writes, personId: string, now: number): Promise<void> {
  const { numDeletedRows } = await writes
    .deleteFrom('recoveries')
    .where('personId', '=', personId)
    .where('expiresAt', '>', now)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw notFound('link to come back of the person with the id', personId);
}

/**
 * Gives whoever has the link another password, and uses it up. They may have lost their phone, too, or it was stolen:
 * no second factor is asked for any more, and nobody who was logged in as them stays so.
 */
export async function recover(
  writes: Writes,
  { token, passwordHash }: { readonly token: string; readonly passwordHash: string },
  platform: Platform,
): Promise<PersonRow> {
  const recovery = await writes
    .deleteFrom('recoveries')
    .where('hash', '=', hashSecret(token))
    .where('expiresAt', '>', platform.now())
    .returning('personId')
    .executeTakeFirst();
  const person = recovery && (await findPerson(writes, recovery.personId));
  if (person === undefined) {
    throw new ServerError(
      'not-found',
      'this link is not known: it was used, another was made after it, or it has expired; ask for another',
    );
  }
  const { id } = person;
  const { numUpdatedRows } = await writes
    .updateTable('accounts')
    .set({ password: passwordHash, updatedAt: new Date(platform.now()).toISOString() })
    .where('personId', '=', id)
    .where('providerId', '=', 'credential')
    .executeTakeFirst();
  // Whoever had none came by single sign-on.
  if (numUpdatedRows === 0n) await addPassword(writes, { personId: id, passwordHash }, platform);
  await writes.updateTable('people').set({ twoFactorEnabled: 0 }).where('id', '=', id).execute();
  await writes.deleteFrom('twoFactors').where('personId', '=', id).execute();
  // Logins of which only the code lacked.
  await writes.deleteFrom('verifications').where('value', '=', id).execute();
  await writes.deleteFrom('sessions').where('personId', '=', id).execute();
  return person;
}

export async function forgetOldRecoveries(writes: Writes, now: number): Promise<void> {
  await writes.deleteFrom('recoveries').where('expiresAt', '<=', now).execute();
}
