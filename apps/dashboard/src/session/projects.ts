import type { SessionView } from '@sluice/api-client';
import type { UseQueryResult } from '@tanstack/react-query';
import { useSessionPart } from './session.ts';

/** Those that the person may see, with their environments. */
export function useProjects(): UseQueryResult<SessionView['projects']> {
  return useSessionPart(({ projects }) => projects);
}
