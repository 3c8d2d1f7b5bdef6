import type { EvaluationSeriesView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';

export type SeriesWindow = '24h' | '7d' | '90d';

/** Evaluations of a flag here, by variation. */
export function useSeries(flag: string, window: SeriesWindow): UseQueryResult<EvaluationSeriesView> {
  const place = usePlace();
  return useQuery({
    queryKey: [place.project, place.environment, 'flag', flag, 'series', window],
    queryFn: () => api.getEvaluationSeries(place, flag, window),
    // Nothing tells of evaluations: what is older than a minute is asked again when somebody comes.
    staleTime: 60_000,
  });
}
