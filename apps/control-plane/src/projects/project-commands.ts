import { type FlagState, type Instruction, listVariations } from '@sluice/authoring';
import { chainStart } from '../changes/chain.ts';
import { applyParts } from '../changes/change-commands.ts';
import type { AppliedChange, ChangeSurroundings } from '../changes/write-change.ts';
import { type CreatedCredential, createCredential } from '../credentials/credential-commands.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { EnvironmentRow, ProjectRow, Writes } from '../database/schema.ts';
import { alreadyExists } from '../errors.ts';
import { listFlags } from '../flags/flag-queries.ts';
import { createId } from '../ids.ts';
import { everything } from '../people/permission.ts';
import { holdEnvironment, holdProject, listEnvironments } from './environment-queries.ts';

interface Named {
  readonly key: string;
  readonly name?: string | undefined;
}

export async function createProject(writes: Writes, { key, name = key }: Named, now: number): Promise<ProjectRow> {
  const row: ProjectRow = { key, name, createdAt: now };
  const { numInsertedOrUpdatedRows } = await writes
    .insertInto('projects')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw alreadyExists('a project', key);
  return row;
}

export interface NewEnvironment extends Named {
  readonly project: string;
  readonly actor: string;
  /** Keys that an operator chose; else they are made. */
  readonly sdkKey?: string | undefined;
  readonly clientSideId?: string | undefined;
  /** Whether real users depend on it; unless given, its key says so. */
  readonly isProduction?: boolean | undefined;
}

export interface CreatedEnvironment {
  readonly row: EnvironmentRow;
  /** The change by which the project's flags started in it; undefined when there were none. */
  readonly started: AppliedChange | undefined;
  readonly sdkKey: CreatedCredential;
  readonly clientSideId: CreatedCredential;
}

export interface EnvironmentSurroundings extends ChangeSurroundings {
  readonly box: SecretBox;
}

/** Adds an environment with its first keys; every flag of the project starts in it as a new one does. */
export async function createEnvironment(
  writes: Writes,
  { project, key, name = key, actor, sdkKey, clientSideId, isProduction = key === 'production' }: NewEnvironment,
  surroundings: EnvironmentSurroundings,
): Promise<CreatedEnvironment> {
  const { platform } = surroundings;
  // Held, so that no flag is created meanwhile in the environments that there are and not in this one.
  await holdProject(writes, project);
  const empty: EnvironmentRow = {
    id: createId(platform),
    projectKey: project,
    key,
    name,
    epoch: createId(platform, 8),
    version: 0,
    chainHead: chainStart,
    payloadBytes: 0,
    isProduction: isProduction ? 1 : 0,
    listedVersion: 0,
    createdAt: platform.now(),
  };
  const { numInsertedOrUpdatedRows } = await writes
    .insertInto('environments')
    .values(empty)
    .onConflict((conflict) => conflict.columns(['projectKey', 'key']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw alreadyExists('an environment', key);
  const environmentId = empty.id;
  const started = await startFlags(writes, empty, actor, surroundings);
  return {
    row: started?.environment ?? empty,
    started,
    sdkKey: await createCredential(
      writes,
      { environmentId, kind: 'sdk-key', name: 'first', secret: sdkKey },
      surroundings,
    ),
    clientSideId: await createCredential(
      writes,
      { environmentId, kind: 'client-side-id', name: 'first', secret: clientSideId },
      surroundings,
    ),
  };
}

/** Alters what is said of an environment; no SDK gets anything else by it. */
export async function updateEnvironment(
  writes: Writes,
  where: { readonly project: string; readonly environment: string },
  { name, isProduction }: { readonly name?: string | undefined; readonly isProduction?: boolean | undefined },
): Promise<EnvironmentRow> {
  const row = await holdEnvironment(writes, where.project, where.environment);
  const next: EnvironmentRow = {
    ...row,
    ...(name !== undefined && { name }),
    ...(isProduction !== undefined && { isProduction: isProduction ? 1 : 0 }),
  };
  const altered = { name: next.name, isProduction: next.isProduction };
  await writes.updateTable('environments').set(altered).where('id', '=', row.id).execute();
  return next;
}

async function startFlags(
  writes: Writes,
  environment: EnvironmentRow,
  actor: string,
  surroundings: ChangeSurroundings,
): Promise<AppliedChange | undefined> {
  const first = (await listEnvironments(writes, environment.projectKey)).find(({ id }) => id !== environment.id);
  if (first === undefined) return undefined;
  const all = { limit: Number.MAX_SAFE_INTEGER - 1, after: undefined, kind: undefined };
  const instructions = (await listFlags(writes, first, all)).flatMap(createAnew);
  if (instructions.length === 0) return undefined;
  const author = { actor, by: everything, comment: `environment ${environment.key} created` };
  const [applied] = await applyParts(writes, [{ environment, request: { instructions } }], author, surroundings);
  return applied;
}

/** What makes the same flag in an environment that has none. A config begins with the value that it has here. */
function createAnew(state: FlagState): readonly Instruction[] {
  const { key: flag, archived, variations, ...rest } = state.definition;
  const own = rest.kind === 'config' ? { value: listVariations(state)[0]?.value } : { variations };
  const definition: object = { ...rest, ...own };
  const create = { kind: 'create-flag', flag, definition } as Instruction;
  return archived ? [create, { kind: 'archive', flag }] : [create];
}
