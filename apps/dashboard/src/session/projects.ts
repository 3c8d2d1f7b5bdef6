import type { ProjectView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';

export function useProjects(): UseQueryResult<readonly ProjectView[]> {
  return useQuery({ queryKey: ['projects'], queryFn: async () => (await api.listProjects()).items });
}
