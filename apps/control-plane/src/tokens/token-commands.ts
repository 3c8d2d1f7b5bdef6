import { findRole, type Grant } from '@sluice/authoring';
import { hashSecret } from '../credentials/secret-box.ts';
import type { Reads, Writes } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Actor } from '../people/actor.ts';
import { isSetUp } from '../people/invitation-commands.ts';
import { parseGrants } from '../people/people-queries.ts';
import type { Platform } from '../platform.ts';

export interface CreatedToken {
  readonly id: string;
  readonly name: string;
  /** The token itself, which is kept as a hash. */
  readonly token: string;
}

export interface NewToken {
  readonly name: string;
  readonly secret?: string | undefined;
  /** Everything unless given. */
  readonly grants?: readonly Grant[];
  /** Never unless given. */
  readonly expiresAt?: number | undefined;
}

/** Adds an API token; `secret` only for one that an operator chose. */
export async function createApiToken(
  writes: Writes,
  { name, secret, grants = [{ role: 'admin' }], expiresAt }: NewToken,
  platform: Platform,
): Promise<CreatedToken> {
  const id = createId(platform);
  const token = secret ?? `slt_${createId(platform, 40)}`;
  await writes
    .insertInto('apiTokens')
    .values({
      id,
      name,
      hash: hashSecret(token),
      createdAt: platform.now(),
      lastUsedAt: null,
      grantsJson: JSON.stringify(grants),
      expiresAt: expiresAt ?? null,
    })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
  return { id, name, token };
}

/**
 * Makes a token unknown; refuses to for the last that may do everything while no person may, as nobody could make
 * another.
 */
export async function revokeApiToken(writes: Writes, id: string): Promise<void> {
  // All are held, so that two who revoke at once do not leave none.
  const held = await writes
    .updateTable('apiTokens')
    .set(({ ref }) => ({ name: ref('name') }))
    .returning(['id', 'grantsJson', 'expiresAt'])
    .execute();
  if (!held.some((token) => token.id === id)) throw notFound('API token with the id', id);
  const [admin, ...more] = held.filter(
    ({ grantsJson, expiresAt }) => expiresAt === null && findRole(parseGrants(grantsJson), {}) === 'admin',
  );
  if (admin?.id === id && more.length === 0 && !(await isSetUp(writes))) {
    throw new ServerError(
      'conflict',
      'this is the last API token, and without one nobody could use the API; create another (POST /api/v1/tokens), then revoke this one with it',
    );
  }
  await writes.deleteFrom('apiTokens').where('id', '=', id).execute();
}

/** Whose token it is; undefined when it is nobody's, or no longer is. */
export async function findActor(reads: Reads, token: string, now: number): Promise<Actor | undefined> {
  const row = await reads
    .selectFrom('apiTokens')
    .select(['id', 'name', 'grantsJson', 'expiresAt'])
    .where('hash', '=', hashSecret(token))
    .executeTakeFirst();
  if (row === undefined || (row.expiresAt !== null && row.expiresAt <= now)) return undefined;
  return { id: row.id, name: row.name, grants: parseGrants(row.grantsJson) };
}
