import { areCompatible, type Side, type Stage, stagePlans, stages } from '@sluice/engine';
import type { FlagState, Rule, Serve } from './configuration.ts';
import type { Instruction, Step } from './instructions.ts';
import { listStagesBetween, listStagesInForce, weightOfStage } from './migration.ts';
import { listNames, type Problem, problem } from './problem.ts';
import { spellClauses } from './scope.ts';
import { fullWeight } from './serve.ts';

/**
 * Whether a change may move the records of a migration as it would. It is asked of the whole: what a record's cohort is
 * depends on what the code passes, so any record may meet any stage that is in force; and while a change is on its way
 * the fleet is in what was before and in what comes after.
 *
 * `steps`: what of the change concerns the migration.
 */
export function findUnsafeMove(
  flagBefore: FlagState | undefined,
  flagAfter: FlagState | undefined,
  steps: readonly Step[],
): Problem | undefined {
  // One that takes the place of a flag of another kind, or gives it up, is no less new, or gone.
  const [before, after] = [flagBefore, flagAfter].map((flag) =>
    flag?.definition.kind === 'migration' ? flag : undefined,
  );
  const migration = after ?? before;
  const lastStep = steps.at(-1);
  if (migration === undefined || lastStep === undefined) return undefined;
  const { path, instruction: last } = lastStep;
  const { key } = migration.definition;
  if (after === undefined) return before && findEndProblem(before, path);
  const was = listStagesInForce((before ?? startOf(after)).configuration);
  const is = listStagesInForce(after.configuration);
  const at = `${path}${placeIn(last)}`;
  const moves = listMoves(before, after);
  if (moves.some(({ from, to }) => shareOf(to) < shareOf(from))) {
    return problem(
      at,
      `\`${key}\` has records in \`complete\`, and there is no way back from there: since then writes went to the new store alone, and the old one lacks them. To go back, move the data the other way: a new migration with old and new swapped, and a backfill`,
    );
  }
  const mixed = findPair(is, is);
  if (mixed !== undefined) {
    return problem(
      at,
      `\`${key}\` may not have records in ${listNames(mixed)} at once: ${describeLoss(...mixed)}. In force at once may be ${describeMixtures()}`,
    );
  }
  const onTheWay = findPair(was, is);
  if (onTheWay !== undefined) {
    return problem(
      at,
      `\`${key}\` may not go from \`${onTheWay[0]}\` to \`${onTheWay[1]}\` at once: while the change is on its way some have the one and some the other, and ${describeLoss(...onTheWay)}. ${describeSteps(...onTheWay)}`,
    );
  }
  const unfit = findArchiveProblem(after.definition, is, path);
  if (unfit !== undefined) return unfit;
  const isConfirmed = steps.some(({ instruction }) => 'confirm' in instruction && instruction.confirm === key);
  if (!isConfirmed && moves.some(({ from, to }) => shareOf(to) > shareOf(from))) {
    return problem(
      `${path}.confirm`,
      `there is no way back from \`complete\`: to move records there confirm it with the key of the migration (confirm: "${key}")`,
    );
  }
  return undefined;
}

/** What code gets of a migration that is not there: nothing has moved. */
function startOf({ definition, configuration }: FlagState): FlagState {
  return { definition, configuration: { ...configuration, fallthrough: { variation: 'off' }, rules: [] } };
}

/** Code that still asks for one that is deleted gets its default value, which is `off`; of an archived one it did before. */
function findEndProblem(
  { definition: { key, archived }, configuration }: FlagState,
  path: string,
): Problem | undefined {
  const later = archived ? [] : listStagesInForce(configuration).filter((stage) => !areCompatible(stage, 'off'));
  if (later.length === 0) return undefined;
  return problem(
    path,
    `migration \`${key}\` has records in ${listNames(later)} and cannot be deleted: code that still asks would get its default value, \`off\`, and no longer see what is in the new store. Archive it in \`complete\`, once no code asks, or go back before`,
  );
}

/** So that it comes back from the archive as it was left: nothing is kept in both stores meanwhile. */
function findArchiveProblem(
  { key, archived }: FlagState['definition'],
  inForce: readonly Stage[],
  path: string,
): Problem | undefined {
  const [only] = inForce;
  if (!archived || (inForce.length === 1 && (only === 'off' || only === 'complete'))) return undefined;
  return problem(
    path,
    `migration \`${key}\` has records in ${listNames(inForce)} and can be in the archive only when all are in \`off\`, or all in \`complete\`: code that still asks gets its default value meanwhile, and leaves the new store behind`,
  );
}

