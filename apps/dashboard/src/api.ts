import { ApiError, createApiClient } from '@sluice/api-client';
import { QueryClient } from '@tanstack/react-query';
import { fetchHere, origin } from './platform.ts';
import { csrfToken } from './session/csrf-token.ts';

/** The management API of the server that this page came from, as whoever is signed in. */
export const api = createApiClient({
  url: origin,
  csrfToken: () => csrfToken.current,
  fetch: fetchHere,
});

export { ApiError };

/** Server data lives here and nowhere else; what is in it becomes old by what the event stream tells. */
export const queryClient: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && isPassing(error),
    },
  },
});

/** Worth another try: the network, or a server that is starting. */
function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 503 || error.status === 429);
}
