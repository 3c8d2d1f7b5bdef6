import type { Grant, Role } from '@sluice/authoring';

export const roleNames: Readonly<Record<Role, string>> = {
  viewer: 'viewer',
  operator: 'operator',
  editor: 'editor',
  admin: 'administrator',
};

/** What whoever has a role may do, in words; each may also do what those before it may. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  viewer: 'looks, and tries changes without applying them',
  operator: 'also trips, restores, turns off and reverts',
  editor: 'also changes flags, valves, configs and segments',
  admin: 'also decides who may do what, and holds the keys',
};

/** `editor in shop / staging`, `viewer in all of shop`, `administrator everywhere`. */
export function describeGrant({ role, project, environment }: Grant): string {
  return `${roleNames[role]} ${describeWhere({ project, environment })}`;
}

/** Everything that somebody may do, in a sentence. */
export function describeGrants(grants: readonly Grant[]): string {
  return grants.length === 0 ? 'nothing yet' : grants.map(describeGrant).join(', ');
}

export function describeWhere({
  project,
  environment,
}: {
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
}): string {
  if (project === undefined) return 'everywhere';
  return environment === undefined ? `in all of ${project}` : `in ${project} / ${environment}`;
}
