import type { EvaluationSeriesView } from '@sluice/api-client';
import { listVariations } from '@sluice/authoring';
import { type RawBuilder, sql } from 'kysely';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import { getFlag } from '../flags/flag-queries.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How far a chart looks back, and in which steps; beyond two days there are hours only. */
export const seriesWindows = {
  '24h': { steps: 96, stepMs: 15 * minuteMs },
  '7d': { steps: 168, stepMs: hourMs },
  '90d': { steps: 180, stepMs: 12 * hourMs },
} as const;

export type SeriesWindow = keyof typeof seriesWindows;

const changesMarked = 100;

/** Evaluations of a flag over time, by variation, and when it was changed meanwhile. */
export async function readEvaluationSeries(
  reads: Reads,
  environment: EnvironmentRow,
  key: string,
  { window, now }: { readonly window: SeriesWindow; readonly now: number },
): Promise<EvaluationSeriesView> {
  const variations = listVariations(await getFlag(reads, environment, key));
  const { steps, stepMs } = seriesWindows[window];
  const from = now - (now % stepMs) - (steps - 1) * stepMs;
  const rows = await sumSteps(reads, { environmentId: environment.id, key, from, now, stepMs });
  const series = [...Map.groupBy(rows, ({ variation }) => variation)].map(([index, ofVariation]) => {
    const counts = Array.from({ length: steps }, () => 0);
    for (const { at, count } of ofVariation) counts[(at - from) / stepMs] = count;
    const { id, name } = variations[index] ?? {};
    return {
      ...(index >= 0 && { variation: index }),
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
      total: counts.reduce((sum, count) => sum + count, 0),
      counts,
    };
  });
  return { flag: key, from, to: now, stepMs, series, changes: await listMarks(reads, environment.id, key, from) };
}

interface Steps {
  readonly environmentId: string;
  readonly key: string;
  readonly from: number;
  readonly now: number;
  readonly stepMs: number;
}

function sumSteps(reads: Reads, { environmentId, key, from, now, stepMs }: Steps) {
  const [table, start] =
    stepMs < hourMs ? (['evaluationMinutes', 'minute'] as const) : (['evaluationHours', 'hour'] as const);
  const at: RawBuilder<number> = sql`${sql.ref(start)} - ${sql.ref(start)} % ${sql.lit(stepMs)}`;
  return (
    reads
      .selectFrom(table)
      // Sums of what callers made up may be larger than integers of the databases.
      .select(['variation', at.as('at'), sql<number>`sum(cast(count as double precision))`.as('count')])
      .where('environmentId', '=', environmentId)
      .where('flagKey', '=', key)
      .where(sql.ref<number>(start), '>=', from)
      .where(sql.ref<number>(start), '<=', now)
      .groupBy(['variation', at])
      .orderBy('variation')
      .execute()
  );
}

async function listMarks(
  reads: Reads,
  environmentId: string,
  key: string,
  since: number,
): Promise<EvaluationSeriesView['changes']> {
  const rows = await reads
    .selectFrom('changeObjects')
    .innerJoin('changes', 'changes.id', 'changeObjects.changeId')
    .select(['changes.id', 'changes.version', 'changes.createdAt as at', 'changes.actor', 'changes.comment'])
    .where('changeObjects.environmentId', '=', environmentId)
    .where('changeObjects.kind', '=', 'flag')
    .where('changeObjects.key', '=', key)
    .where('changes.createdAt', '>=', since)
    .orderBy('changeObjects.version', 'desc')
    .limit(changesMarked)
    .execute();
  return rows.reverse();
}
