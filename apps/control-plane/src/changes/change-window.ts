import type { FlagState, ObjectId, SegmentState } from '@sluice/authoring';
import type { ChangeRow, Reads } from '../database/schema.ts';

/** Changes of an environment with versions above one, up to another. */
export interface Window {
  readonly after: number;
  readonly upTo: number;
}

/**
 * The changes that were made since a time: those behind the last one that was made before it. Clocks may jump, and
 * versions are what changes are ordered by. `seenUpTo`: the last one that is looked at for later changes.
 */
export async function findWindow(
  reads: Reads,
  environmentId: string,
  { since, until, upTo }: { readonly since: number; readonly until?: number | undefined; readonly upTo: number },
): Promise<Window & { readonly seenUpTo: number }> {
  const after = await findLastBefore(reads, environmentId, since);
  const end = until === undefined ? upTo : Math.min(upTo, await findLastBefore(reads, environmentId, until + 1));
  return { after, upTo: end, seenUpTo: upTo };
}

/** From the newest backwards, so that only what is newer is read. */
async function findLastBefore(reads: Reads, environmentId: string, time: number): Promise<number> {
  const row = await reads
    .selectFrom('changes')
    .select('version')
    .where('environmentId', '=', environmentId)
    .where('createdAt', '<', time)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.version ?? 0;
}

export interface WindowObject extends ObjectId {
  /** The first version that touched it, how many did, and the id of the last change. */
  readonly first: number;
  readonly count: number;
  readonly lastChange: string;
}

/** What was touched in a window, by the order of its first change; at most `limit`. */
export async function listWindowObjects(
  reads: Reads,
  environmentId: string,
  { after, upTo }: Window,
  limit: number,
): Promise<readonly WindowObject[]> {
  const rows = await reads
    .selectFrom('changes')
    .innerJoin('changeObjects as touched', 'touched.changeId', 'changes.id')
    .select(({ fn }) => [
      'touched.kind',
      'touched.key',
      fn.min('changes.version').as('first'),
      fn.max('changes.version').as('last'),
      fn.countAll<number>().as('count'),
    ])
    .where('changes.environmentId', '=', environmentId)
    .where('changes.version', '>', after)
    .where('changes.version', '<=', upTo)
    .groupBy(['touched.kind', 'touched.key'])
    .orderBy('first')
    .orderBy('touched.kind', 'desc')
    .orderBy('touched.key')
    .limit(limit)
    .execute();
  const ids = new Map<number, string>();
  const found: WindowObject[] = [];
  for (const { kind, key, first, last, count } of rows) {
    const id = ids.get(last) ?? (await findId(reads, environmentId, last));
    ids.set(last, id);
    found.push({ kind, key, first, count: Number(count), lastChange: id });
  }
  return found;
}

async function findId(reads: Reads, environmentId: string, version: number): Promise<string> {
  const { id } = await reads
    .selectFrom('changes')
    .select('id')
    .where('environmentId', '=', environmentId)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return id;
}

export type WindowTouch = ObjectId & Pick<ChangeRow, 'id' | 'version' | 'actor' | 'createdAt' | 'comment'>;

/** More are not told of one by one. */
const touchesRead = 5000;

/** Which changes touched what in a window, newest first. */
export async function listWindowTouches(
  reads: Reads,
  environmentId: string,
  { after, upTo }: Window,
): Promise<readonly WindowTouch[]> {
  if (upTo <= after) return [];
  return reads
    .selectFrom('changes')
    .innerJoin('changeObjects as touched', 'touched.changeId', 'changes.id')
    .select([
      'touched.kind',
      'touched.key',
      'changes.id',
      'changes.version',
      'changes.actor',
      'changes.createdAt',
      'changes.comment',
    ])
    .where('changes.environmentId', '=', environmentId)
    .where('changes.version', '>', after)
    .where('changes.version', '<=', upTo)
    .orderBy('changes.version', 'desc')
    .limit(touchesRead)
    .execute();
}

/** What an object was before the change that made a version. */
export async function findState(
  reads: Reads,
  environmentId: string,
  { kind, key }: ObjectId,
  version: number,
): Promise<FlagState | SegmentState | undefined> {
  const { beforeJson } = await reads
    .selectFrom('changeObjects')
    .select('beforeJson')
    .where('environmentId', '=', environmentId)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  // Written by this program.
  return beforeJson === null ? undefined : (JSON.parse(beforeJson) as FlagState | SegmentState);
}
