import type { BackfillView, FlagTelemetryView, MigrationBarrierView, MismatchesView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';

/**
 * What instances count while they work is told by no event of the feed: comparisons, repairs, latencies and copied rows
 * are asked for again, while somebody looks at the page and no more often than this. All else comes with its event.
 */
const askAgain = { refetchInterval: 10_000 } as const;

/** So many ranges that somebody works on, or that differ, are listed. */
const rangesShown = 20;

export interface MigrationFacts {
  readonly barrier: UseQueryResult<MigrationBarrierView>;
  readonly mismatches: UseQueryResult<MismatchesView>;
  readonly backfill: UseQueryResult<BackfillView>;
  readonly telemetry: UseQueryResult<FlagTelemetryView>;
}

/** What is measured of a migration. */
export function useMigrationFacts(key: string): MigrationFacts {
  const place = usePlace();
  const here = [place.project, place.environment] as const;
  return {
    // Who is waited for changes with the fleet too, which the feed tells.
    barrier: useQuery({
      queryKey: [...here, 'barriers', key],
      queryFn: () => api.getBarrier(place, key),
      ...askAgain,
    }),
    mismatches: useQuery({
      queryKey: [...here, 'flag', key, 'mismatches'],
      queryFn: () => api.getMismatches(place, key),
      ...askAgain,
    }),
    backfill: useQuery({
      queryKey: [...here, 'flag', key, 'backfill'],
      queryFn: () => api.getBackfill(place, key, { noted: true, limit: rangesShown }),
      ...askAgain,
    }),
    telemetry: useQuery({
      queryKey: [...here, 'flag', key, 'telemetry'],
      queryFn: () => api.getTelemetry(place, key, '1h'),
      ...askAgain,
    }),
  };
}
