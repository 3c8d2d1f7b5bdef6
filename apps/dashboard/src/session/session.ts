import type { SessionView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api, queryClient } from '../api.ts';
import { csrfToken } from './csrf-token.ts';

const queryKey = ['session'] as const;

/** Who is signed in, and what they may do. */
export function useSession(): UseQueryResult<SessionView> {
  return useQuery({ queryKey, queryFn: async () => take(await api.getSession()) });
}

/** From here on this person is signed in; whatever somebody else saw is forgotten. */
export function beginSession(session: SessionView): void {
  queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== queryKey[0] });
  queryClient.setQueryData(queryKey, take(session));
}

export async function endSession(): Promise<void> {
  await api.logOut();
  queryClient.clear();
  location.assign('/login');
}

function take(session: SessionView): SessionView {
  csrfToken.current = session.csrfToken ?? '';
  return session;
}