/** What in the instruction says the stage. */
function placeIn(instruction: Instruction): string {
  if (instruction.kind === 'replace-configuration') return '.configuration';
  if (instruction.kind !== 'set-stage') return '';
  return instruction.stage === undefined ? '.rollout' : '.stage';
}

type Pair = readonly [Stage, Stage];

/** The first two stages that a record may not be in at once. */
function findPair(some: readonly Stage[], others: readonly Stage[]): Pair | undefined {
  const pairs = some.flatMap((a) => others.map((b): Pair => [a, b]));
  return pairs.find(([a, b]) => !areCompatible(a, b));
}

/** Who would not see what. */
function describeLoss(a: Stage, b: Stage): string {
  const [writer, reader] = isUnseen(a, b) ? [a, b] : [b, a];
  const { authority } = stagePlans[writer];
  return `what is written in \`${writer}\` goes to the ${authority} store alone, while reads in \`${reader}\` are answered by the ${stagePlans[reader].authority} one: they would be stale, and the write lost to them`;
}

function isUnseen(writer: Stage, reader: Stage): boolean {
  const { authority, writesBoth } = stagePlans[writer];
  const answering: Side = stagePlans[reader].authority;
  return !writesBoth && authority !== answering;
}

/** Stages that are compatible with one another; as large as can be. */
function describeMixtures(): string {
  const sets = stages.map((first) =>
    stages.filter((stage) => stages.indexOf(stage) >= stages.indexOf(first) && areCompatible(first, stage)),
  );
  const largest = sets.filter((set) => !sets.some((other) => other.length > set.length && isSubset(set, other)));
  return largest.map((set) => listNames(set)).join('; or ');
}

function isSubset(set: readonly Stage[], other: readonly Stage[]): boolean {
  return set.every((stage) => other.includes(stage));
}

function describeSteps(from: Stage, to: Stage): string {
  const between = listStagesBetween(from, to);
  return between.length > 0
    ? `Go by way of ${listNames(between)}, one change after the other`
    : 'The way back is `shadow` or `dualwrite`: there writes still reach both stores';
}

/** A cohort, or all that are in none. */
interface Place {
  readonly name: string;
  readonly serve: Serve;
}

interface Move {
  readonly from: Place;
  readonly to: Place;
}

/** From where to where a record may go: it leaves a cohort only for one that comes before, or because it is gone. */
function listMoves(before: FlagState | undefined, after: FlagState): readonly Move[] {
  const were = listPlaces(before ?? startOf(after));
  const are = listPlaces(after);
  // Other buckets: whoever was in a share may be in any.
  const isShuffled = before !== undefined && before.configuration.salt !== after.configuration.salt;
  const find = (places: readonly Place[], { name }: Place): number => places.findIndex((place) => place.name === name);
  return were.flatMap((from, fromBefore) =>
    are.flatMap((to, toAfter): readonly Move[] => {
      const [toBefore, fromAfter] = [find(were, to), find(are, from)];
      const isSame = from.name === to.name;
      const mayMove = (toBefore < 0 || fromBefore < toBefore) && (fromAfter < 0 || toAfter < fromAfter);
      if (!isSame && !mayMove) return [];
      return isShuffled ? [{ from: atMost(from), to: atLeast(to) }] : [{ from, to }];
    }),
  );
}

function listPlaces({ configuration: { rules, fallthrough } }: FlagState): readonly Place[] {
  const nameOf = ({ id, clauses }: Rule): string => `${id} ${spellClauses(clauses)}`;
  return [...rules.map((rule) => ({ name: nameOf(rule), serve: rule })), { name: '', serve: fallthrough }];
}

function shareOf({ serve }: Place): number {
  return weightOfStage(serve, 'complete');
}

/** As if all of it were in `complete` where some is. */
function atMost(place: Place): Place {
  return shareOf(place) > 0 ? { ...place, serve: { variation: 'complete' } } : place;
}

/** As if none of it were in `complete` where not all is. */
function atLeast(place: Place): Place {
  return shareOf(place) < fullWeight ? { ...place, serve: { variation: 'off' } } : place;
}
