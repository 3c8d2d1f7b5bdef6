import type { BarrierView } from '@sluice/api-client';
import {
  type ChangeRequest,
  type Instruction,
  isDefinitionInstruction,
  isProblem,
  isSegmentInstruction,
  type ObjectId,
  type Problem,
  type Role,
  roleFor,
  sameObject,
} from '@sluice/authoring';
import type { EnvironmentRow, ObjectRow, Reads, Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import { findArchiveProblem } from '../migrations/archive-guard.ts';
import { describeOverruled, listBarriers, refuseClosed } from '../migrations/pass-barriers.ts';
import { answer, findFlags, findObjects } from '../objects/object-queries.ts';
import { type Asking, refuseBlind, refuseWithout } from '../people/permission.ts';
import type { Platform } from '../platform.ts';
import { holdEnvironment, holdEnvironments, holdProject } from '../projects/environment-queries.ts';
import { checkCompiled } from './check-compiled.ts';
import { type ChangePlan, planChange } from './plan-change.ts';
import {
  type AppliedChange,
  type ChangeSurroundings,
  changesNothing,
  leaveUnchanged,
  writeChange,
} from './write-change.ts';

/** Who wants a change, and why. */
export interface Author {
  readonly actor: string;
  /** Whose permissions count. */
  readonly by: Asking;
  /** The role that it takes; else what its instructions need. */
  readonly needs?: Role | undefined;
  readonly comment: string | undefined;
  /** It is only tried: a barrier that is closed refuses nothing, and is told of. */
  readonly isDryRun?: boolean | undefined;
}

/** What one environment is asked for; the environment is held. */
export interface EnvironmentPart {
  readonly environment: EnvironmentRow;
  readonly request: ChangeRequest;
  /** The environment's version as the author saw it: conflicts when an object that is touched has changed since. */
  readonly expectedVersion?: number | undefined;
}

interface PlannedPart {
  readonly environment: EnvironmentRow;
  readonly plan: ChangePlan;
  readonly stored: readonly ObjectRow[];
  readonly barriers: readonly BarrierView[];
}

/**
 * Applies a change to an environment. Instructions about definitions are followed in every environment of the
 * project, as changes of one group. Returns the change of the given environment first.
 */
export async function applyChange(
  writes: Writes,
  where: { readonly project: string; readonly environment: string },
  change: Omit<EnvironmentPart, 'environment'>,
  author: Author,
  surroundings: ChangeSurroundings,
): Promise<readonly AppliedChange[]> {
  const { request } = change;
  if (!request.instructions.some(isDefinitionInstruction)) {
    const environment = await holdEnvironment(writes, where.project, where.environment);
    return applyParts(writes, [{ ...change, environment }], author, surroundings);
  }
  await holdProject(writes, where.project);
  const environments = await holdEnvironments(writes, where.project);
  const own = environments.find(({ key }) => key === where.environment);
  if (own === undefined)
    throw new ServerError('not-found', `there is no environment \`${where.project}/${where.environment}\``);
  const others = environments.filter((environment) => environment !== own);
  const shared: ChangeRequest = {
    ...request,
    instructions: request.instructions.filter((i) => isDefinitionInstruction(i)),
  };
  return applyParts(
    writes,
    [{ ...change, environment: own }, ...others.map((environment) => ({ environment, request: shared }))],
    author,
    surroundings,
  );
}

/** Applies instructions about definitions, in every environment of a project. */
export async function applyToProject(
  writes: Writes,
  project: string,
  instructions: Instruction[],
  author: Author,
  surroundings: ChangeSurroundings,
): Promise<readonly AppliedChange[]> {
  await holdProject(writes, project);
  const environments = await holdEnvironments(writes, project);
  if (environments.length === 0) {
    throw new ServerError('conflict', `project \`${project}\` has no environment yet; create one first`);
  }
  const parts = environments.map((environment) => ({ environment, request: { instructions } }));
  return applyParts(writes, parts, author, surroundings);
}

/**
 * Applies a change to held environments, one part each, all or nothing. Parts beyond the first make it a group. What
 * leaves everything as it is is not recorded: nobody could revert it, and waiting for a new version would be in vain.
 */
export async function applyParts(
  writes: Writes,
  parts: readonly EnvironmentPart[],
  author: Author,
  surroundings: ChangeSurroundings,
): Promise<readonly AppliedChange[]> {
  const { actor, comment = '', isDryRun = false } = author;
  for (const { environment, request } of parts) refuseUnseen(author.by, environment, request);
  if (!isDryRun) for (const part of parts) await refuseUnlessMay(writes, part, author);
  // All are planned before anything is written, so that each sees the definitions as they were.
  const planned: PlannedPart[] = [];
  const problems: { readonly problem: Problem; readonly environment: string }[] = [];
  for (const part of parts) {
    const outcome = await planPart(writes, part, actor, surroundings);
    if (isProblem(outcome)) problems.push({ problem: outcome, environment: part.environment.key });
    else planned.push(outcome);
  }
  const [first] = problems;
  if (first !== undefined) throw toError(first.problem, problems.length < parts.length ? first.environment : undefined);
  if (planned.every(({ plan }) => changesNothing(plan))) {
    return planned.map((part) => leaveUnchanged({ ...part, comment, actor, groupId: null }, surroundings.platform));
  }
  if (!isDryRun) for (const { barriers, plan } of planned) refuseClosed(barriers, plan.instructions);
  const groupId = parts.length > 1 ? createId(surroundings.platform) : null;
  const applied: AppliedChange[] = [];
  for (const part of planned) {
    applied.push(await writeChange(writes, { ...part, comment, actor, groupId }, surroundings));
  }
  return applied;
}

/** Refuses, also where nothing is written, what would tell of an environment that somebody may not see. */
export function refuseUnseen(
  by: Asking,
  { projectKey: project }: EnvironmentRow,
  { instructions }: ChangeRequest,
): void {
  for (const instruction of instructions) {
    if (instruction.kind === 'copy-configuration') refuseBlind(by, { project, environment: instruction.from });
  }
}

async function refuseUnlessMay(
  writes: Writes,
  { environment, request }: EnvironmentPart,
  { by, needs }: Author,
): Promise<void> {
  const needed = needs === undefined ? await listNeeded(writes, environment, request) : [needs];
  const place = { project: environment.projectKey, environment: environment.key };
  for (const role of new Set(needed)) await refuseWithout(writes, by, place, role);
}

/** What is served matters where records of a migration move. */
async function listNeeded(
  reads: Reads,
  environment: EnvironmentRow,
  { flag, instructions }: ChangeRequest,
): Promise<readonly Role[]> {
  const moves = instructions.filter((instruction) => instruction.kind === 'set-stage');
  const keyOf = (move: (typeof moves)[number]): string => move.flag ?? flag ?? '';
  const flags = await findFlags(reads, environment, moves.map(keyOf));
  return instructions.map((instruction) => {
    if (instruction.kind !== 'set-stage') return roleFor(instruction);
    return roleFor(instruction, flags.get(keyOf(instruction))?.configuration);
  });
}

async function planPart(
  writes: Writes,
  { environment, request, expectedVersion }: EnvironmentPart,
  actor: string,
  { platform, readFleet }: ChangeSurroundings,
): Promise<PlannedPart | Problem> {
  const plan = await planRequest(writes, environment, request, actor, platform);
  if (isProblem(plan)) return plan;
  for (const id of plan.affected) checkCompiled(id, plan.compile(id, environment.version + 1));
  const stored = await findStored(writes, environment, plan.affected);
  if (expectedVersion !== undefined) refuseConflict(environment, plan, stored, expectedVersion);
  const unfit = await findArchiveProblem(writes, { environment, plan, now: platform.now() });
  if (unfit !== undefined) return unfit;
  const barriers = await listBarriers(writes, { environment, plan, stored, now: platform.now() }, readFleet);
  const effects = [...plan.effects, ...describeOverruled(barriers, plan.instructions)];
  return { environment, plan: { ...plan, effects }, stored, barriers };
}

/** What a request comes to in an environment as it is now; nothing is written. */
export function planRequest(
  reads: Reads,
  environment: EnvironmentRow,
  request: ChangeRequest,
  actor: string,
  platform: Platform,
): Promise<ChangePlan | Problem> {
  return answer(reads, environment, {
    ask: (lookup) => planChange(request, lookup),
    about: listAddressed(request),
    told: { createId: () => createId(platform, 8), actor, now: platform.now() },
  });
}

/** Whom the instructions concern. */
export function listAddressed({ flag, segment, instructions }: ChangeRequest): readonly ObjectId[] {
  return instructions.flatMap((instruction): readonly ObjectId[] => {
    if (isSegmentInstruction(instruction)) {
      const key = instruction.segment ?? segment;
      return key === undefined ? [] : [{ kind: 'segment', key }];
    }
    const key = instruction.flag ?? flag;
    return key === undefined ? [] : [{ kind: 'flag', key }];
  });
}

/** `environment`: the one that has the problem while others do not. */
export function toError({ code, path, message }: Problem, environment?: string): ServerError {
  const text = environment === undefined ? message : `${message} (in environment \`${environment}\`)`;
  return new ServerError(code ?? 'invalid-change', text, { faults: [{ path, message: text }] });
}

async function findStored(
  writes: Writes,
  { id }: EnvironmentRow,
  objects: readonly ObjectId[],
): Promise<readonly ObjectRow[]> {
  const keysOf = (kind: ObjectId['kind']) => objects.filter((object) => object.kind === kind).map(({ key }) => key);
  return [
    ...(await findObjects(writes, id, 'flag', keysOf('flag'))),
    ...(await findObjects(writes, id, 'segment', keysOf('segment'))),
  ];
}

function refuseConflict(
  { key, version }: EnvironmentRow,
  { touches }: ChangePlan,
  stored: readonly ObjectRow[],
  expectedVersion: number,
): void {
  if (expectedVersion > version) {
    const message = `environment \`${key}\` is at version ${version} and has not been at ${expectedVersion} yet`;
    throw new ServerError('conflict', `${message}; read it again, and take the version from there`, {
      faults: [{ path: 'expectedVersion', message: `expected at most ${version}, got ${expectedVersion}` }],
    });
  }
  const changed = stored.filter(
    (row) => row.touchedVersion > expectedVersion && touches.some(({ id }) => sameObject(id, row)),
  );
  if (changed.length === 0) return;
  const names = changed
    .map(({ kind, key, touchedVersion }) => `${kind} \`${key}\` in version ${touchedVersion}`)
    .join(', ');
  throw new ServerError('conflict', `somebody else changed ${names}, after version ${expectedVersion}`, {
    faults: [{ path: 'expectedVersion', message: `expected nothing newer than ${expectedVersion}, got ${names}` }],
  });
}
