import { createHash } from 'node:crypto';
import type { ChainView } from '@sluice/api-client';
import type { ChangeObjectRow, ChangeRow, Reads } from '../database/schema.ts';

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
export async function verifyChain(reads: Reads, environmentId: string): Promise<ChainView> {
  const environment = await reads
    .selectFrom('environments')
    .select(['version', 'chainHead'])
    .where('id', '=', environmentId)
    .executeTakeFirstOrThrow();
  let previousHash = chainStart;
  let changes = 0;
  let version = 0;
  for await (const change of listChanges(reads, environmentId, environment.version)) {
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

async function* listChanges(
  reads: Reads,
  environmentId: string,
  lastVersion: number,
): AsyncGenerator<ChainedChange & { readonly hash: string }> {
  for (let after = -1; ; ) {
    const rows = await reads
      .selectFrom('changes')
      .selectAll()
      .where('environmentId', '=', environmentId)
      .where('version', '>', after)
      .where('version', '<=', lastVersion)
      .orderBy('version')
      .limit(pageSize)
      .execute();
    if (rows.length === 0) return;
    const objects = await reads
      .selectFrom('changeObjects')
      .selectAll()
      .where(
        'changeId',
        'in',
        rows.map(({ id }) => id),
      )
      .execute();
    const byChange = Map.groupBy(objects, ({ changeId }) => changeId);
    for (const row of rows) yield { ...row, objects: byChange.get(row.id) ?? [] };
    after = rows.at(-1)?.version ?? after;
  }
}
