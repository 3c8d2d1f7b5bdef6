import type { Writes } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';
import { hashSecret, type SecretBox } from './secret-box.ts';

export type CredentialKind = 'sdk-key' | 'client-side-id';

export interface CreatedCredential {
  readonly id: string;
  readonly kind: CredentialKind;
  readonly name: string;
  /** The key itself. */
  readonly secret: string;
}

interface NewCredential {
  readonly environmentId: string;
  readonly kind: CredentialKind;
  readonly name: string;
  /** Only for keys that an operator chose; else one is made. */
  readonly secret?: string | undefined;
}

/** Adds a key to an environment; older keys go on working until they are revoked. */
export async function createCredential(
  writes: Writes,
  { environmentId, kind, name, secret = undefined }: NewCredential,
  { box, platform }: { readonly box: SecretBox; readonly platform: Platform },
): Promise<CreatedCredential> {
  const value = secret ?? makeSecret(kind, platform);
  const id = createId(platform);
  const added = await writes
    .insertInto('credentials')
    .values({
      id,
      environmentId,
      kind,
      name,
      hash: hashSecret(value),
      sealed: box.seal(value),
      createdAt: platform.now(),
      lastUsedAt: null,
      revokedAt: null,
    })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .executeTakeFirst();
  if (added.numInsertedOrUpdatedRows === 0n) throw new ServerError('already-exists', 'this key is already in use');
  return { id, kind, name, secret: value };
}

export async function revokeCredential(writes: Writes, environmentId: string, id: string, now: number): Promise<void> {
  const { numUpdatedRows } = await writes
    .updateTable('credentials')
    .set({ revokedAt: now })
    .where('environmentId', '=', environmentId)
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw notFound('credential in use with the id', id);
}

function makeSecret(kind: CredentialKind, platform: Platform): string {
  // A client-side ID is public and has the form that browsers' SDKs are used to.
  if (kind === 'client-side-id') return Buffer.from(platform.randomBytes(12)).toString('hex');
  return `sdk-${createId(platform, 32)}`;
}
