import type { MigrationBarrierView } from '@sluice/api-client';
import { type Stage, stagePlans, stages } from '@sluice/engine';

/** What a stage does, in three or four words. */
export const stageWords: Readonly<Record<Stage, string>> = {
  off: 'Old store only',
  dualwrite: 'Writes go to both',
  shadow: 'New store compared',
  live: 'New store answers',
  rampdown: 'Old store kept in step',
  complete: 'New store only',
};

/** What moving the first records to a stage means. */
export const advanceWords: Readonly<Record<Exclude<Stage, 'off'>, string>> = {
  dualwrite: 'Writes go to both. The old store answers, as now.',
  shadow: 'Reads are compared too. The old store answers, as now.',
  live: 'The new store answers. Writes keep going to both.',
  rampdown: 'Comparing stops. Writes keep going to both.',
  complete: 'The old store is not written any more. There is no way back.',
};

/** Whose answers are true, as the page begins. */
export function describeTruth(inForce: readonly Stage[]): string {
  const sides = new Set(inForce.map((stage) => stagePlans[stage].authority));
  if (sides.size > 1) return 'Either store is true, by record';
  return sides.has('new') ? 'The new store is true' : 'The old store is true';
}

/** Where records can go back to, the nearest safe place first. Nothing comes back from `complete`. */
export function listReturnTargets(inForce: readonly Stage[]): readonly Stage[] {
  switch (inForce.at(-1)) {
    case 'dualwrite':
      return ['off'];
    case 'shadow':
      return ['dualwrite', 'off'];
    case 'live':
      return ['shadow', 'dualwrite'];
    case 'rampdown':
      return ['shadow', 'dualwrite', 'live'];
    default:
      return [];
  }
}

interface ReturnFacts {
  readonly inForce: readonly Stage[];
  readonly repairs: Pick<MigrationBarrierView['repairs'], 'depth' | 'dirty'> | undefined;
}

/** What going back means: first for the records, then how. */
export function describeReturn(to: Stage, { inForce, repairs }: ReturnFacts): readonly [string, string] {
  const last = inForce.at(-1) ?? 'off';
  const answersChange = stagePlans[last].authority !== stagePlans[to].authority;
  if (to === 'off') {
    return [
      'The old store has every write, 0 records lost.',
      'The new store is not written any more, and lacks what comes from now on.',
    ];
  }
  const who = answersChange ? 'The old store answers again.' : `The ${stagePlans[to].authority} store answers, as now.`;
  const compares = inForce.some((stage) => stagePlans[stage].compares);
  const comparing =
    compares === stagePlans[to].compares ? '' : stagePlans[to].compares ? ' Comparing begins.' : ' Comparing stops.';
  return [describeWrites(answersChange, repairs), `${who}${comparing}`];
}

/** What the old store is still to be told matters only where it is to answer. */
function describeWrites(answersChange: boolean, repairs: ReturnFacts['repairs']): string {
  if (!answersChange) return 'Writes keep going to both, 0 records lost.';
  if (repairs === undefined) return 'Writes keep going to both.';
  const { depth, dirty } = repairs;
  if (dirty.length > 0) {
    return `Writes keep going to both. The old store may lack records that ${dirty.join(', ')} could not keep.`;
  }
  if (depth === 0) return 'Writes keep going to both, 0 records lost.';
  return depth === 1
    ? 'Writes keep going to both. 1 record is older in the old store until it is repaired.'
    : `Writes keep going to both. ${depth} records are older in the old store until they are repaired.`;
}

/** Which store a stage has as what: `true`, kept `in step`, or `unused`. */
export function laneOf(side: 'old' | 'new', stage: Stage): 'true' | 'in step' | 'unused' {
  const { authority, writesBoth } = stagePlans[stage];
  if (authority === side) return 'true';
  return writesBoth ? 'in step' : 'unused';
}

const crossings = ['live', 'rampdown', 'complete'] as const;
export type Crossing = (typeof crossings)[number];

/** The next stage that something is looked at before; undefined: all of them are behind. */
export function findCrossing(inForce: readonly Stage[]): Crossing | undefined {
  const last = stages.indexOf(inForce.at(-1) ?? 'off');
  return crossings.find((crossing) => stages.indexOf(crossing) > last);
}
