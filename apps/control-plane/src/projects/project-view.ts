import type { EnvironmentView, NewEnvironmentView, ProjectView, SessionView } from '@sluice/api-client';
import { type Grant, maySee } from '@sluice/authoring';
import type { EnvironmentRow, ProjectRow, Reads } from '../database/schema.ts';
import { listEnvironments, listProjects } from './environment-queries.ts';
import type { CreatedEnvironment } from './project-commands.ts';

export function toProjectView({ key, name, createdAt }: ProjectRow): ProjectView {
  return { key, name, createdAt };
}

export function toEnvironmentView({ key, name, version, isProduction, createdAt }: EnvironmentRow): EnvironmentView {
  return { key, name, version, isProduction: isProduction === 1, createdAt };
}

export function toNewEnvironmentView({ row, sdkKey, clientSideId }: CreatedEnvironment): NewEnvironmentView {
  return { ...toEnvironmentView(row), sdkKey: sdkKey.secret, clientSideId: clientSideId.secret };
}

/** All that whoever has these grants may see. */
export async function listSeen(reads: Reads, grants: readonly Grant[]): Promise<SessionView['projects']> {
  if (grants.length === 0) return [];
  const projects = (await listProjects(reads)).filter(({ key: project }) => maySee(grants, { project }));
  return Promise.all(
    projects.map(async (row) => {
      const environments = await listEnvironments(reads, row.key);
      const seen = environments.filter(({ key }) => maySee(grants, { project: row.key, environment: key }));
      return { ...toProjectView(row), environments: seen.map(toEnvironmentView) };
    }),
  );
}
