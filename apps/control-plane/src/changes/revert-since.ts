import type { RevertSinceView } from '@sluice/api-client';
import {
  describeDifference,
  type FlagState,
  isMadeKey,
  isProblem,
  listRevertInstructions,
  type ObjectId,
  type Problem,
  type Reversal,
  roleForRevertSince,
  type SegmentState,
  sameObject,
} from '@sluice/authoring';
import type { EnvironmentRow, Reads, Writes } from '../database/schema.ts';
import { type Fault, ServerError } from '../errors.ts';
import { findFlags, findSegments } from '../objects/object-queries.ts';
import { holdEnvironment } from '../projects/environment-queries.ts';
import { type Author, applyParts, planRequest, toError } from './change-commands.ts';
import { findState, findWindow, listWindowObjects, listWindowTouches, type WindowTouch } from './change-window.ts';
import type { AppliedChange, ChangeSurroundings } from './write-change.ts';

export interface RevertSinceCommand {
  readonly project: string;
  readonly environment: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Changes made later are not reverted; they may be lost. */
  readonly until?: number | undefined;
  /** Objects to leave as they are: `flag:KEY`, `segment:KEY`. */
  readonly deselect: readonly string[];
  /** Migrations to set back: nothing else has to be named. */
  readonly include: readonly string[];
  /** Go on even if changes after `until` are lost. */
  readonly discardLater: boolean;
  /** Of the environment when the author looked: what came later is not reverted, and conflicts on the same objects. */
  readonly expectedVersion?: number | undefined;
}

export interface RevertedSince {
  readonly view: Omit<RevertSinceView, 'change' | 'status'>;
  /** Undefined: there was nothing to do. */
  readonly applied: AppliedChange | undefined;
}

type State = FlagState | SegmentState;
type Untouched = RevertSinceView['untouched'][number];

/** One that can be set back: `before` is what it becomes. */
interface Candidate extends Reversal {
  readonly name: string;
  readonly isSelected: boolean;
}

/**
 * Sets everything in an environment that was changed since a time back to how it was then, by one change of its own.
 * Definitions belong to all environments and stay. A migration is set back only when it is named.
 */
export async function revertSince(
  writes: Writes,
  command: RevertSinceCommand,
  author: Author,
  surroundings: ChangeSurroundings,
): Promise<RevertedSince> {
  const environment = await holdEnvironment(writes, command.project, command.environment);
  const window = await findWindow(writes, environment.id, {
    ...command,
    upTo: Math.min(command.expectedVersion ?? environment.version, environment.version),
  });
  const judged = await judgeObjects(writes, environment, window, command);
  refuseUnknownNames(command, judged.names);
  const { selected, instructions, blocked } = await chooseFollowable(
    writes,
    environment,
    judged.candidates.filter(({ isSelected }) => isSelected),
    { author, surroundings, include: command.include },
  );
  const listed = judged.candidates.filter((candidate) => !blocked.some((other) => sameObject(other, candidate.id)));
  const touches = await listWindowTouches(writes, environment.id, window);
  const laterTouches = await listWindowTouches(writes, environment.id, { after: window.upTo, upTo: window.seenUpTo });
  const ofObject = (all: readonly WindowTouch[], id: ObjectId) => all.filter((touch) => sameObject(touch, id));
  if (author.isDryRun !== true && !command.discardLater) {
    refuseLosses(selected.flatMap(({ id }) => ofObject(laterTouches, id)));
  }
  const [applied] =
    instructions.length === 0
      ? []
      : await applyParts(
          writes,
          [{ environment, request: { instructions: [...instructions] }, expectedVersion: command.expectedVersion }],
          { ...author, needs: roleForRevertSince, comment: author.comment ?? describe(selected.length, command.since) },
          surroundings,
        );
  return {
    applied,
    view: {
      environment: environment.key,
      since: command.since,
      ...(command.until !== undefined && { until: command.until }),
      version: author.isDryRun === true ? environment.version : (applied?.environment.version ?? environment.version),
      ...(applied === undefined && { because: whyNothing(judged, listed) }),
      objects: listed.map(({ id, before, now, isSelected }) => {
        const own = ofObject(touches, id);
        return {
          ...id,
          ...flagKindOf(now ?? before),
          isSelected,
          ...(!isSelected && isMigration(now) && { reason: migrationReason }),
          effects: describeDifference(id, now, before).map(({ text }) => text),
          changes: own.slice(0, changesTold).map(toTouchView),
          changeCount: judged.counts.get(nameOf(id)) ?? own.length,
          others: [...new Set(own.map(({ actor }) => actor))].filter((actor) => actor !== author.actor),
          later: ofObject(laterTouches, id).slice(0, changesTold).map(toTouchView),
        };
      }),
      untouched: [...judged.untouched, ...blocked],
    },
  };
}

