import { createHash } from 'node:crypto';
import type { ChainView } from '@sluice/api-client';
import { sql } from 'kysely';
import { takeFitting } from '../database/chunks.ts';
import type { ChangeObjectRow, ChangeRow, Reads } from '../database/schema.ts';
import type { Platform } from '../platform.ts';

/** What a change's hash covers besides the hash of the change before it. */
export interface ChainedChange extends Omit<ChangeRow, 'hash'> {
  readonly objects: readonly Omit<ChangeObjectRow, 'changeId'>[];
}

/** The hash that an environment's chain starts from. */
export const chainStart = '';

/** SHA-256 over everything that a change says, found and leaves behind, and over the change before it. */
export function hashChange(change: ChainedChange): string {
  const objects = change.objects.toSorted((a, b) => compare(`${a.kind}/${a.key}`, `${b.kind}/${b.key}`));
  const text = JSON.stringify([
    change.previousHash,
    change.id,
    change.environmentId,
    change.version,
    change.groupId,
    change.instructionsJson,
    change.effectsJson,
    change.comment,
    change.actor,
    change.createdAt,
    objects.map(({ environmentId, version, kind, key, beforeJson, afterJson }) => [
      environmentId,
      version,
      kind,
      key,
      beforeJson,
      afterJson,
    ]),
  ]);
  return createHash('sha256').update(text).digest('base64url');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Follows an environment's chain from its start to the head that the environment remembers, and no further: changes go
 * on meanwhile.
 */
export async function verifyChain(
  reads: Reads,
  environmentId: string,
  platform: Pick<Platform, 'later'>,
): Promise<ChainView> {
  const environment = await reads
    .selectFrom('environments')
    .select(['version', 'chainHead'])
    .where('id', '=', environmentId)
    .executeTakeFirstOrThrow();
  let previousHash = chainStart;
  let changes = 0;
  let version = 0;
  for await (const change of listChanges(reads, environmentId, environment.version, platform)) {
    const broken = (reason: string): ChainView => ({
      intact: false,
      changes,
      broken: { version: change.version, reason },
    });
    if (change.previousHash !== previousHash) return broken('it does not follow the change before it');
    if (hashChange(change) !== change.hash) return broken('it was altered after it was made');
    previousHash = change.hash;
    version = change.version;
    changes++;
  }
  if (previousHash !== environment.chainHead || version !== environment.version) {
    return { intact: false, changes, broken: { version: environment.version, reason: 'the last changes are missing' } };
  }
  return { intact: true, changes };
}

const pageSize = 500;
/** Of what is hashed. */
const bytesOfChange = sql<number>`octet_length(instructions_json) + octet_length(effects_json) + coalesce((
  select sum(coalesce(octet_length(before_json), 0) + coalesce(octet_length(after_json), 0))
  from change_objects where change_id = changes.id), 0)`;

async function* listChanges(
  reads: Reads,
  environmentId: string,
  lastVersion: number,
  { later }: Pick<Platform, 'later'>,
): AsyncGenerator<ChainedChange & { readonly hash: string }> {
  for (let after = -1; ; ) {
    const found = await reads
      .selectFrom('changes')
      .select(['id', bytesOfChange.as('bytes')])
      .where('environmentId', '=', environmentId)
      .where('version', '>', after)
      .where('version', '<=', lastVersion)
      .orderBy('version')
      .limit(pageSize)
      .execute();
    if (found.length === 0) return;
    const ids = takeFitting(found).map(({ id }) => id);
    const rows = await reads.selectFrom('changes').selectAll().where('id', 'in', ids).orderBy('version').execute();
    const objects = await reads.selectFrom('changeObjects').selectAll().where('changeId', 'in', ids).execute();
    const byChange = Map.groupBy(objects, ({ changeId }) => changeId);
    for (const row of rows) yield { ...row, objects: byChange.get(row.id) ?? [] };
    after = rows.at(-1)?.version ?? after;
    // Hashing megabytes takes time that others need too.
    await new Promise<void>(later);
  }
}
