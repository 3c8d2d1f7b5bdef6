import { createHash } from 'node:crypto';
import {
  describeState,
  type FlagState,
  isMadeKey,
  killSwitch,
  type ObjectId,
  type SegmentState,
  type StateSentence,
  spellBehaviour,
} from '@sluice/authoring';
import { chunk } from '../database/chunks.ts';
import type { Database, EnvironmentRow, ListingRow, Reads, Writes } from '../database/schema.ts';
import { holdEnvironment } from '../projects/environment-queries.ts';
import type { ObjectState, TouchedObject } from './object-commands.ts';

interface ListingBase {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** What lists show of a flag. */
export interface FlagListing extends ListingBase {
  readonly owner: string;
  readonly state: StateSentence;
}

/** What lists show of a segment. */
export interface SegmentListing extends ListingBase {
  readonly included: number;
  readonly excluded: number;
  readonly rules: number;
}

/** The change that last touched an object. */
interface Touched {
  readonly version: number;
  readonly changedAt: number;
}

/** Keeps the listings of what a change touched. */
export async function writeListings(
  writes: Writes,
  environmentId: string,
  touched: readonly TouchedObject[],
  by: Touched,
): Promise<void> {
  await replaceListings(
    writes,
    environmentId,
    touched.map((object) => ({ ...object, ...by })),
  );
}

async function replaceListings(
  writes: Writes,
  environmentId: string,
  touched: readonly (TouchedObject & Touched)[],
): Promise<void> {
  const gone = touched.filter(({ after }) => after === undefined);
  for (const [kind, objects] of Map.groupBy(gone, ({ id }) => id.kind)) {
    for (const part of chunk(objects)) {
      await writes
        .deleteFrom('listings')
        .where('environmentId', '=', environmentId)
        .where('kind', '=', kind)
        .where(
          'key',
          'in',
          part.map(({ id }) => id.key),
        )
        .execute();
    }
  }
  const rows = touched.flatMap(({ id, after, version, changedAt }) =>
    after === undefined || isMadeKey(id.key) ? [] : [{ environmentId, ...id, ...list(after), version, changedAt }],
  );
  for (const part of chunk(rows, 12)) {
    await writes
      .insertInto('listings')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['environmentId', 'kind', 'key']).doUpdateSet(({ ref }) => ({
          flagKind: ref('excluded.flagKind'),
          state: ref('excluded.state'),
          owner: ref('excluded.owner'),
          tags: ref('excluded.tags'),
          words: ref('excluded.words'),
          behaviourHash: ref('excluded.behaviourHash'),
          shownJson: ref('excluded.shownJson'),
          version: ref('excluded.version'),
          changedAt: ref('excluded.changedAt'),
        })),
      )
      .execute();
  }
}

type Listed = Omit<ListingRow, keyof ObjectId | keyof Touched | 'environmentId'>;

function list(state: Exclude<ObjectState, undefined>): Listed {
  return 'configuration' in state ? listFlag(state) : listSegment(state);
}

function listFlag(flag: FlagState): Listed {
  const { definition, configuration } = flag;
  const { key, kind, name, description, tags, owner } = definition;
  const state = describeState(flag);
  const shown: FlagListing = { name, description, tags, owner, state };
  return {
    flagKind: kind,
    state: state.word,
    owner,
    tags: encodeTags(tags),
    words: joinWords([key, name, description, ...tags, ...(kind === 'valve' ? [killSwitch] : [])]),
    behaviourHash: createHash('sha256').update(spellBehaviour(configuration)).digest('base64url'),
    shownJson: JSON.stringify(shown),
  };
}

function listSegment({ key, name, description, tags, included, excluded, rules }: SegmentState): Listed {
  const countKeys = (lists: SegmentState['included']) => lists.reduce((sum, { keys }) => sum + keys.length, 0);
  const shown: SegmentListing = {
    name,
    description,
    tags,
    included: countKeys(included),
    excluded: countKeys(excluded),
    rules: rules.length,
  };
  return {
    flagKind: null,
    state: null,
    owner: '',
    tags: encodeTags(tags),
    words: joinWords([key, name, description, ...tags]),
    behaviourHash: null,
    shownJson: JSON.stringify(shown),
  };
}

/** JSON has no line breaks, so that each tag is found as a whole. */
export function encodeTags(tags: readonly string[]): string {
  return tags.map((tag) => `\n${JSON.stringify(tag)}\n`).join('');
}

function joinWords(texts: readonly string[]): string {
  return texts.join('\n').toLowerCase();
}

const objectsAtOnce = 100;

/** Lists what releases that know no listings changed: all of it in a database that such a one left behind. */
export async function catchUpListings(db: Database): Promise<void> {
  const behind = await db
    .selectFrom('environments')
    .select(['projectKey', 'key'])
    .whereRef('listedVersion', '<', 'version')
    .orderBy('id')
    .execute();
  for (const { projectKey, key } of behind) {
    await db.transaction().execute(async (writes) => {
      const environment = await holdEnvironment(writes, projectKey, key);
      if (environment.listedVersion < environment.version) await listAnew(writes, environment);
    });
  }
}

async function listAnew(writes: Writes, environment: EnvironmentRow): Promise<void> {
  const { id, version } = environment;
  for (const kind of ['flag', 'segment'] as const) {
    for (let after = ''; ; ) {
      const rows = await readTouched(writes, environment, kind, after);
      await replaceListings(writes, id, rows);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.id.key;
    }
  }
  await writes.updateTable('environments').set({ listedVersion: version }).where('id', '=', id).execute();
}

/** Objects by key, as the last change that touched each left it. */
async function readTouched(
  reads: Reads,
  { id, projectKey, listedVersion }: EnvironmentRow,
  kind: ObjectId['kind'],
  after: string,
): Promise<readonly (TouchedObject & Touched)[]> {
  const rows = await reads
    .selectFrom('objects')
    .leftJoin('definitions', (join) =>
      join.onRef('definitions.key', '=', 'objects.key').on('definitions.projectKey', '=', projectKey),
    )
    .leftJoin('changes', (join) =>
      join.onRef('changes.version', '=', 'objects.touchedVersion').on('changes.environmentId', '=', id),
    )
    .select(['objects.key', 'stateJson', 'definitionJson', 'touchedVersion', 'changes.createdAt'])
    .where('objects.environmentId', '=', id)
    .where('objects.kind', '=', kind)
    .where('objects.key', '>', after)
    .where('touchedVersion', '>', listedVersion)
    .orderBy('objects.key')
    .limit(objectsAtOnce)
    .execute();
  return rows.map(({ key, stateJson, definitionJson, touchedVersion, createdAt }) => ({
    id: { kind, key },
    after: stateJson === null ? undefined : parseState(kind, stateJson, definitionJson),
    version: touchedVersion,
    changedAt: createdAt ?? 0,
  }));
}

function parseState(kind: ObjectId['kind'], stateJson: string, definitionJson: string | null): ObjectState {
  // Both were written by this program.
  const state = JSON.parse(stateJson);
  return kind === 'segment' ? state : { definition: JSON.parse(definitionJson ?? ''), configuration: state };
}
