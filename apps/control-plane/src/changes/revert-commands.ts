import {
  type ChangeRequest,
  type Effect,
  type Instruction,
  isDefinitionInstruction,
  listRevertInstructions,
  maySee,
  type Reversal,
  roleForRevert,
} from '@sluice/authoring';
import type { ChangeRow, EnvironmentRow, Writes } from '../database/schema.ts';
import { type Fault, ServerError } from '../errors.ts';
import { findFlags, findSegments } from '../objects/object-queries.ts';
import type { Asking } from '../people/permission.ts';
import { holdEnvironments, holdProject } from '../projects/environment-queries.ts';
import { type Author, applyParts } from './change-commands.ts';
import { getChange, listGroup, listLaterChanges, listTouched } from './change-queries.ts';
import type { AppliedChange, ChangeSurroundings } from './write-change.ts';

export interface RevertCommand {
  readonly project: string;
  readonly environment: string;
  readonly change: string;
  /** Go on even if later changes to the same objects are lost. */
  readonly discardLater: boolean;
}

/**
 * Brings what a change touched back to what it was before, by a change of its own; a change that was made in several
 * environments is reverted in all of them. Refused when later changes would be lost, unless that is wanted. Returns
 * the change of the given environment first.
 */
export async function revertChange(
  writes: Writes,
  { project, environment, change: id, discardLater }: RevertCommand,
  author: Author,
  surroundings: ChangeSurroundings,
): Promise<readonly AppliedChange[]> {
  await holdProject(writes, project);
  const environments = await holdEnvironments(writes, project);
  const own = environments.find(({ key }) => key === environment);
  if (own === undefined) throw new ServerError('not-found', `there is no environment \`${project}/${environment}\``);
  const change = await getChange(writes, own.id, id);
  const group = await listGroup(writes, change);
  if (!discardLater) await refuseLosses(writes, environments, group, author.by);

  const requests = new Map<string, Instruction[]>();
  for (const part of group) requests.set(part.environmentId, await listInstructions(writes, environments, part));
  // Environments that were added since have no part in the change, but they share its definitions.
  const shared = (requests.get(own.id) ?? []).filter((instruction) => isDefinitionInstruction(instruction));
  const ordered = [own, ...environments.filter((candidate) => candidate !== own)];
  const parts = ordered
    .map((row) => ({
      environment: row,
      request: { instructions: requests.get(row.id) ?? shared } satisfies ChangeRequest,
    }))
    .filter(({ request }) => request.instructions.length > 0);
  if (parts.length === 0) throw new ServerError('conflict', 'everything already is as it was before that change');
  const comment = author.comment ?? `reverts version ${change.version}`;
  const needs = roleForRevert(
    parts.flatMap(({ request }) => request.instructions),
    discardLater,
  );
  return applyParts(writes, parts, { ...author, comment, needs }, surroundings);
}

async function listInstructions(
  writes: Writes,
  environments: readonly EnvironmentRow[],
  change: ChangeRow,
): Promise<Instruction[]> {
  const environment = environments.find(({ id }) => id === change.environmentId);
  if (environment === undefined) return [];
  const touched = await listTouched(writes, change);
  const keysOf = (kind: 'flag' | 'segment') => touched.filter(({ id }) => id.kind === kind).map(({ id }) => id.key);
  const flags = await findFlags(writes, environment, keysOf('flag'));
  const segments = await findSegments(writes, environment.id, keysOf('segment'));
  const reversals = touched.map(
    ({ id, before }): Reversal => ({ id, before, now: id.kind === 'flag' ? flags.get(id.key) : segments.get(id.key) }),
  );
  return [...listRevertInstructions(reversals)];
}

async function refuseLosses(
  writes: Writes,
  environments: readonly EnvironmentRow[],
  group: readonly ChangeRow[],
  { grants }: Asking,
): Promise<void> {
  const faults: Fault[] = [];
  for (const change of group) {
    const environment = environments.find(({ id }) => id === change.environmentId);
    if (environment === undefined) continue;
    const { key, projectKey: project } = environment;
    const later = await listLaterChanges(writes, change, lossesTold + 1);
    if (later.length > 0 && !maySee(grants, { project, environment: key })) {
      faults.push({ path: 'discardLater', message: 'changes of an environment that you may not see' });
      continue;
    }
    for (const { version, actor, effectsJson } of later.slice(0, lossesTold)) {
      // Written by this program.
      const effects = JSON.parse(effectsJson) as Effect[];
      const what = listFew(effects.map(({ text }) => text)).join('; ') || 'no effect';
      faults.push({ path: 'discardLater', message: `version ${version} of ${key}, by ${actor}: ${what}` });
    }
    if (later.length > lossesTold) faults.push({ path: 'discardLater', message: `and earlier ones of ${key}` });
  }
  if (faults.length === 0) return;
  throw new ServerError('conflict', 'later changes would be lost; look at them and ask again with discardLater', {
    faults,
  });
}

/** Of the changes that would be lost so many are told for each environment, and so many effects of each. */
const lossesTold = 50;
const effectsTold = 10;

function listFew(texts: readonly string[]): readonly string[] {
  if (texts.length <= effectsTold) return texts;
  return [...texts.slice(0, effectsTold), `and ${texts.length - effectsTold} more`];
}
