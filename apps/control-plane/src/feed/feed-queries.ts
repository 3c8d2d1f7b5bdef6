import type { EnvironmentRow, Reads } from '../database/schema.ts';

/** So much is told one by one. */
const most = { changes: 100, objects: 500 };

export interface FeedChange {
  readonly id: string;
  readonly version: number;
  readonly actor: string;
  readonly at: number;
  readonly flags: readonly string[];
  readonly segments: readonly string[];
  /** Whether it touched a flag that may be off normal: a valve, a migration, or one that is gone. */
  readonly mayMatter: boolean;
}

/** Changes of an environment after one version and up to another, in order; undefined: too many to tell. */
export async function listFeedChanges(
  reads: Reads,
  { id: environmentId, projectKey }: Pick<EnvironmentRow, 'id' | 'projectKey'>,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<readonly FeedChange[] | undefined> {
  const changes = await reads
    .selectFrom('changes')
    .select(['id', 'version', 'actor', 'createdAt as at'])
    .where('environmentId', '=', environmentId)
    .where('version', '>', after)
    .where('version', '<=', upTo)
    .orderBy('version')
    .limit(most.changes + 1)
    .execute();
  if (changes.length > most.changes) return undefined;
  if (changes.length === 0) return [];
  const ids = changes.map(({ id }) => id);
  const touched = await reads
    .selectFrom('changeObjects')
    .leftJoin('definitions', (join) =>
      join.on('definitions.projectKey', '=', projectKey).onRef('definitions.key', '=', 'changeObjects.key'),
    )
    .select(['changeId', 'changeObjects.kind', 'changeObjects.key', 'definitions.kind as flagKind'])
    .where('changeId', 'in', ids)
    .orderBy('changeObjects.key')
    .limit(most.objects + 1)
    .execute();
  if (touched.length > most.objects) return undefined;
  return changes.map((change) => {
    const own = touched.filter(({ changeId }) => changeId === change.id);
    const flags = own.filter(({ kind }) => kind === 'flag');
    // Segments with a colon were made for rules of flags.
    const segments = own.filter(({ kind, key }) => kind === 'segment' && !key.includes(':'));
    return {
      ...change,
      flags: flags.map(({ key }) => key),
      segments: segments.map(({ key }) => key),
      mayMatter: flags.some(({ flagKind }) => flagKind !== 'release' && flagKind !== 'config'),
    };
  });
}
