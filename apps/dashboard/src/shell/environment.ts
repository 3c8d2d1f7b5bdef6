import type { EnvironmentView, NowView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { useHasBegun } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { useSessionPart } from '../session/session.ts';

/** The environments of the project that the address names. */
export function useEnvironments(): UseQueryResult<readonly EnvironmentView[]> {
  const { project } = usePlace();
  return useSessionPart(({ projects }) => projects.find(({ key }) => key === project)?.environments ?? []);
}

export interface CurrentEnvironment {
  readonly key: string;
  /** What pages call it: its key, as addresses and commands do. */
  readonly name: string;
  readonly isProduction: boolean;
}

/** The one that the address names. */
export function useEnvironment(): CurrentEnvironment {
  const { environment } = usePlace();
  const found = useEnvironments().data?.find(({ key }) => key === environment);
  return {
    key: environment,
    name: environment,
    // What is not known is handled with care.
    isProduction: found?.isProduction ?? environment === 'production',
  };
}

/** What is off normal, what just changed and how many there are of everything; the shell shows it on every page. */
export function useNowView(): UseQueryResult<NowView> {
  const place = usePlace();
  const enabled = useHasBegun();
  return useQuery({ queryKey: [place.project, place.environment, 'now'], queryFn: () => api.getNow(place), enabled });
}
