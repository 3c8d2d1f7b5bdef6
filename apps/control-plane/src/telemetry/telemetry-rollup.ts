import { SubjectTally, subjectForms } from '@sluice/protocol';
import type { Reads, TelemetryRow, Writes } from '../database/schema.ts';
import { createId } from '../ids.ts';
import { nextTurn, type Platform } from '../platform.ts';
import type { ServerContext } from '../server-context.ts';
import { levels, startOf, type TelemetryLevel } from './telemetry-levels.ts';
import { addUpRoutes, parseTally } from './telemetry-queries.ts';

/** Rows that are added up in one transaction: nobody is to wait long for it. */
const rowsAtOnce = 500;

type Surroundings = Pick<ServerContext, 'db' | 'leadership' | 'platform'>;

/** Adds up what is over in each level for the next one. What comes late is added up the next time. */
export async function rollUpTelemetry(context: Surroundings): Promise<void> {
  const { db, leadership, platform } = context;
  for (const [at, from] of levels.entries()) {
    const to = levels[at + 1];
    if (to === undefined) return;
    const step = { from, to };
    let earliest = Number.POSITIVE_INFINITY;
    // Mostly there is nothing to do, and nothing is to be written then.
    while (leadership.isLeading && (await selectOpen(db, step, platform).limit(1).execute()).length > 0) {
      await leadership.write(async (writes) => {
        earliest = Math.min(earliest, await rollUpSome(writes, step, platform));
      });
      await nextTurn(platform);
    }
    if (Number.isFinite(earliest)) await gatherRareRoutes(context, to, earliest);
  }
}

/**
 * Makes one of the rare routes in each period that has too many since then: in an hour each of several servers tells
 * 500 apart, and in a day there may be others every hour.
 */
async function gatherRareRoutes(
  { db, leadership, platform }: Surroundings,
  { periodMs }: TelemetryLevel,
  since: number,
): Promise<void> {
  const periods = await db
    .selectFrom('telemetry')
    .select(['environmentId', 'start'])
    .where('periodMs', '=', periodMs)
    .where('rolledUp', '=', 0)
    .where('start', '>=', since)
    .where('kind', '=', 'route')
    .groupBy(['environmentId', 'start'])
    .having((expression) => expression(expression.fn.countAll(), '>', subjectForms.route.most + 1))
    .orderBy('start')
    .execute();
  for (const { environmentId, start } of periods) {
    // Nobody else writes in this level.
    const routes = await addUpRoutes(
      db,
      environmentId,
      (expression) => expression.and({ periodMs, start, rolledUp: 0 }),
      platform,
    );
    const row = {
      environmentId,
      kind: 'route' as const,
      periodMs,
      start,
      part: createId(platform),
      rolledUp: 0 as const,
    };
    const rows = routes.map((tally) => ({ ...row, key: tally.key, tallyJson: JSON.stringify(tally.encode()) }));
    await leadership.write(async (writes) => {
      await writes
        .deleteFrom('telemetry')
        .where('environmentId', '=', environmentId)
        .where('kind', '=', 'route')
        .where('periodMs', '=', periodMs)
        .where('start', '=', start)
        .where('rolledUp', '=', 0)
        .execute();
      await writes.insertInto('telemetry').values(rows).execute();
    });
  }
}

/** Deletes what is too old: of what is added up in the next level, or of the last one. */
export async function forgetOldTelemetry(writes: Writes, now: number): Promise<void> {
  for (const level of levels) {
    await writes
      .deleteFrom('telemetry')
      .where('periodMs', '=', level.periodMs)
      .where('rolledUp', '=', level === levels.at(-1) ? 0 : 1)
      .where('start', '<', now - level.keptMs)
      .execute();
  }
}

interface Step {
  readonly from: TelemetryLevel;
  readonly to: TelemetryLevel;
}

/** What is over, and not added up yet. */
function selectOpen(reads: Reads, { from, to }: Step, { now }: Platform) {
  return reads
    .selectFrom('telemetry')
    .selectAll()
    .where('periodMs', '=', from.periodMs)
    .where('rolledUp', '=', 0)
    .where('start', '<', startOf(to, now()));
}

/** Returns the start of the earliest period that something was added to. */
async function rollUpSome(writes: Writes, step: Step, platform: Platform): Promise<number> {
  const { from, to } = step;
  const rows = await selectOpen(writes, step, platform)
    .orderBy('environmentId')
    .orderBy('kind')
    .orderBy('key')
    .orderBy('start')
    .orderBy('part')
    .limit(rowsAtOnce)
    .execute();
  for (const row of rows) await deleteRow(writes, row);
  const part = createId(platform);
  // Several parts of a period become one, which stays for as long as that level is kept.
  const kept = addUp(rows, part, 1, ({ start }) => ({ periodMs: from.periodMs, start }));
  const added = addUp(rows, part, 0, ({ start }) => ({ periodMs: to.periodMs, start: startOf(to, start) }));
  await writes
    .insertInto('telemetry')
    .values([...kept, ...added])
    .execute();
  return Math.min(...added.map(({ start }) => start));
}

function addUp(
  rows: readonly TelemetryRow[],
  part: string,
  rolledUp: 0 | 1,
  periodOf: (row: TelemetryRow) => Pick<TelemetryRow, 'periodMs' | 'start'>,
): readonly TelemetryRow[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.environmentId, row.kind, row.key, periodOf(row)]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { environmentId, kind, key } = first;
    const sum = new SubjectTally(kind, key);
    for (const row of group) sum.merge(parseTally(row));
    return [{ environmentId, kind, key, ...periodOf(first), part, rolledUp, tallyJson: JSON.stringify(sum.encode()) }];
  });
}

async function deleteRow(
  writes: Writes,
  { environmentId, kind, key, periodMs, start, part }: TelemetryRow,
): Promise<void> {
  await writes
    .deleteFrom('telemetry')
    .where('environmentId', '=', environmentId)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .where('periodMs', '=', periodMs)
    .where('start', '=', start)
    .where('part', '=', part)
    .execute();
}
