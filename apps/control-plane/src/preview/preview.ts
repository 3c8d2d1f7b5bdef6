import type { DecidedView, PreviewView } from '@sluice/api-client';
import {
  type ChangeRequest,
  type FlagState,
  isProblem,
  type Lookup,
  type ObjectId,
  sameObject,
} from '@sluice/authoring';
import type { Channel } from '@sluice/delivery';
import type { Context } from '@sluice/engine';
import { listAddressed, refuseUnseen, toError } from '../changes/change-commands.ts';
import { type ChangePlan, planChange } from '../changes/plan-change.ts';
import { findSample, readSample, type Sample } from '../contexts/context-queries.ts';
import type { Database, EnvironmentRow } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { createRulesetOf } from '../evaluations/ruleset-of.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { createId } from '../ids.ts';
import { answer } from '../objects/object-queries.ts';
import type { Actor } from '../people/actor.ts';
import { nextTurn, type Platform } from '../platform.ts';
import { AnswerComparison, LineTally } from './compare-answers.ts';
import { describeShare } from './share.ts';

export interface PreviewSurroundings {
  readonly db: Database;
  readonly platform: Platform;
  readonly sampleSize: number;
  readonly actor: Actor;
  /** Aborted when nobody wants to know any more. */
  readonly signal: AbortSignal;
}

interface ConcernedFlag {
  readonly key: string;
  readonly before: FlagState | undefined;
  readonly after: FlagState | undefined;
}

/** Evaluates the flags that a change concerns for the sampled contexts, as they are and as it would leave them. */
export async function previewChange(
  environment: EnvironmentRow,
  channel: Channel,
  request: ChangeRequest,
  surroundings: PreviewSurroundings,
): Promise<PreviewView> {
  const { db, platform, actor, sampleSize } = surroundings;
  refuseUnseen(actor, environment, request);
  const planned = await answer(db, environment, {
    ask: (lookup) => {
      const plan = planChange(request, lookup);
      return isProblem(plan) ? plan : { plan, flags: listConcerned(plan, request.flag, lookup) };
    },
    about: listAddressed(request),
    told: { createId: () => createId(platform, 8), actor: actor.name, now: platform.now() },
  });
  if (isProblem(planned)) throw toError(planned);
  const { plan, flags } = planned;
  const keys = flags.map(({ key }) => key);
  const findNow = ({ kind, key }: ObjectId) => channel.log.find(kind, key)?.json;
  const before = createRulesetOf(keys, findNow);
  const after = createRulesetOf(keys, (id) =>
    plan.affected.some((affected) => sameObject(affected, id))
      ? plan.compile(id, environment.version + 1)
      : findNow(id),
  );
  const comparisons = flags.map(
    ({ key, ...state }) =>
      new AnswerComparison(key, { ruleset: before, state: state.before }, { ruleset: after, state: state.after }),
  );
  const sample = await findSample(db, environment.id, sampleSize);
  const sampled = await visitSample(sample, surroundings, (context) => {
    for (const comparison of comparisons) comparison.add(context);
  });
  const shareOf = ({ changed }: { readonly changed: number }) => describeShare(changed, sampled, sample.seen);
  const [first] = comparisons;
  return {
    effects: plan.effects.map(({ object, text }) => ({ ...object, text })),
    ...describeSample(sample, sampled),
    ...(first !== undefined && { flag: first.flag }),
    ...shareOf(first ?? { changed: 0 }),
    ...(first?.describe() ?? { transitions: [], examples: [], lines: { before: [], after: [] } }),
    flags: comparisons.map((comparison) => ({ flag: comparison.flag, ...shareOf(comparison) })),
  };
}

/** At which line of a flag the sampled contexts are decided. */
export async function decideSample(
  environment: EnvironmentRow,
  channel: Channel,
  flag: string,
  surroundings: PreviewSurroundings,
): Promise<DecidedView> {
  const state = await getFlag(surroundings.db, environment, flag);
  const ruleset = createRulesetOf([flag], ({ kind, key }) => channel.log.find(kind, key)?.json);
  const tally = new LineTally(flag, { ruleset, state });
  const sample = await findSample(surroundings.db, environment.id, surroundings.sampleSize);
  const sampled = await visitSample(sample, surroundings, (context) => void tally.decide(context));
  return { flag, ...describeSample(sample, sampled), lines: tally.list() };
}

function describeSample({ seen, oldestAt }: Sample, sampled: number) {
  return { sampled, seen: Math.max(seen, sampled), ...(oldestAt !== undefined && { oldestAt }) };
}

const mostFlags = 50;
const mostObjects = 1000;

/** The flag of the change, what else it touches, and who requires or asks any of it, however far away. */
function listConcerned(
  { touches }: ChangePlan,
  flag: string | undefined,
  { findFlag, listDependents }: Lookup,
): readonly ConcernedFlag[] {
  const ids = touches.map(({ id }) => id).toSorted((a, b) => rankOf(b, flag) - rankOf(a, flag));
  const found = new Map(ids.map((id) => [`${id.kind}/${id.key}`, id]));
  // Maps visit what is added meanwhile.
  for (const id of found.values()) {
    if (found.size >= mostObjects) break;
    for (const dependent of listDependents(id)) found.set(`${dependent.kind}/${dependent.key}`, dependent);
  }
  return [...found.values()]
    .filter(({ kind }) => kind === 'flag')
    .slice(0, mostFlags)
    .map((id) => {
      const touch = touches.find((candidate) => sameObject(candidate.id, id));
      const before = findFlag(id.key);
      // Objects of kind flag have flag states.
      return { key: id.key, before, after: touch === undefined ? before : (touch.after as FlagState | undefined) };
    });
}

function rankOf({ kind, key }: ObjectId, flag: string | undefined): number {
  return kind === 'flag' && key === flag ? 1 : 0;
}

/** So long other work waits at most. */
const sliceMs = 4;

/** Shows every context of a sample, in slices; resolves with how many there were. */
async function visitSample(
  sample: Sample,
  { db, platform, signal }: PreviewSurroundings,
  visit: (context: Context) => void,
): Promise<number> {
  let count = 0;
  for await (const contexts of readSample(db, sample, platform)) {
    let startedAt = platform.elapsed();
    for (const context of contexts) {
      visit(context);
      count++;
      if (platform.elapsed() - startedAt < sliceMs) continue;
      await nextTurn(platform);
      startedAt = platform.elapsed();
    }
    if (signal.aborted) throw new ServerError('unavailable', 'whoever asked for the preview has gone');
  }
  return count;
}
