import type { Reads } from '../database/schema.ts';

/** What people call an environment. */
export interface EnvironmentLabels {
  readonly project: string;
  readonly environment: string;
}

/**
 * Answers what environments are called, by their ids. Keys never change, so the database is asked only about
 * environments that are new; one that it cannot tell of is called by its id.
 */
export function createEnvironmentLabels(reads: Reads): (environmentId: string) => Promise<EnvironmentLabels> {
  const known = new Map<string, EnvironmentLabels>();
  async function read(): Promise<void> {
    const rows = await reads.selectFrom('environments').select(['id', 'projectKey as project', 'key']).execute();
    for (const { id, project, key } of rows) known.set(id, { project, environment: key });
  }
  return async (environmentId) => {
    // What is measured is told also while the database is away.
    if (!known.has(environmentId)) await read().catch(() => undefined);
    return known.get(environmentId) ?? { project: '', environment: environmentId };
  };
}
