import type { SessionView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api, queryClient } from '../api.ts';
import { csrfToken } from './csrf-token.ts';

export const sessionKey = ['session'] as const;

/** Who is signed in, what they may do, and where. */
export function useSession(): UseQueryResult<SessionView> {
  return useSessionPart((session) => session);
}

export function useSessionPart<T>(select: (session: SessionView) => T): UseQueryResult<T> {
  return useQuery({ queryKey: sessionKey, queryFn: async () => take(await api.getSession()), select });
}

/** From here on this person is signed in; whatever somebody else saw is forgotten. */
export function beginSession(session: SessionView): void {
  // Its own query stays: who watches it would not hear of another in its place.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
  queryClient.setQueryData(sessionKey, take(session));
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
