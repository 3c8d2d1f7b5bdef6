import type { BarrierView, CheckView, HoldoutView } from '@sluice/api-client';
import type { Effect, FlagState, Instruction } from '@sluice/authoring';
import type { ChangePlan } from '../changes/plan-change.ts';
import type { EnvironmentRow, ObjectRow, Reads } from '../database/schema.ts';
import { type Fault, ServerError } from '../errors.ts';
import type { ReadFleet } from '../fleet/fleet-record.ts';
import { describeHoldouts, isLive, isNamed, listCrossings, waitsForInstances, whyWaiting } from './barrier.ts';
import { gatherEvidence, hasChecks, listChecks } from './checklist.ts';

interface PlannedChange {
  readonly environment: EnvironmentRow;
  readonly plan: Pick<ChangePlan, 'touches' | 'instructions'>;
  /** What the change touches, as it is stored. */
  readonly stored: readonly ObjectRow[];
  readonly now: number;
}

/** The barriers before a change, and who or what keeps them closed. */
export async function listBarriers(
  reads: Reads,
  { environment, plan, stored, now }: PlannedChange,
  readFleet: ReadFleet,
): Promise<readonly BarrierView[]> {
  const barriers: BarrierView[] = [];
  for (const { id, before, after } of plan.touches) {
    if (id.kind !== 'flag') continue;
    // Objects of kind flag have flag states.
    const crossings = listCrossings(before as FlagState | undefined, after as FlagState | undefined);
    if (crossings.length === 0) continue;
    const { key } = id;
    const version = stored.find((object) => object.kind === 'flag' && object.key === key)?.version ?? 0;
    const fleet = await readFleet(environment.id, reads);
    const everybody = describeHoldouts(fleet, { key, epoch: environment.epoch, version });
    const named = listNamed(plan.instructions, key);
    const found = hasChecks(crossings)
      ? listChecks(await gatherEvidence(reads, { environment, key, version, now }, fleet))
      : [];
    for (const into of crossings) {
      // Whatever is left of stages before `live` goes with `off`.
      if (into === 'off' && !(await hasBeenLive(reads, environment.id, key))) continue;
      const { ready, holdouts } = waitsForInstances(into) ? everybody : nobody;
      const waitsFor = holdouts.filter((holdout) => !isNamed(holdout, named.instances));
      const overruled = holdouts.filter((holdout) => isNamed(holdout, named.instances));
      const checks = found
        .filter((check) => check.before.includes(into))
        .map((check) => (!check.isPassed && named.checks.has(check.name) ? { ...check, isOverruled: true } : check));
      const isOpen = waitsFor.length === 0 && checks.every(isSettled);
      barriers.push({ flag: key, into, isOpen, version, ready, waitsFor, overruled, checks });
    }
  }
  return barriers;
}

const nobody = { ready: 0, holdouts: [] };

function isSettled({ isPassed, isOverruled = false }: CheckView): boolean {
  return isPassed || isOverruled;
}

/** Throws `barrier-closed`, with everybody and everything that is waited for. */
export function refuseClosed(barriers: readonly BarrierView[], instructions: readonly Instruction[]): void {
  const closed = barriers.find(({ isOpen }) => !isOpen);
  if (closed === undefined) return;
  const { flag, into, waitsFor, checks } = closed;
  const index = instructions.findLastIndex((instruction) => 'flag' in instruction && instruction.flag === flag);
  const path = `instructions[${index}].overrule`;
  const faults = waitsFor.slice(0, holdoutsTold).map(({ instance, reason }): Fault => {
    return { path, message: `${instance}: ${reason}` };
  });
  const rest = waitsFor.length - faults.length;
  if (rest > 0) faults.push({ path, message: `and ${rest} more` });
  const failed = checks.filter((check) => !isSettled(check));
  faults.push(...failed.map(({ name, text }) => ({ path, message: `${name}: ${text}` })));
  const conditions = [
    ...(waitsFor.length > 0 ? [describeWaiting(closed)] : []),
    ...(failed.length > 0 ? [`while a check is not passed: ${failed.map(({ name }) => name).join(', ')}`] : []),
  ];
  throw new ServerError(
    'barrier-closed',
    `no record of \`${flag}\` may go to \`${into}\` ${conditions.join('; nor ')}. Try again when nothing stands in the way, or name what is not to be waited for (\`overrule\` of \`set-stage\`)`,
    { faults },
  );
}

function describeWaiting({ into, version, waitsFor }: BarrierView): string {
  const who = waitsFor.length === 1 ? '1 instance is' : `${waitsFor.length} instances are`;
  return `before every instance has version ${version}, ${whyWaiting(into)}: ${who} waited for`;
}

/** So many of those that are waited for are told. */
const holdoutsTold = 100;

/** Whom and what a change did not wait for, for the history. */
export function describeOverruled(barriers: readonly BarrierView[], instructions: readonly Instruction[]): Effect[] {
  return barriers.flatMap(({ flag, into, overruled, checks }) => {
    const why = listReasons(instructions, flag);
    const object = { kind: 'flag' as const, key: flag };
    const texts = [
      ...(overruled.length > 0 ? [`did not wait before \`${into}\` for ${listHoldouts(overruled)}: ${why}`] : []),
      ...checks
        .filter(({ isOverruled }) => isOverruled)
        .map(({ name, text }) => `did not wait before \`${into}\` for ${name} (${text}): ${why}`),
    ];
    return texts.map((text) => ({ object, text }));
  });
}

function listHoldouts(overruled: readonly HoldoutView[]): string {
  const named = overruled.slice(0, 10).map(({ instance, reason }) => `${instance} (${reason})`);
  const rest = overruled.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

function listOverrules(instructions: readonly Instruction[], flag: string) {
  return instructions.flatMap((instruction) =>
    'overrule' in instruction && instruction.flag === flag && instruction.overrule !== undefined
      ? [instruction.overrule]
      : [],
  );
}

/** What they name, by whom or what nothing is to wait for. */
export function listNamed(instructions: readonly Instruction[], flag: string) {
  const overrules = listOverrules(instructions, flag);
  return {
    instances: new Set(overrules.flatMap(({ instances = [] }) => instances)),
    checks: new Set(overrules.flatMap(({ checks = [] }) => checks)),
  };
}

function listReasons(instructions: readonly Instruction[], flag: string): string {
  return [...new Set(listOverrules(instructions, flag).map(({ reason }) => reason))].join('; ');
}

/** Whether any record ever was in `live` or later: somebody may be left there. */
async function hasBeenLive(reads: Reads, environmentId: string, key: string): Promise<boolean> {
  const rows = await reads
    .selectFrom('changeObjects')
    .select('afterJson')
    .where('environmentId', '=', environmentId)
    .where('kind', '=', 'flag')
    .where('key', '=', key)
    .where('afterJson', 'is not', null)
    .execute();
  // Written by this program, and not null by the query.
  return rows.some(({ afterJson }) => isLive(JSON.parse(afterJson ?? '') as FlagState));
}
