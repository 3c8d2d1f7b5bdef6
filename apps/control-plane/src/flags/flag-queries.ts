import type { FlagConfiguration, FlagDefinition, FlagKind, FlagState } from '@sluice/authoring';
import type { EnvironmentRow, ObjectRow, Reads } from '../database/schema.ts';
import { notFound } from '../errors.ts';

/** A flag in one environment. */
export interface StoredFlag extends FlagState {
  /** Of the change that last altered what SDKs get. */
  readonly version: number;
  /** Of the change that last touched it at all: what people are told, and `expectedVersion` is compared with. */
  readonly touchedVersion: number;
}

export interface FlagPage {
  readonly limit: number;
  /** Key of the last flag of the page before. */
  readonly after: string | undefined;
  /** Undefined: of every kind. */
  readonly kind: FlagKind | undefined;
}

/** Definitions of a project by key, one more than `limit` if there are. */
export async function listDefinitions(
  reads: Reads,
  project: string,
  { limit, after, kind }: FlagPage,
): Promise<readonly FlagDefinition[]> {
  let query = reads
    .selectFrom('definitions')
    .select('definitionJson')
    .where('projectKey', '=', project)
    .orderBy('key')
    .limit(limit + 1);
  if (after !== undefined) query = query.where('key', '>', after);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  return (await query.execute()).map(({ definitionJson }) => parseDefinition(definitionJson));
}

export async function getDefinition(reads: Reads, project: string, key: string): Promise<FlagDefinition> {
  const row = await reads
    .selectFrom('definitions')
    .select('definitionJson')
    .where('projectKey', '=', project)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) throw notFound('flag', key);
  return parseDefinition(row.definitionJson);
}

/** Flags as they behave in one environment, by key, one more than `limit` if there are. */
export async function listFlags(
  reads: Reads,
  environment: Pick<EnvironmentRow, 'id' | 'projectKey'>,
  { limit, after, kind }: FlagPage,
): Promise<readonly StoredFlag[]> {
  let query = selectFlags(reads, environment)
    .orderBy('objects.key')
    .limit(limit + 1);
  if (after !== undefined) query = query.where('objects.key', '>', after);
  if (kind !== undefined) query = query.where('definitions.kind', '=', kind);
  return (await query.execute()).map(parseFlag);
}

/** Flags by these keys, in no order; those that there are. */
export async function findFlags(
  reads: Reads,
  environment: Pick<EnvironmentRow, 'id' | 'projectKey'>,
  keys: readonly string[],
): Promise<readonly StoredFlag[]> {
  if (keys.length === 0) return [];
  return (await selectFlags(reads, environment).where('objects.key', 'in', keys).execute()).map(parseFlag);
}

export async function getFlag(
  reads: Reads,
  environment: Pick<EnvironmentRow, 'id' | 'projectKey'>,
  key: string,
): Promise<StoredFlag> {
  const row = await selectFlags(reads, environment).where('objects.key', '=', key).executeTakeFirst();
  if (row === undefined) throw notFound('flag', key);
  return parseFlag(row);
}

function selectFlags(reads: Reads, { id, projectKey }: Pick<EnvironmentRow, 'id' | 'projectKey'>) {
  return reads
    .selectFrom('objects')
    .innerJoin('definitions', 'definitions.key', 'objects.key')
    .select(['definitionJson', 'stateJson', 'version', 'touchedVersion'])
    .where('definitions.projectKey', '=', projectKey)
    .where('environmentId', '=', id)
    .where('objects.kind', '=', 'flag')
    .where('stateJson', 'is not', null);
}

function parseFlag({
  definitionJson,
  stateJson,
  ...versions
}: { definitionJson: string } & Pick<ObjectRow, 'stateJson' | 'version' | 'touchedVersion'>): StoredFlag {
  return {
    definition: parseDefinition(definitionJson),
    // Written by this program, and not null by the query.
    configuration: JSON.parse(stateJson ?? '') as FlagConfiguration,
    ...versions,
  };
}

function parseDefinition(definitionJson: string): FlagDefinition {
  // Written by this program.
  return JSON.parse(definitionJson) as FlagDefinition;
}
