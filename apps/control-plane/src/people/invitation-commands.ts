import type { Grant } from '@sluice/authoring';
import { hashSecret } from '../credentials/secret-box.ts';
import type { Reads, Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';
import { addPassword } from './add-password.ts';
import { refuseTakenName } from './names.ts';
import { parseGrants } from './people-queries.ts';

const weekMs = 7 * 24 * 60 * 60 * 1000;

/** Of whoever may do everything, as grants are written. */
const adminEverywhere: Grant = { role: 'admin' };

export interface CreatedInvitation {
  /** What the link holds; it is kept as a hash. */
  readonly token: string;
  readonly expiresAt: number;
}

/** Lets one person in, within a week. */
export async function createInvitation(
  writes: Writes,
  { email, grants }: { readonly email?: string | undefined; readonly grants: readonly Grant[] },
  platform: Platform,
): Promise<CreatedInvitation> {
  const expiresAt = platform.now() + weekMs;
  return { token: await insert(writes, { email, grants, expiresAt }, platform), expiresAt };
}

/** Lets the first administrator in. It does not expire, and is of no use once there is one. */
export async function createSetup(writes: Writes, platform: Platform): Promise<string> {
  return insert(writes, { email: undefined, grants: [adminEverywhere], expiresAt: null }, platform);
}

interface Invitation {
  readonly email: string | undefined;
  readonly grants: readonly Grant[];
  readonly expiresAt: number | null;
}

async function insert(writes: Writes, { email, grants, expiresAt }: Invitation, platform: Platform): Promise<string> {
  const token = createId(platform, 40);
  await writes
    .insertInto('invitations')
    .values({
      id: createId(platform),
      hash: hashSecret(token),
      email: email?.toLowerCase() ?? null,
      grantsJson: JSON.stringify(grants),
      createdAt: platform.now(),
      expiresAt,
    })
    .execute();
  return token;
}

/** Whether there is somebody who may do everything. */
export async function isSetUp(reads: Reads): Promise<boolean> {
  const admin = await reads
    .selectFrom('people')
    .select('id')
    .where('grantsJson', 'like', `%${JSON.stringify(adminEverywhere)}%`)
    .limit(1)
    .executeTakeFirst();
  return admin !== undefined;
}

export interface Acceptance {
  readonly token: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  /** By the setup link; invitations are of no use there, nor is the link here. */
  readonly isSetup: boolean;
}

/** Makes a person of whoever has the link, which is used up. */
export async function acceptInvitation(
  writes: Writes,
  { token, email: given, name, passwordHash, isSetup }: Acceptance,
  platform: Platform,
): Promise<{ readonly id: string; readonly grants: readonly Grant[] }> {
  const email = given.toLowerCase();
  const invitation = await writes
    .deleteFrom('invitations')
    .where('hash', '=', hashSecret(token))
    .where('expiresAt', isSetup ? 'is' : '>', isSetup ? null : platform.now())
    .returningAll()
    .executeTakeFirst();
  if (invitation === undefined) {
    throw new ServerError('not-found', 'this link is not known: it was used, or has expired; ask for another');
  }
  if (isSetup && (await isSetUp(writes))) {
    throw new ServerError('conflict', 'there already is an administrator, whom to ask for an invitation');
  }
  if (invitation.email !== null && invitation.email !== email) {
    const message = `expected ${invitation.email}, whom the invitation is for, got ${email}`;
    throw new ServerError('invalid-request', `email: ${message}`, { faults: [{ path: 'email', message }] });
  }
  await refuseTakenName(writes, name, 'person');
  const id = createId(platform);
  const now = new Date(platform.now()).toISOString();
  const { numInsertedOrUpdatedRows } = await writes
    .insertInto('people')
    .values({
      id,
      email,
      // The address is theirs, as whoever invited them says: single sign-on with it is another way in for them.
      emailVerified: invitation.email === null && !isSetup ? 0 : 1,
      name,
      image: null,
      twoFactorEnabled: 0,
      grantsJson: invitation.grantsJson,
      createdAt: now,
      updatedAt: now,
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) {
    const message = `somebody with the e-mail address ${email} is here already`;
    throw new ServerError('already-exists', message, { faults: [{ path: 'email', message }] });
  }
  await addPassword(writes, { personId: id, passwordHash }, platform);
  return { id, grants: parseGrants(invitation.grantsJson) };
}
