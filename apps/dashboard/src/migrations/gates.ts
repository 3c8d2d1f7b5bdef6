import type { MigrationBarrierView } from '@sluice/api-client';
import type { MigrationCheck } from '@sluice/authoring';
import { formatCount, formatDuration } from '../ui/duration.ts';
import type { Crossing } from './stage-words.ts';

/** Something that has to be so before the first record goes on. */
export interface Gate {
  readonly name: MigrationCheck | 'instances';
  readonly requirement: string;
  readonly isMet: boolean;
  /** What was measured. */
  readonly value: string;
  /** How far it is, from 0 to 1; undefined: that is no matter of more or less. */
  readonly share?: number | undefined;
  /** What is missing, in things to be counted and time at the present rate. */
  readonly missing?: string | undefined;
}

/** Of the barrier as it is measured. */
export type Measured = Pick<
  MigrationBarrierView,
  'version' | 'ready' | 'checks' | 'comparisons' | 'backfill' | 'repairs'
> & {
  readonly waitsFor: readonly { readonly instance: string; readonly reason: string }[];
};

/** What is looked at before a stage, what is open first. */
export function listGates(
  barrier: Measured,
  before: Crossing,
  { now, backfillEtaMs }: { readonly now: number; readonly backfillEtaMs?: number | undefined },
): readonly Gate[] {
  const gates = [
    // Nobody is waited for before the old store is only kept in step.
    ...(before === 'rampdown' ? [] : [describeInstances(barrier)]),
    ...barrier.checks
      .filter((check) => check.before.includes(before))
      .map(({ name, isPassed, text }): Gate => {
        switch (name) {
          case 'backfill':
            return { name, isMet: isPassed, ...describeBackfill(barrier.backfill, backfillEtaMs) };
          case 'comparisons':
            return { name, isMet: isPassed, ...describeComparisons(barrier.comparisons, now) };
          case 'repairs':
            return { name, isMet: isPassed, ...describeRepairs(barrier.repairs, text) };
        }
        return name satisfies never;
      }),
  ];
  return gates.toSorted((one, other) => Number(one.isMet) - Number(other.isMet));
}

const named = 3;

function describeInstances({ version, ready, waitsFor }: Measured): Gate {
  const all = ready + waitsFor.length;
  const names = waitsFor.slice(0, named).map(({ instance, reason }) => `${instance} ${reason}`);
  const more = waitsFor.length - names.length;
  return {
    name: 'instances',
    requirement: `Every instance has v${formatCount(version)}`,
    isMet: waitsFor.length === 0,
    value: all === 0 ? 'none connected' : `${formatCount(ready)} of ${formatCount(all)}`,
    share: all === 0 ? 1 : ready / all,
    missing:
      waitsFor.length === 0 ? undefined : [...names, ...(more > 0 ? [`${formatCount(more)} more`] : [])].join('; '),
  };
}

type Description = Omit<Gate, 'name' | 'isMet'>;

function describeBackfill({ ranges, verified }: Measured['backfill'], etaMs: number | undefined): Description {
  const requirement = 'Backfill verified on both sides';
  if (ranges === 0) {
    return { requirement, value: 'not begun', share: 0, missing: 'The new store lacks what was in the old one before' };
  }
  const left = ranges - verified;
  const time = etaMs === undefined ? '' : `, about ${formatDuration(etaMs)} until all is copied`;
  return {
    requirement,
    value: `${formatCount(verified)} of ${formatCount(ranges)}`,
    share: verified / ranges,
    missing: left === 0 ? undefined : `${formatCount(left)} ${left === 1 ? 'range' : 'ranges'} to go${time}`,
  };
}

function describeComparisons(
  { since, compared, persistent, enough }: Measured['comparisons'],
  now: number,
): Description {
  const left = Math.max(0, enough - compared);
  // As fast as since the last change; without one there is no rate.
  const etaMs = compared === 0 ? undefined : (left * Math.max(0, now - since)) / compared;
  const time = etaMs === undefined || etaMs === 0 ? '' : `, about ${formatDuration(etaMs)} at this rate`;
  return {
    requirement: 'Fewer than 1 mismatch in 1,000',
    value: compared === 0 ? 'nothing compared' : `${formatCount(persistent)} of ${formatCount(compared)}`,
    share: Math.min(1, compared / enough),
    missing: left === 0 ? undefined : `${formatCount(left)} more clean compares${time}`,
  };
}

function describeRepairs({ depth, oldestMs, dirty }: Measured['repairs'], text: string): Description {
  return {
    requirement: 'No record waits to be repaired',
    value: depth === 0 ? 'none' : `${formatCount(depth)}, oldest ${formatDuration(oldestMs)}`,
    missing: dirty.length === 0 ? undefined : text,
  };
}
