import type { Writes } from '../database/schema.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';

const noTokens = {
  accessToken: null,
  refreshToken: null,
  idToken: null,
  accessTokenExpiresAt: null,
  refreshTokenExpiresAt: null,
  scope: null,
};

/** Lets somebody log in by a password, which they could not before. */
export async function addPassword(
  writes: Writes,
  { personId, passwordHash }: { readonly personId: string; readonly passwordHash: string },
  platform: Platform,
): Promise<void> {
  const now = new Date(platform.now()).toISOString();
  await writes
    .insertInto('accounts')
    .values({
      id: createId(platform),
      personId,
      providerId: 'credential',
      accountId: personId,
      password: passwordHash,
      ...noTokens,
      createdAt: now,
      updatedAt: now,
    })
    .execute();
}
