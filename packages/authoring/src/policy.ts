import { stages } from '@sluice/engine';
import * as z from 'zod';
import type { FlagConfiguration } from './configuration.ts';
import { type Instruction, isDefinitionInstruction } from './instructions.ts';
import { keySchema } from './key.ts';
import { weightOfStage } from './migration.ts';
import { fullWeight } from './serve.ts';

/**
 * Who may do what: the server refuses by it, and pages explain by it. Who has a role may do all that those before it
 * may: viewers look, operators bring things to a safe state, editors change, admins say who may.
 */
export const roles = ['viewer', 'operator', 'editor', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A role in an environment, in all of a project, or everywhere. */
export const grantSchema = z
  .strictObject({ role: z.enum(roles), project: keySchema.exactOptional(), environment: keySchema.exactOptional() })
  .refine(({ project, environment }) => environment === undefined || project !== undefined, {
    path: ['project'],
    message: 'the project of the environment',
  })
  .readonly();
export const grantsSchema = z.array(grantSchema).max(1000).readonly();
export type Grant = z.output<typeof grantSchema>;

/** What something concerns: an environment, all of a project, or the whole installation. */
export interface PolicyPlace {
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
}

/**
 * The role at a place. The grant that names the place most closely wins, also where it gives less: whoever edits a
 * project can be a viewer of its production. Of two for the same place the higher wins. Undefined: none.
 */
export function findRole(grants: readonly Grant[], place: PolicyPlace): Role | undefined {
  let closest: Grant | undefined;
  for (const grant of grants) {
    if (!covers(grant, place)) continue;
    const closer = closest === undefined ? 1 : closenessOf(grant) - closenessOf(closest);
    if (closer > 0 || (closer === 0 && closest !== undefined && isAtLeast(grant.role, closest.role))) closest = grant;
  }
  return closest?.role;
}

export function hasRole(grants: readonly Grant[], place: PolicyPlace, needed: Role): boolean {
  const role = findRole(grants, place);
  return role !== undefined && isAtLeast(role, needed);
}

/** Whether somebody may look at what concerns the place: who has a role in an environment sees its project too. */
export function maySee(grants: readonly Grant[], place: PolicyPlace): boolean {
  return findRole(grants, place) !== undefined || grants.some((grant) => covers(place, grant));
}

/** What a flag serves before a change. */
export type Served = Pick<FlagConfiguration, 'fallthrough' | 'rules'>;

/**
 * The role that an instruction needs in every environment that it concerns. Whether records of a migration return or go
 * on is seen from what is served there; without it they go on.
 */
export function roleFor(instruction: Instruction, served?: Served): Role {
  switch (instruction.kind) {
    case 'trip':
    case 'restore':
    case 'turn-off':
      return 'operator';
    case 'set-stage':
      return served !== undefined && isReturn(instruction, served) ? 'operator' : 'editor';
    default:
      return 'editor';
  }
}

/**
 * The role that reverting a change needs in every environment where it was made, whatever its instructions need:
 * operators may bring back what somebody who may more had made. What was made since is not theirs to lose, nor is what
 * flags are. `instructions`: those that bring back what was before, as a dry run answers them.
 */
export function roleForRevert(instructions: readonly Instruction[], discardLater: boolean): Role {
  return discardLater || instructions.some((instruction) => isDefinitionInstruction(instruction))
    ? 'editor'
    : 'operator';
}

/** The role that going back to a time needs: it brings back what others made, whoever they were. */
export const roleForRevertSince: Role = 'editor';

export function mayDo(
  grants: readonly Grant[],
  place: PolicyPlace,
  instruction: Instruction,
  served?: Served,
): boolean {
  return hasRole(grants, place, roleFor(instruction, served));
}

/** A place as it stands in a sentence. */
export function describePlace({ project, environment }: PolicyPlace): string {
  if (project === undefined) return 'everywhere';
  return environment === undefined ? `in project \`${project}\`` : `in \`${project}/${environment}\``;
}

/**
 * `sluice migration return`: no record goes further than it was, and those that move go to stages in which both stores
 * are written and the old one is true, so nothing is lost.
 */
function isReturn(move: Extract<Instruction, { kind: 'set-stage' }>, { fallthrough, rules }: Served): boolean {
  const { stage, rollout = [{ stage, weight: fullWeight }], cohort, when, overrule } = move;
  const served = cohort === undefined ? fallthrough : rules.find(({ id }) => id === cohort);
  if (served === undefined || when !== undefined || overrule !== undefined) return false;
  // By which the stages up to one have gained: records are in the order of their stages.
  let gained = 0;
  return stages.every((name) => {
    const shares = rollout.filter((share) => share.stage === name);
    const more = shares.reduce((sum, { weight }) => sum + weight, 0) - weightOfStage(served, name);
    gained += more;
    return gained >= 0 && (more <= 0 || name === 'dualwrite' || name === 'shadow');
  });
}

function covers(wide: PolicyPlace, narrow: PolicyPlace): boolean {
  if (wide.project === undefined) return true;
  if (wide.project !== narrow.project) return false;
  return wide.environment === undefined || wide.environment === narrow.environment;
}

function closenessOf({ project, environment }: PolicyPlace): number {
  return Number(project !== undefined) + Number(environment !== undefined);
}

function isAtLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
