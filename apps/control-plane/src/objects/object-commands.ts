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

/** An object that a change touched. */
export interface TouchedObject {
  readonly id: ObjectId;
  readonly after: ObjectState;
}

/** Writes flags and segments of one environment as a change leaves them. */
export async function writeObjects(writes: Writes, rows: readonly ObjectRow[]): Promise<void> {
  for (const part of chunk(rows, 7)) {
    await writes
      .insertInto('objects')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['environmentId', 'kind', 'key']).doUpdateSet(({ ref }) => ({
          stateJson: ref('excluded.stateJson'),
          compiledJson: ref('excluded.compiledJson'),
          version: ref('excluded.version'),
          touchedVersion: ref('excluded.touchedVersion'),
        })),
      )
      .execute();
  }
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
  touched: readonly TouchedObject[],
): Promise<void> {
  for (const [kind, objects] of Map.groupBy(touched, ({ id }) => id.kind)) {
    for (const part of chunk(objects)) {
      await writes
        .deleteFrom('objectReferences')
        .where('environmentId', '=', environmentId)
        .where('fromKind', '=', kind)
        .where(
          'fromKey',
          'in',
          part.map(({ id }) => id.key),
        )
        .execute();
    }
  }
  const references = touched.flatMap(({ id, after }) =>
    listReferences(after).map((to) => ({
      environmentId,
      fromKind: id.kind,
      fromKey: id.key,
      toKind: to.kind,
      toKey: to.key,
    })),
  );
  for (const part of chunk(references, 5)) await writes.insertInto('objectReferences').values(part).execute();
}

function listReferences(state: ObjectState): readonly ObjectId[] {
  if (state === undefined) return [];
  return 'configuration' in state ? listFlagReferences(state.configuration) : listSegmentReferences(state);
}

/** Writes what flags are, for all environments; deletes that with the flag. */
export async function writeDefinitions(
  writes: Writes,
  projectKey: string,
  touched: readonly TouchedObject[],
  now: number,
): Promise<void> {
  const flags = touched.filter(({ id }) => id.kind === 'flag');
  const gone = flags.flatMap(({ id, after }) => (after === undefined ? [id.key] : []));
  for (const part of chunk(gone)) {
    await writes.deleteFrom('definitions').where('projectKey', '=', projectKey).where('key', 'in', part).execute();
  }
  const rows = flags.flatMap(({ id, after }) => {
    if (after === undefined) return [];
    // A touched flag is a flag state.
    const { definition } = after as FlagState;
    const { kind } = definition;
    return [{ projectKey, key: id.key, kind, definitionJson: JSON.stringify(definition), createdAt: now }];
  });
  for (const part of chunk(rows, 5)) {
    await writes
      .insertInto('definitions')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .columns(['projectKey', 'key'])
          .doUpdateSet(({ ref }) => ({ kind: ref('excluded.kind'), definitionJson: ref('excluded.definitionJson') })),
      )
      .execute();
  }
}
