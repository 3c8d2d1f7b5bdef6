import type { InstructionInput } from '@sluice/authoring';
import { findRole, type Instruction, mayDo, type Role, roleFor, roles } from '@sluice/authoring';
import { usePlace } from '../place.ts';
import { useSession } from './session.ts';

/** Why this person cannot follow some instructions here, in a sentence; undefined: nothing stands in the way. */
export function useRefusal(instructions: readonly InstructionInput[]): string | undefined {
  const place = usePlace();
  const grants = useSession().data?.grants;
  if (grants === undefined) return undefined;
  // What is left out has defaults, and none of them decides about a role.
  const refused = (instructions as readonly Instruction[]).filter((each) => !mayDo(grants, place, each));
  if (refused.length === 0) return undefined;
  const needed = refused.map(roleFor).toSorted((a, b) => roles.indexOf(b) - roles.indexOf(a))[0] ?? 'editor';
  return `you are ${withArticle(findRole(grants, place))} here, and this takes ${withArticle(needed)}`;
}

function withArticle(role: Role | undefined): string {
  if (role === undefined) return 'a guest';
  return role === 'viewer' ? 'a viewer' : `an ${role}`;
}
