import { hasRole, type Role } from '@sluice/authoring';
import { usePlace } from '../place.ts';
import { useSession } from './session.ts';

/** Why this person cannot do here what needs a role, in words; undefined: they can. The server has the last word. */
export function useRefusal(needed: Role): string | undefined {
  const place = usePlace();
  const session = useSession().data;
  if (session === undefined || hasRole(session.grants, place, needed)) return undefined;
  return `you can look here, not change: it takes the role ${needed}`;
}
