import type { FlagConfiguration, FlagDefinition, FlagState, Lookup, ObjectId, SegmentState } from '@sluice/authoring';
import type { WireObject } from '@sluice/protocol';
import { chunk } from '../database/chunks.ts';
import type { EnvironmentRow, ObjectRow, Reads } from '../database/schema.ts';
import { schemas } from '../json-schema.ts';
import { regex } from '../platform.ts';

type Environment = Pick<EnvironmentRow, 'id' | 'projectKey'>;

/** Flags as people edit them, by key; missing and deleted ones are left out. */
export async function findFlags(
  reads: Reads,
  { id, projectKey }: Environment,
  keys: readonly string[],
): Promise<Map<string, FlagState>> {
  const found = new Map<string, FlagState>();
  for (const part of chunk(keys)) {
    const rows = await reads
      .selectFrom('objects')
      .innerJoin('definitions', 'definitions.key', 'objects.key')
      .select(['objects.key', 'stateJson', 'definitionJson'])
      .where('environmentId', '=', id)
      .where('objects.kind', '=', 'flag')
      .where('objects.key', 'in', part)
      .where('projectKey', '=', projectKey)
      .where('stateJson', 'is not', null)
      .execute();
    for (const { key, stateJson, definitionJson } of rows) {
      found.set(key, parseFlagState(definitionJson, stateJson ?? ''));
    }
  }
  return found;
}

export async function findSegments(
  reads: Reads,
  environmentId: string,
  keys: readonly string[],
): Promise<Map<string, SegmentState>> {
  const rows = await findObjects(reads, environmentId, 'segment', keys);
  return new Map(
    rows.flatMap(({ key, stateJson }) => (stateJson === null ? [] : [[key, parseSegmentState(stateJson)]])),
  );
}

/** Rows as they are stored, tombstones included. */
export async function findObjects(
  reads: Reads,
  environmentId: string,
  kind: ObjectRow['kind'],
  keys: readonly string[],
): Promise<readonly ObjectRow[]> {
  const found: ObjectRow[] = [];
  for (const part of chunk(keys)) {
    const rows = await reads
      .selectFrom('objects')
      .selectAll()
      .where('environmentId', '=', environmentId)
      .where('kind', '=', kind)
      .where('key', 'in', part)
      .execute();
    for (const row of rows) found.push(row);
  }
  return found;
}

/** What SDKs get: everything that is newer than a version, deletions included, by rising version. */
export async function listWireObjects(
  reads: Reads,
  environmentId: string,
  since: number,
): Promise<readonly WireObject[]> {
  const rows = await reads
    .selectFrom('objects')
    .select(['kind', 'key', 'version', 'compiledJson'])
    .where('environmentId', '=', environmentId)
    .where('version', '>', since)
    .orderBy('version')
    .orderBy('kind')
    .orderBy('key')
    .execute();
  return rows.map(({ compiledJson, ...row }) => ({ ...row, json: compiledJson ?? undefined }));
}

/** Who refers to each of these objects; both are named as `nameOf` does. */
async function listDependents(
  reads: Reads,
  environmentId: string,
  names: readonly string[],
): Promise<Map<string, readonly ObjectId[]>> {
  const found: (ObjectId & { readonly to: string })[] = [];
  for (const [kind, objects] of Map.groupBy(names.map(parseName), (object) => object.kind)) {
    for (const part of chunk(objects)) {
      const rows = await reads
        .selectFrom('objectReferences')
        .select(['fromKind', 'fromKey', 'toKey'])
        .where('environmentId', '=', environmentId)
        .where('toKind', '=', kind)
        .where(
          'toKey',
          'in',
          part.map(({ key }) => key),
        )
        .orderBy('fromKind')
        .orderBy('fromKey')
        .execute();
      for (const { fromKind, fromKey, toKey } of rows) {
        found.push({ kind: fromKind, key: fromKey, to: nameOf({ kind, key: toKey }) });
      }
    }
  }
  const byObject = Map.groupBy(found, ({ to }) => to);
  return new Map([...byObject].map(([name, users]) => [name, users.map(({ kind, key }) => ({ kind, key }))]));
}

function nameOf({ kind, key }: ObjectId): string {
  return JSON.stringify({ kind, key });
}

