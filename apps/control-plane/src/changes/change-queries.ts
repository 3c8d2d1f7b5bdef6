import type { FlagKind, FlagState, ObjectId, SegmentState } from '@sluice/authoring';
import { sql } from 'kysely';
import { takeFitting } from '../database/chunks.ts';
import type { ChangeRow, Reads } from '../database/schema.ts';
import { notFound } from '../errors.ts';

export interface ChangeFilter {
  readonly flag?: string | undefined;
  readonly segment?: string | undefined;
  readonly actor?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Of what was touched. */
  readonly kind?: FlagKind | 'segment' | undefined;
  /** Somewhere in the comment. */
  readonly comment?: string | undefined;
  readonly limit: number;
  /** Only changes before this version. */
  readonly before: number | undefined;
}

export interface ChangePage {
  readonly rows: readonly ChangeRow[];
  readonly hasMore: boolean;
}

/** Changes of an environment, newest first, at most `limit`; fewer where they are large. */
export async function listChanges(reads: Reads, environmentId: string, filter: ChangeFilter): Promise<ChangePage> {
  const { flag, segment, actor, since, kind: touchedKind, comment, limit, before } = filter;
  let query = reads
    .selectFrom('changes')
    .select(['id', sql<number>`octet_length(instructions_json) + octet_length(effects_json)`.as('bytes')])
    .where('environmentId', '=', environmentId)
    .orderBy('version', 'desc')
    .limit(limit + 1);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (since !== undefined) query = query.where('createdAt', '>=', since);
  if (before !== undefined) query = query.where('version', '<', before);
  if (comment !== undefined) {
    const pattern = `%${comment.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
    query = query.where(sql<boolean>`lower(comment) like ${pattern} escape '\\'`);
  }
  if (touchedKind === 'segment') {
    query = query.where('id', 'in', (expression) =>
      expression
        .selectFrom('changeObjects')
        .select('changeId')
        .where('environmentId', '=', environmentId)
        .where('kind', '=', 'segment')
        // Those with a colon were made for rules of flags.
        .where('key', 'not like', '%:%'),
    );
  } else if (touchedKind !== undefined) {
    query = query.where('id', 'in', (expression) =>
      expression
        .selectFrom('changeObjects')
        .innerJoin('environments', 'environments.id', 'changeObjects.environmentId')
        .innerJoin('definitions', (join) =>
          join
            .onRef('definitions.projectKey', '=', 'environments.projectKey')
            .onRef('definitions.key', '=', 'changeObjects.key'),
        )
        .select('changeId')
        .where('environmentId', '=', environmentId)
        .where('changeObjects.kind', '=', 'flag')
        .where('definitions.kind', '=', touchedKind),
    );
  }
  for (const [kind, key] of [
    ['flag', flag],
    ['segment', segment],
  ] as const) {
    if (key === undefined) continue;
    query = query.where('id', 'in', (expression) =>
      expression
        .selectFrom('changeObjects')
        .select('changeId')
        .where('environmentId', '=', environmentId)
        .where('kind', '=', kind)
        .where('key', '=', key),
    );
  }
  const found = await query.execute();
  if (found.length === 0) return { rows: [], hasMore: false };
  const shown = takeFitting(found.slice(0, limit)).map(({ id }) => id);
  const rows = await reads
    .selectFrom('changes')
    .selectAll()
    .where('id', 'in', shown)
    .orderBy('version', 'desc')
    .execute();
  return { rows, hasMore: found.length > rows.length };
}

export async function getChange(reads: Reads, environmentId: string, id: string): Promise<ChangeRow> {
  const row = await reads
    .selectFrom('changes')
    .selectAll()
    .where('environmentId', '=', environmentId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw notFound('change', id);
  return row;
}

/** The change and those that the same command made elsewhere. */
export async function listGroup(reads: Reads, change: ChangeRow): Promise<readonly ChangeRow[]> {
  if (change.groupId === null) return [change];
  return reads
    .selectFrom('changes')
    .selectAll()
    .where('groupId', '=', change.groupId)
    .orderBy('environmentId')
    .execute();
}

export interface TouchedObject {
  readonly id: ObjectId;
  readonly before: FlagState | SegmentState | undefined;
}

/** What a change touched, as it was before: what was made for others, then the rest in the order of its instructions. */
export async function listTouched(
  reads: Reads,
  { id: changeId, instructionsJson }: Pick<ChangeRow, 'id' | 'instructionsJson'>,
): Promise<readonly TouchedObject[]> {
  const rows = await reads
    .selectFrom('changeObjects')
    .select(['kind', 'key', 'beforeJson'])
    .where('changeId', '=', changeId)
    .orderBy('kind')
    .orderBy('key')
    .execute();
  // Written by this program; each names whom it addresses.
  const instructions = JSON.parse(instructionsJson) as readonly { readonly [kind in ObjectId['kind']]?: string }[];
  const placeOf = ({ kind, key }: ObjectId): number =>
    instructions.findIndex((instruction) => instruction[kind] === key);
  return rows
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map(({ kind, key, beforeJson }) => ({
      id: { kind, key },
      // Written by this program.
      before: beforeJson === null ? undefined : (JSON.parse(beforeJson) as FlagState | SegmentState),
    }));
}

/** Changes of the same environment that touched, after a change, anything that it touched: the newest, at most `limit`. */
export async function listLaterChanges(
  reads: Reads,
  { id, version }: Pick<ChangeRow, 'id' | 'version'>,
  limit: number,
): Promise<readonly Pick<ChangeRow, 'version' | 'actor' | 'effectsJson'>[]> {
  return reads
    .selectFrom('changes')
    .select(['version', 'actor', 'effectsJson'])
    .where('id', 'in', (expression) =>
      expression
        .selectFrom('changeObjects as touched')
        .innerJoin('changeObjects as later', (join) =>
          join
            .onRef('later.environmentId', '=', 'touched.environmentId')
            .onRef('later.kind', '=', 'touched.kind')
            .onRef('later.key', '=', 'touched.key'),
        )
        .select('later.changeId')
        .where('touched.changeId', '=', id)
        .where('later.version', '>', version),
    )
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
}

/** When versions were made, of those that are known. */
export async function listChangeTimes(
  reads: Reads,
  environmentId: string,
  versions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (versions.length === 0) return new Map();
  const rows = await reads
    .selectFrom('changes')
    .select(['version', 'createdAt'])
    .where('environmentId', '=', environmentId)
    .where('version', 'in', [...new Set(versions)])
    .execute();
  return new Map(rows.map((row) => [row.version, row.createdAt]));
}
