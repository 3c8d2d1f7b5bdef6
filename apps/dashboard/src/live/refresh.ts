import type { Query, QueryClient, QueryKey } from '@tanstack/react-query';
import { createPaced } from './paced.ts';

/** What becomes old within this time is asked for once. */
const periodMs = 500;

interface Refresh {
  /** All queries whose keys begin with one of these are old. */
  (keys: readonly QueryKey[]): void;
  stop(): void;
}

/**
 * Asks again for what is old and shown, and for the rest when it is shown. A query that is on its way may bring what was
 * so before: it is asked again, once it is there; if each change began it anew, a long list would never come.
 */
export function createRefresh(client: QueryClient, after: (delayMs: number, call: () => void) => () => void): Refresh {
  let old: readonly QueryKey[] = [];
  const paced = createPaced(
    periodMs,
    () => {
      const keys = old;
      const isOld = ({ queryKey }: Query) => keys.some((key) => key.every((part, at) => part === queryKey[at]));
      const underway = client.getQueryCache().findAll({ fetchStatus: 'fetching', predicate: isOld });
      old = underway.map(({ queryKey }) => queryKey);
      void client.invalidateQueries({ predicate: (query) => isOld(query) && !underway.includes(query) });
      if (underway.length > 0) paced();
    },
    after,
  );
  const refresh = (keys: readonly QueryKey[]): void => {
    if (keys.length === 0) return;
    old = [...old, ...keys];
    paced();
  };
  return Object.assign(refresh, { stop: paced.stop });
}
