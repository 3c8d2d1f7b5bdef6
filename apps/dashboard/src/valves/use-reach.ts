import type { ValveReachView } from '@sluice/api-client';
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useSettled } from '../review/use-settled.ts';
import type { Clause } from './scope.ts';

const everyone: readonly Clause[] = [];

/** Which instances have a valve in their code, whom of them a scope concerns, and what they lack; live. */
export function useReach(valve: string, when: readonly Clause[] = everyone): UseQueryResult<ValveReachView> {
  const place = usePlace();
  // Only what is asked of instances makes a difference.
  const asked = useSettled(when.filter(({ contextKind }) => contextKind === 'instance'));
  return useQuery({
    queryKey: [place.project, place.environment, 'fleet', 'reach', valve, asked],
    queryFn: () => api.getValveReach(place, valve, asked),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}
