import type { SessionView } from '@sluice/api-client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { ApiError, api, queryClient } from '../api.ts';
import { forgetKept } from '../platform.ts';
import { csrfToken } from './csrf-token.ts';

export const sessionKey = ['session'] as const;

/** Who is signed in, what they may do, and where. */
export function useSession(): UseQueryResult<SessionView> {
  return useSessionPart((session) => session);
}

export function useSessionPart<T>(select: (session: SessionView) => T): UseQueryResult<T> {
  return useQuery({
    queryKey: sessionKey,
    queryFn: async () => take(await api.getSession()),
    select,
    // Meanwhile somebody may have signed out or in anew in another tab.
    refetchOnWindowFocus: 'always',
  });
}

/** Asks anew who is signed in where the server says that nobody is, or another session; until stopped. */
export function watchSession(): () => void {
  const look = (error: unknown): void => {
    if (error instanceof ApiError && (error.code === 'unauthorized' || isOfAnotherSession(error)))
      void queryClient.invalidateQueries({ queryKey: sessionKey });
  };
  const stops = [
    queryClient
      .getQueryCache()
      .subscribe((event) => event.type === 'updated' && event.action.type === 'error' && look(event.action.error)),
    queryClient
      .getMutationCache()
      .subscribe((event) => event.type === 'updated' && event.action.type === 'error' && look(event.action.error)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function isOfAnotherSession({ errors }: ApiError): boolean {
  return errors.some(({ path }) => path === 'x-csrf-token');
}

/** From here on this person is signed in; whatever somebody else saw is forgotten. */
export function beginSession(session: SessionView): void {
  // Its own query stays: who watches it would not hear of another in its place.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
  queryClient.setQueryData(sessionKey, take(session));
}

/** What somebody looked at and typed is not for whoever sits here next; how pages look and work may stay. */
const keptAfter = ['theme', 'letters'] as const;

/** Throws where the server did not hear of it: then the session goes on. */
export async function endSession(): Promise<void> {
  await api.logOut().catch((error: unknown) => {
    // It had ended before.
    if (!(error instanceof ApiError && error.code === 'unauthorized')) throw error;
  });
  forgetKept(keptAfter);
  queryClient.clear();
  location.assign('/login');
}

function take(session: SessionView): SessionView {
  csrfToken.current = session.csrfToken ?? '';
  return session;
}
