import type { BarrierView, HoldoutView } from '@sluice/api-client';
import { type FlagState, listStagesInForce } from '@sluice/authoring';
import { type Stage, stagePlans } from '@sluice/engine';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { describeRefusal, type Instance, nameOf } from '../fleet/instance.ts';

/**
 * A change is on its way to the fleet for a while, and an instance that is out of contact for longer. Into some stages
 * the first record may go only once nobody can be left in what is not compatible with them.
 */
export type Crossing = BarrierView['into'];

interface Barrier {
  /** Whether a stage is behind it. */
  readonly has: (stage: Stage) => boolean;
  /** What an instance that is left behind would do to the records; undefined: no harm, and none is waited for. */
  readonly harm: string | undefined;
}

const barriers: Readonly<Record<Crossing, Barrier>> = {
  live: {
    has: (stage) => stagePlans[stage].authority === 'new',
    harm: 'since who is left in `off` would write to the old store alone',
  },
  // All stages from `dualwrite` to `rampdown` may be in force at once, for as long as it takes.
  rampdown: { has: (stage) => stage === 'rampdown' || stage === 'complete', harm: undefined },
  complete: {
    has: (stage) => stage === 'complete',
    harm: 'since who is left in a stage before `live` would read from the old store',
  },
  off: {
    has: (stage) => stage === 'off',
    harm: 'since who is left in `live` or later would read from the new store',
  },
};

export function waitsForInstances(into: Crossing): boolean {
  return barriers[into].harm !== undefined;
}

export function whyWaiting(into: Crossing): string {
  return barriers[into].harm ?? '';
}

/** The barriers that a change would take a migration through: behind them some record is after it, and none was before. */
export function listCrossings(before: FlagState | undefined, after: FlagState | undefined): readonly Crossing[] {
  const migration = after ?? before;
  // Of one in the archive code gets its default value already.
  if (migration?.definition.kind !== 'migration' || (after === undefined && migration.definition.archived)) return [];
  const was = before?.definition.kind === 'migration' ? listStagesInForce(before.configuration) : (['off'] as const);
  // Code gets its default value of one that is deleted, which is `off`.
  const is = after === undefined ? (['off'] as const) : listStagesInForce(after.configuration);
  return (['live', 'rampdown', 'complete', 'off'] as const).filter(
    (into) => is.some(barriers[into].has) && !was.some(barriers[into].has),
  );
}

/** Whether any record is in `live` or later. */
export function isLive({ definition, configuration }: FlagState): boolean {
  return definition.kind === 'migration' && listStagesInForce(configuration).some(barriers.live.has);
}

export interface Question {
  readonly key: string;
  readonly epoch: string;
  /** The environment's version that last altered what SDKs get of the migration. */
  readonly version: number;
}

/** Every instance that may still be in what the migration was before, and how many are not. */
export function describeHoldouts(
  { instances }: FleetRecord,
  question: Question,
): { readonly ready: number; readonly holdouts: readonly HoldoutView[] } {
  const processes = instances.flatMap(listProcesses);
  const holdouts = processes.flatMap((process): readonly HoldoutView[] => {
    const reason = findReason(process, question);
    if (reason === undefined) return [];
    const { arrival, isForeign, contact, version, epoch, oldestVersion } = process;
    return [
      {
        instance: nameOf(process),
        sdk: arrival.sdk,
        isForeign,
        reason:
          contact.kind === 'lost' ? `${reason}; it is out of contact, and may be running for all we know` : reason,
        ...(epoch === question.epoch && { version }),
        ...(oldestVersion !== undefined && { oldestVersion }),
      },
    ];
  });
  return { ready: processes.length - holdouts.length, holdouts };
}

/** Whoever is there, and those before it whose leases have not ended: a new process does not prove that they have. */
function listProcesses(instance: Instance): readonly Instance[] {
  const before = instance.before.map(({ leaseEndsAt, ...process }): Instance => {
    return { ...instance, ...process, contact: { kind: 'lost', leaseEndsAt } };
  });
  return instance.contact.kind === 'gone' ? before : [instance, ...before];
}

/** Undefined: it has the version, and nothing of an earlier one is going on in it. */
function findReason(instance: Instance, { key, epoch, version }: Question): string | undefined {
  const { isForeign, arrival, refused, oldestVersion } = instance;
  if (isForeign) return `its SDK (${arrival.sdk}) cannot tell what it runs`;
  if (instance.epoch !== epoch) return 'has told of no version yet';
  if (instance.version < version) return `runs version ${instance.version}`;
  if (refused.some((object) => object.kind === 'flag' && object.key === key && object.version >= version)) {
    return `could not use it: ${describeRefusal(instance)}`;
  }
  if (oldestVersion !== undefined && oldestVersion < version) {
    return oldestVersion === 0
      ? 'has an operation that began before it had any version'
      : `has an operation that began under version ${oldestVersion}`;
  }
  return undefined;
}

/** Whether somebody said by name not to wait: for the instance, or for all with that SDK, which can tell nothing. */
export function isNamed({ instance, sdk, isForeign }: HoldoutView, names: ReadonlySet<string>): boolean {
  return names.has(instance) || (isForeign && names.has(sdk));
}