/** So many changes of each object are told. */
const changesTold = 50;
const mostObjects = 500;
const migrationReason = 'a migration is never returned silently: name it to include it, or return it by its stages';

interface Judged {
  readonly candidates: readonly Candidate[];
  readonly untouched: readonly Untouched[];
  /** Of everything that was changed. */
  readonly names: ReadonlySet<string>;
  readonly counts: ReadonlyMap<string, number>;
}

async function judgeObjects(
  reads: Reads,
  environment: EnvironmentRow,
  window: { readonly after: number; readonly upTo: number },
  { deselect, include }: RevertSinceCommand,
): Promise<Judged> {
  const found = (await listWindowObjects(reads, environment.id, window, mostObjects + 1)).filter(
    ({ kind, key }) => kind === 'flag' || !isMadeKey(key),
  );
  if (found.length > mostObjects) {
    const message = `more than ${mostObjects} objects were changed since; choose a later time`;
    throw new ServerError('too-large', message, { faults: [{ path: 'since', message }] });
  }
  const keysOf = (kind: ObjectId['kind']) => found.filter((object) => object.kind === kind).map(({ key }) => key);
  const flags = await findFlags(reads, environment, keysOf('flag'));
  const segments = await findSegments(reads, environment.id, keysOf('segment'));
  const candidates: Candidate[] = [];
  const untouched: Untouched[] = [];
  for (const { kind, key, first, lastChange } of found) {
    const id = { kind, key };
    const name = nameOf(id);
    const then = await findState(reads, environment.id, id, first);
    const now = kind === 'flag' ? flags.get(key) : segments.get(key);
    const { target, reason } =
      kind === 'flag'
        ? // Objects of kind flag have flag states.
          judgeFlag(then as FlagState | undefined, now as FlagState | undefined, lastChange)
        : judgeSegment(then, now);
    const isDifferent = target !== undefined && JSON.stringify(target) !== JSON.stringify(now);
    const isSelected = !deselect.includes(name) && (!isMigration(now) || include.includes(name));
    if (isDifferent) candidates.push({ id, before: target, now, name, isSelected });
    if (reason !== undefined) untouched.push({ ...id, reason });
    else if (!isDifferent) untouched.push({ ...id, reason: 'it is as it was then already' });
  }
  return {
    candidates,
    untouched,
    names: new Set(found.map(nameOf)),
    counts: new Map(found.map((object) => [nameOf(object), object.count])),
  };
}

/** What an object is to become, and what about it stays, and why. */
interface Verdict {
  readonly target?: State;
  readonly reason?: string;
}

function judgeFlag(then: FlagState | undefined, now: FlagState | undefined, lastChange: string): Verdict {
  if (now === undefined) {
    return then === undefined
      ? { reason: 'it was created and deleted since' }
      : { reason: `it was deleted since, in every environment; revert change ${lastChange} to bring it back` };
  }
  const { definition, configuration } = now;
  if (then === undefined) {
    if (definition.archived) return { reason: 'it was created since, and is archived' };
    if (definition.kind !== 'release')
      return { reason: `it was created since, and a ${definition.kind} is not turned off` };
    return configuration.on
      ? { target: { definition, configuration: { ...configuration, on: false } } }
      : { reason: 'it was created since, and is off' };
  }
  if (then.definition.kind !== definition.kind)
    return { reason: `it was a ${then.definition.kind} then, was deleted, and is a ${definition.kind} now` };
  if (definition.archived) return { reason: 'it is archived, in every environment' };
  const isRedefined = JSON.stringify(then.definition) !== JSON.stringify(definition);
  return {
    target: { definition, configuration: then.configuration },
    ...(isRedefined && { reason: 'its definition was changed since, for every environment: that stays' }),
  };
}

