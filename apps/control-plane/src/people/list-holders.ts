import type { SessionView } from '@sluice/api-client';
import { type Grant, hasRole, roles } from '@sluice/authoring';
import type { Reads } from '../database/schema.ts';
import { listPeople, parseGrants } from './people-queries.ts';

/** So many names help, and more do not. */
const namesTold = 5;

/** Whom to ask: nobody has to be named to those who may do everything, and a token could pass names on. */
export async function listHolders(
  reads: Reads,
  grants: readonly Grant[],
  projects: SessionView['projects'],
): Promise<SessionView['holders']> {
  if (hasRole(grants, {}, 'admin')) return [];
  const people = (await listPeople(reads)).map(({ name, grantsJson }) => ({ name, grants: parseGrants(grantsJson) }));
  const inEnvironments = projects.flatMap(({ key: project, environments }) =>
    environments.flatMap(({ key: environment }) => roles.map((role) => ({ project, environment, role }))),
  );
  return [{ role: 'admin' as const }, ...inEnvironments].map(({ role, ...place }) => {
    const names = people.filter((person) => hasRole(person.grants, place, role)).map(({ name }) => name);
    return { ...place, role, names: names.slice(0, namesTold), count: names.length };
  });
}
