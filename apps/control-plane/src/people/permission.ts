import { describePlace, findRole, type Grant, hasRole, maySee, type PolicyPlace, type Role } from '@sluice/authoring';
import type { Reads } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { Actor } from './actor.ts';
import { listPeople, parseGrants } from './people-queries.ts';

/** Whose permissions count. */
export type Asking = Pick<Actor, 'grants' | 'person'>;

/** The server itself, and whoever was asked for their permission before. */
export const everything: Asking = { grants: [{ role: 'admin' }] };

/** Refuses whoever has not the role at the place, and tells people who has. */
export async function refuseWithout(
  reads: Reads,
  { grants, person }: Asking,
  place: PolicyPlace,
  needed: Role,
): Promise<void> {
  if (hasRole(grants, place, needed)) return;
  const could = person === undefined ? '' : describeWhoCould(await listNames(reads, place, needed));
  throw refusal(grants, place, needed, could);
}

/** Refuses whoever has no role that concerns the place. */
export function refuseBlind({ grants }: Asking, place: PolicyPlace): void {
  if (!maySee(grants, place)) throw refusal(grants, place, 'viewer', '');
}

function refusal(grants: readonly Grant[], place: PolicyPlace, needed: Role, could: string): ServerError {
  const role = findRole(grants, place);
  const has = role === undefined ? 'there is no role here' : `the role here is ${role}`;
  return new ServerError('forbidden', `this needs the role ${needed} ${describePlace(place)}; ${has}${could}`);
}

/** So many names help, and more do not. */
const namesTold = 5;

/** Of people, never of tokens: whom to ask. */
export async function listNames(reads: Reads, place: PolicyPlace, needed: Role): Promise<readonly string[]> {
  const people = await listPeople(reads);
  return people.filter(({ grantsJson }) => hasRole(parseGrants(grantsJson), place, needed)).map(({ name }) => name);
}

function describeWhoCould(names: readonly string[]): string {
  if (names.length === 0) return '; nobody here has it';
  const more = names.length > namesTold ? ` and ${names.length - namesTold} more` : '';
  return `; these have it: ${names.slice(0, namesTold).join(', ')}${more}`;
}