function judgeSegment(then: State | undefined, now: State | undefined): Verdict {
  if (then !== undefined) return { target: then };
  return { reason: now === undefined ? 'it was created and deleted since' : 'it was created since, and stays' };
}

interface Choice {
  readonly selected: readonly Candidate[];
  readonly instructions: ReturnType<typeof listRevertInstructions>;
  readonly blocked: readonly Untouched[];
}

/** Leaves out what cannot be set back, one after the other, until the rest can be. */
async function chooseFollowable(
  writes: Writes,
  environment: EnvironmentRow,
  wanted: readonly Candidate[],
  {
    author,
    surroundings: { platform },
    include,
  }: { readonly author: Author; readonly surroundings: ChangeSurroundings; readonly include: readonly string[] },
): Promise<Choice> {
  const blocked: Untouched[] = [];
  for (let selected = wanted; ; ) {
    const instructions = listRevertInstructions(selected);
    if (instructions.length === 0) return { selected, instructions, blocked };
    const plan = await planRequest(writes, environment, { instructions: [...instructions] }, author.actor, platform);
    if (!isProblem(plan)) return { selected, instructions, blocked };
    const obstacle = findAddressee(plan, instructions, selected);
    // Who names one wants it to be set back, or to hear why not.
    if (obstacle === undefined || (author.isDryRun !== true && include.includes(obstacle.name))) throw toError(plan);
    blocked.push({ ...obstacle.id, reason: plan.message });
    selected = selected.filter((candidate) => candidate !== obstacle);
  }
}

function findAddressee(
  { path }: Problem,
  instructions: Choice['instructions'],
  candidates: readonly Candidate[],
): Candidate | undefined {
  const instruction = instructions[Number(/^instructions\[(\d+)\]/.exec(path)?.[1])];
  if (instruction === undefined) return undefined;
  return candidates.find(({ id: { kind, key } }) => kind in instruction && instruction[kind as never] === key);
}

function refuseUnknownNames({ deselect, include }: RevertSinceCommand, names: ReadonlySet<string>): void {
  const faults = Object.entries({ deselect, include }).flatMap(([path, given]) =>
    given.flatMap((name, index): Fault[] =>
      names.has(name)
        ? []
        : [{ path: `${path}[${index}]`, message: `expected what was changed since, got \`${name}\`` }],
    ),
  );
  const [first] = faults;
  if (first !== undefined) throw new ServerError('invalid-request', `${first.path}: ${first.message}`, { faults });
}

function refuseLosses(later: readonly WindowTouch[]): void {
  if (later.length === 0) return;
  const faults = later.slice(0, changesTold).map(
    ({ kind, key, version, actor }): Fault => ({
      path: 'discardLater',
      message: `version ${version} of ${kind} \`${key}\`, by ${actor}`,
    }),
  );
  throw new ServerError('conflict', 'later changes would be lost; look at them and ask again with discardLater', {
    faults,
  });
}

function whyNothing({ names }: Judged, listed: readonly Candidate[]): string {
  if (names.size === 0) return 'nothing was changed since';
  return listed.length === 0 ? 'nothing of what was changed since is to be set back' : 'nothing is selected';
}

function describe(objects: number, since: number): string {
  const what = objects === 1 ? '1 object' : `${objects} objects`;
  return `sets ${what} back to ${new Date(since).toISOString()}`;
}

function toTouchView({ id, version, actor, createdAt, comment }: WindowTouch) {
  return { id, version, actor, createdAt, comment };
}

function nameOf({ kind, key }: ObjectId): string {
  return `${kind}:${key}`;
}

function flagKindOf(state: State | undefined) {
  return state !== undefined && 'definition' in state ? { flagKind: state.definition.kind } : {};
}

function isMigration(state: State | undefined): boolean {
  return state !== undefined && 'definition' in state && state.definition.kind === 'migration';
}
