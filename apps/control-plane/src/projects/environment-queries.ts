import type { EnvironmentRow, ProjectRow, Reads, Writes } from '../database/schema.ts';
import { notFound } from '../errors.ts';

export async function getProject(reads: Reads, key: string): Promise<ProjectRow> {
  const row = await reads.selectFrom('projects').selectAll().where('key', '=', key).executeTakeFirst();
  if (row === undefined) throw notFound('project', key);
  return row;
}

export async function listProjects(reads: Reads): Promise<readonly ProjectRow[]> {
  return reads.selectFrom('projects').selectAll().orderBy('key').execute();
}

export async function getEnvironment(reads: Reads, project: string, key: string): Promise<EnvironmentRow> {
  const row = await reads
    .selectFrom('environments')
    .selectAll()
    .where('projectKey', '=', project)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) throw notFound('environment', `${project}/${key}`);
  return row;
}

/** In the order in which they were made; those of one moment by key. */
export async function listEnvironments(reads: Reads, project: string): Promise<readonly EnvironmentRow[]> {
  return reads
    .selectFrom('environments')
    .selectAll()
    .where('projectKey', '=', project)
    .orderBy('createdAt')
    .orderBy('key')
    .execute();
}

/**
 * The environment, held until the command ends: other commands for the same environment wait, so that each works on
 * what the one before left.
 */
export async function holdEnvironment(writes: Writes, project: string, key: string): Promise<EnvironmentRow> {
  const row = await writes
    .updateTable('environments')
    .set((expression) => ({ version: expression.ref('version') }))
    .where('projectKey', '=', project)
    .where('key', '=', key)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw notFound('environment', `${project}/${key}`);
  return row;
}

/** Holds a project until the command ends: commands that concern all of its environments run one after the other. */
export async function holdProject(writes: Writes, key: string): Promise<ProjectRow> {
  const row = await writes
    .updateTable('projects')
    .set((expression) => ({ name: expression.ref('name') }))
    .where('key', '=', key)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw notFound('project', key);
  return row;
}

/** All environments of a held project, held, in the order in which they were made. */
export async function holdEnvironments(writes: Writes, project: string): Promise<readonly EnvironmentRow[]> {
  const held: EnvironmentRow[] = [];
  for (const { key } of await listEnvironments(writes, project)) held.push(await holdEnvironment(writes, project, key));
  return held;
}
