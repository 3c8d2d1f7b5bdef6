import type { MatterView } from '@sluice/api-client';
import { describeScope } from '@sluice/authoring';
import type { Standing, StandingTrip } from './standing.ts';
import type { Survey } from './survey-fleet.ts';

export interface Situation {
  readonly standing: Standing;
  readonly survey: Survey;
  /** When a version was made; undefined: nobody knows. */
  readonly madeAt: (version: number) => number | undefined;
  readonly now: number;
}

/** Of each kind so many are told, the worst. */
const mattersTold = 200;

/** What is off normal, the worst first: overdue and refused, then late, then tripped, then migrations; the oldest first. */
export function listMatters({ standing, survey, madeAt, now }: Situation): readonly MatterView[] {
  const of = survey.counts.instances;
  const valves = standing.trips.filter((trip) => isOffNormal(trip, now)).map((trip) => toValveMatter(trip, now));
  const refused = survey.refused.map(
    ({ object, reason, instances, names, firstLacking }): MatterView => ({
      kind: 'refused',
      ...(object !== undefined && { [object.kind]: object.key }),
      reason,
      ...{ instances, of, names },
      ...sinceOf(madeAt(firstLacking)),
    }),
  );
  const behind = [...survey.behind].map(
    ([zone, { instances, names, firstLacking }]): MatterView => ({
      kind: 'behind',
      ...(zone !== undefined && { zone }),
      ...{ instances, of, names },
      ...sinceOf(madeAt(firstLacking)),
    }),
  );
  const migrations = standing.migrations.map(
    ({ flag, stages, since, by }): MatterView => ({
      kind: 'migration',
      flag,
      stages,
      ...sinceOf(since),
      ...(by !== undefined && { by }),
    }),
  );
  return [valves, refused, behind, migrations]
    .flatMap((matters) => matters.toSorted(compare).slice(0, mattersTold))
    .sort(compare);
}

/** Whether a trip serves anything but the normal mode, or should have been restored by now. */
export function isOffNormal({ normal, rule }: StandingTrip, now: number): boolean {
  return rule.variation !== normal || rule.trip.expiresAt <= now;
}

function toValveMatter({ flag, rule }: StandingTrip, now: number): MatterView {
  const { by, at: since, reason: why, incident, expiresAt: until } = rule.trip;
  return {
    kind: 'valve',
    flag,
    rule: rule.id,
    // A trip serves one mode.
    mode: rule.variation ?? '',
    scope: describeScope(rule),
    ...{ since, by, why },
    ...(incident !== undefined && { incident }),
    until,
    overdueMs: Math.max(0, now - until),
    isOverdue: until <= now,
  };
}

function sinceOf(since: number | undefined): { readonly since?: number } {
  return since === undefined ? {} : { since };
}

function compare(a: MatterView, b: MatterView): number {
  return rankOf(a) - rankOf(b) || (a.since ?? 0) - (b.since ?? 0);
}

function rankOf(matter: MatterView): number {
  switch (matter.kind) {
    case 'valve':
      return matter.isOverdue ? 0 : 2;
    case 'refused':
      return 0;
    case 'behind':
      return 1;
    case 'migration':
      return 3;
  }
}
