import {
  findRole,
  type Grant,
  hasRole,
  type Instruction,
  type InstructionInput,
  type PolicyPlace,
  type Role,
  roleFor,
  type Served,
} from '@sluice/authoring';
import { usePlace } from '../place.ts';
import { useEnvironments } from '../shell/environment.ts';
import { describeRefusal } from './describe-refusal.ts';
import { useSession } from './session.ts';

/** A role, or what instructions take. */
export type Needed = Role | readonly InstructionInput[];

/** Why the person who is signed in cannot do something, in words for a button's `refusal`; undefined: they can. */
export interface May {
  /** In this environment: `refuse('editor')`, `refuse([{ kind: 'trip', … }])`; of stages, where `served` is now. */
  refuse(needed: Needed, served?: Served): string | undefined;
  /** In every environment of the project: what flags are, new ones. */
  refuseInProject(needed: Needed): string | undefined;
  /** Everywhere: people, tokens, edges. */
  refuseEverywhere(needed: Role): string | undefined;
}

/** The server refuses by the same policy. Until it is known who is signed in, nothing is refused here. */
export function useMay(): May {
  const place = usePlace();
  const { grants, holders = [] } = useSession().data ?? {};
  const environments = useEnvironments().data ?? [];
  const refuseAt = (at: PolicyPlace, needed: Needed, served?: Served): string | undefined => {
    const role = rolesOf(needed, served).find((each) => grants !== undefined && !hasRole(grants, at, each));
    if (role === undefined || grants === undefined) return undefined;
    const ofRole = holders.find(
      (each) => each.role === role && each.project === at.project && each.environment === at.environment,
    );
    return describeRefusal({ needed: role, role: findRoleNear(grants, at), holders: ofRole });
  };
  return {
    refuse: (needed, served) => refuseAt(place, needed, served),
    refuseInProject: (needed) => {
      const refusals = environments.map(({ key }) => refuseAt({ project: place.project, environment: key }, needed));
      return refusals.find((refusal) => refusal !== undefined);
    },
    refuseEverywhere: (needed) => refuseAt({}, needed),
  };
}

function rolesOf(needed: Needed, served: Served | undefined): readonly Role[] {
  if (typeof needed === 'string') return [needed];
  // What the policy reads of an instruction is the same before it is parsed.
  return [...new Set(needed.map((instruction) => roleFor(instruction as Instruction, served)))];
}

/** Everywhere a role in one project is none; what is said then is what one has at all. */
function findRoleNear(grants: readonly Grant[], at: PolicyPlace): Role | undefined {
  return findRole(grants, at) ?? (at.project === undefined ? grants[0]?.role : undefined);
}
