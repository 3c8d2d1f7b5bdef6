import { type SubjectKind, SubjectTally } from '@sluice/protocol';
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Reads, Tables, TelemetryRow } from '../database/schema.ts';
import { nextTurn, type Platform } from '../platform.ts';
import { BusiestRoutes } from './busiest-routes.ts';
import { findLevel, startOf, type TelemetryLevel } from './telemetry-levels.ts';

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
  readonly key: string;
}

/** Which of the rows are meant. */
type Condition = (expression: ExpressionBuilder<Tables, 'telemetry'>) => Expression<SqlBool>;

/** What is not added up yet is found in finer levels; one statement sees all of a subject once. */
export function isWithin({ level, from }: Span): Condition {
  return (expression) =>
    expression.and([
      expression('start', '>=', from),
      expression.or([
        expression('periodMs', '=', level.periodMs),
        expression.and([expression('periodMs', '<', level.periodMs), expression('rolledUp', '=', 0)]),
      ]),
    ]);
}

/** What was counted in a span, by subject and period; several of one period add up. */
export async function listCounted(
  reads: Reads,
  { environmentId, kinds, key }: Asked,
  span: Span,
): Promise<readonly CountedPeriod[]> {
  const rows = await reads
    .selectFrom('telemetry')
    .select(['kind', 'key', 'start', 'tallyJson'])
    .where('environmentId', '=', environmentId)
    .where('kind', 'in', kinds)
    .where('key', '=', key)
    .where(isWithin(span))
    .orderBy('kind')
    .orderBy('start')
    .orderBy('part')
    .execute();
  return rows.map((row) => ({ start: startOf(span.level, row.start), tally: parseTally(row) }));
}

/** Names that are looked up at a time: each has some hundred rows at most. */
const routesAtOnce = 10;
/** Adding up one takes a tenth of a millisecond; whatever else there is to do is done after so many. */
const rowsAtOnce = 50;

/** Adds up what was counted of routes: of those with the most requests, and of the rest as one. */
export async function addUpRoutes(
  reads: Reads,
  environmentId: string,
  isMeant: Condition,
  platform: Pick<Platform, 'later'>,
): Promise<readonly SubjectTally[]> {
  const routes = new BusiestRoutes();
  const all = reads.selectFrom('telemetry').where('environmentId', '=', environmentId).where('kind', '=', 'route');
  let last = '';
  for (;;) {
    // Also where nothing was counted of any of them.
    await nextTurn(platform);
    const named = await all
      .select('key')
      .distinct()
      .where('key', '>', last)
      .orderBy('key')
      .limit(routesAtOnce)
      .execute();
    const keys = named.map(({ key }) => key);
    if (keys.length === 0) return routes.list();
    last = keys.at(-1) ?? last;
    const rows = await all
      .select(['kind', 'key', 'tallyJson'])
      .where('key', 'in', keys)
      .where(isMeant)
      .orderBy('key')
      .execute();
    for (const [at, row] of rows.entries()) {
      if (at % rowsAtOnce === rowsAtOnce - 1) await nextTurn(platform);
      routes.add(parseTally(row));
    }
  }
}

/** Reads what was written by this program. */
export function parseTally({ kind, key, tallyJson }: Pick<TelemetryRow, 'kind' | 'key' | 'tallyJson'>): SubjectTally {
  return SubjectTally.parse(JSON.parse(tallyJson), () => undefined) ?? new SubjectTally(kind, key);
}