function parseName(name: string): ObjectId {
  // Made by `nameOf`.
  return JSON.parse(name) as ObjectId;
}

/** A flag's configuration in the environment of that key. */
async function findConfiguration(
  reads: Reads,
  projectKey: string,
  environment: string,
  flag: string,
): Promise<FlagConfiguration | undefined> {
  const row = await reads
    .selectFrom('objects')
    .innerJoin('environments', 'environments.id', 'objects.environmentId')
    .select('stateJson')
    .where('environments.projectKey', '=', projectKey)
    .where('environments.key', '=', environment)
    .where('objects.kind', '=', 'flag')
    .where('objects.key', '=', flag)
    .executeTakeFirst();
  // Written by this program.
  return typeof row?.stateJson === 'string' ? (JSON.parse(row.stateJson) as FlagConfiguration) : undefined;
}

export interface Question<T> {
  readonly ask: (lookup: Lookup) => T;
  /** What it looks at in any case: loaded at once, not one after the other. */
  readonly about: readonly ObjectId[];
  /** What else the look-up tells. */
  readonly told: Pick<Lookup, 'createId' | 'actor' | 'now'>;
}

/**
 * Answers a pure question that looks things up: asks it, loads what it looked for and did not find loaded, and asks
 * again until it has seen everything that it looks at.
 */
export async function answer<T>(reads: Reads, environment: Environment, { ask, about, told }: Question<T>): Promise<T> {
  const flags = new LookupCache<FlagState>();
  const segments = new LookupCache<SegmentState>();
  const configurations = new LookupCache<FlagConfiguration>();
  const dependents = new LookupCache<readonly ObjectId[]>();
  const ids: string[] = [];
  let next = 0;
  const lookup: Lookup = {
    findFlag: (key) => flags.find(key),
    findSegment: (key) => segments.find(key),
    findConfiguration: (from, flag) => configurations.find(JSON.stringify([from, flag])),
    listDependents: (object) => dependents.find(nameOf(object)) ?? [],
    ...told,
    // Who asks again asks about what it named with these before, so they are the same each time.
    createId: () => {
      const id = ids[next] ?? told.createId();
      ids[next++] = id;
      return id;
    },
    regex,
    schemas,
  };
  for (const { kind, key } of about) (kind === 'flag' ? flags : segments).wanted.add(key);
  const hasSeenAll = () => [flags, segments, configurations, dependents].every(({ wanted }) => wanted.size === 0);
  for (;;) {
    await flags.load(async (keys) => findFlags(reads, environment, keys));
    await segments.load(async (keys) => findSegments(reads, environment.id, keys));
    await configurations.loadEach((name) => {
      const [from, flag] = JSON.parse(name);
      return findConfiguration(reads, environment.projectKey, from, flag);
    });
    await dependents.load((names) => listDependents(reads, environment.id, names));
    next = 0;
    try {
      const result = ask(lookup);
      if (hasSeenAll()) return result;
    } catch (error) {
      // With half of what it looks at, a question may go wrong; only with all of it is that an error.
      if (hasSeenAll()) throw error;
    }
  }
}

/** What has been looked up so far, and what was looked for and is not loaded yet. */
class LookupCache<T> {
  readonly #known = new Map<string, T | undefined>();
  readonly wanted = new Set<string>();

  find(name: string): T | undefined {
    if (!this.#known.has(name)) this.wanted.add(name);
    return this.#known.get(name);
  }

  async load(read: (names: readonly string[]) => Promise<ReadonlyMap<string, T>>): Promise<void> {
    const names = [...this.wanted];
    const found = await read(names);
    for (const name of names) this.#known.set(name, found.get(name));
    this.wanted.clear();
  }

  async loadEach(read: (name: string) => Promise<T | undefined>): Promise<void> {
    for (const name of this.wanted) this.#known.set(name, await read(name));
    this.wanted.clear();
  }
}

function parseFlagState(definitionJson: string, stateJson: string): FlagState {
  // Both were written by this program.
  return {
    definition: JSON.parse(definitionJson) as FlagDefinition,
    configuration: JSON.parse(stateJson) as FlagConfiguration,
  };
}

function parseSegmentState(stateJson: string): SegmentState {
  return JSON.parse(stateJson) as SegmentState;
}
