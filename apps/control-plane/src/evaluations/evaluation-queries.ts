import type { EvaluationMinuteView } from '@sluice/api-client';
import type { Reads } from '../database/schema.ts';

/** What SDKs reported of one flag since a time, by minute. */
export async function listEvaluationMinutes(
  reads: Reads,
  environmentId: string,
  flagKey: string,
  since: number,
): Promise<readonly EvaluationMinuteView[]> {
  const rows = await reads
    .selectFrom('evaluationMinutes')
    .select(['minute', 'variation', 'flagVersion', 'count'])
    .where('environmentId', '=', environmentId)
    .where('flagKey', '=', flagKey)
    .where('minute', '>=', since - (since % 60_000))
    .orderBy('minute')
    .orderBy('variation')
    .orderBy('flagVersion')
    .execute();
  return rows.map(({ minute, variation, flagVersion, count }) => ({
    minute,
    ...(variation >= 0 && { variation }),
    ...(flagVersion > 0 && { version: flagVersion }),
    count,
  }));
}
