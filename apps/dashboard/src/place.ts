import type { Place } from '@sluice/api-client';
import { useParams } from '@tanstack/react-router';

/** The project and environment that the address names; known on every page of an environment. */
export function usePlace(): Place {
  const { project = '', environment = '' } = useParams({ strict: false });
  return { project, environment };
}
