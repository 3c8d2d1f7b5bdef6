import type { SubjectKind, SubjectTally } from '@sluice/protocol';
import type { Reads } from '../database/schema.ts';
import { findLevel, startOf, type TelemetryLevel } from './telemetry-levels.ts';
import { parseTally } from './telemetry-rollup.ts';

/** What was counted of a subject in a period. */
export interface CountedPeriod {
  /** Of the period. */
  readonly start: number;
  readonly tally: SubjectTally;
}

/** A stretch of time up to now, in whole periods. */
export interface Span {
  readonly level: TelemetryLevel;
  /** The first period begins here. */
  readonly from: number;
  readonly to: number;
}

export function spanOf(now: number, windowMs: number, mostPeriods: number): Span {
  const level = findLevel(windowMs, mostPeriods);
  return { level, from: startOf(level, now - windowMs), to: now };
}

export interface Asked {
  readonly environmentId: string;
  readonly kinds: readonly SubjectKind[];
  /** Undefined: of all subjects. */
  readonly key: string | undefined;
}

/** What was counted in a span, by subject and period; several of one period add up. */
export async function listCounted(
  reads: Reads,
  asked: Asked,
  { level, from }: Span,
): Promise<readonly CountedPeriod[]> {
  let query = reads
    .selectFrom('telemetry')
    .select(['kind', 'key', 'start', 'tallyJson'])
    .where('environmentId', '=', asked.environmentId)
    .where('kind', 'in', asked.kinds)
    .where('start', '>=', from)
    // What is not added up yet is found in finer levels; one statement sees all of it once.
    .where((expression) =>
      expression.or([
        expression('periodMs', '=', level.periodMs),
        expression.and([expression('periodMs', '<', level.periodMs), expression('rolledUp', '=', 0)]),
      ]),
    )
    .orderBy('kind')
    .orderBy('key')
    .orderBy('start')
    .orderBy('part');
  if (asked.key !== undefined) query = query.where('key', '=', asked.key);
  const rows = await query.execute();
  return rows.map((row) => ({ start: startOf(level, row.start), tally: parseTally(row) }));
}
