import type { BackfillView, FlagTelemetryView, MigrationBarrierView, MismatchesView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';

/**
 * What instances count while they work is told by no event of the feed: comparisons, repairs, latencies and copied rows
 * are asked for again, while somebody looks at the page and no more often than this. All else comes with its event.
 */
const askAgain = { refetchInterval: 10_000 } as const;

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
  // One answer for all three. Who is waited for changes with the fleet too, which the feed tells.
  const facts = {
    queryKey: [...here, 'barriers', key],
    queryFn: () => api.getMigrationFacts(place, key),
    ...askAgain,
  };
  return {
    barrier: useQuery({ ...facts, select: ({ barrier }) => barrier }),
    mismatches: useQuery({ ...facts, select: ({ mismatches }) => mismatches }),
    backfill: useQuery({ ...facts, select: ({ backfill }) => backfill }),
    telemetry: useQuery({
      queryKey: [...here, 'flag', key, 'telemetry'],
      queryFn: () => api.getTelemetry(place, key, '1h'),
      ...askAgain,
    }),
  };
}
