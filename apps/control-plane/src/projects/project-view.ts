import type { EnvironmentView, NewEnvironmentView, ProjectView } from '@sluice/api-client';
import type { EnvironmentRow, ProjectRow } from '../database/schema.ts';
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
