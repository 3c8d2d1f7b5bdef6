import {
  type FlagState,
  listFlagReferences,
  listSegmentReferences,
  type ObjectId,
  type SegmentState,
} from '@sluice/authoring';
import { chunk } from '../database/chunks.ts';
import type { ObjectRow, Writes } from '../database/schema.ts';

/** What an object is after a change; undefined: it is deleted. */
export type ObjectState = FlagState | SegmentState | undefined;

/** Writes a flag or segment of one environment as a change leaves it. */
export async function writeObject(writes: Writes, row: ObjectRow): Promise<void> {
  await writes
    .insertInto('objects')
    .values(row)
    .onConflict((conflict) => conflict.columns(['environmentId', 'kind', 'key']).doUpdateSet(row))
    .execute();
}

/** What is stored of an object in its environment; the definition of a flag belongs to the project. */
export function encodeState(state: ObjectState): string | null {
  if (state === undefined) return null;
  return JSON.stringify('configuration' in state ? state.configuration : state);
}

/** Keeps the index of who refers to whom. */
export async function writeReferences(
  writes: Writes,
  environmentId: string,
  id: ObjectId,
  state: ObjectState,
): Promise<void> {
  await writes
    .deleteFrom('objectReferences')
    .where('environmentId', '=', environmentId)
    .where('fromKind', '=', id.kind)
    .where('fromKey', '=', id.key)
    .execute();
  const references = listReferences(state).map((to) => ({
    environmentId,
    fromKind: id.kind,
    fromKey: id.key,
    toKind: to.kind,
    toKey: to.key,
  }));
  for (const part of chunk(references, 5)) await writes.insertInto('objectReferences').values(part).execute();
}

function listReferences(state: ObjectState): readonly ObjectId[] {
  if (state === undefined) return [];
  return 'configuration' in state ? listFlagReferences(state.configuration) : listSegmentReferences(state);
}

/** Writes what a flag is, for all environments; deletes it with the flag. */
export async function writeDefinition(
  writes: Writes,
  projectKey: string,
  key: string,
  state: FlagState | undefined,
  now: number,
): Promise<void> {
  if (state === undefined) {
    await writes.deleteFrom('definitions').where('projectKey', '=', projectKey).where('key', '=', key).execute();
    return;
  }
  const definitionJson = JSON.stringify(state.definition);
  await writes
    .insertInto('definitions')
    .values({ projectKey, key, definitionJson, createdAt: now })
    .onConflict((conflict) => conflict.columns(['projectKey', 'key']).doUpdateSet({ definitionJson }))
    .execute();
}
