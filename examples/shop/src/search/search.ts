import type { Client } from '@sluice/sdk-node';
import { RecentAnswers } from '../recent-answers.ts';
import type { Hit, SearchBackend } from './backend.ts';

/** The search of the shop: `normal` asks the backend, `cached` answers what was found before, `off-404` nothing. */
export function createSearch(sluice: Client, backend: SearchBackend) {
  const recent = new RecentAnswers<readonly Hit[]>(1000);
  return sluice.valve('search', {
    modes: {
      normal: async ({ signal }, text: string) => recent.keep(text, await backend.search(text, signal)),
      cached: (_, text: string) => recent.find(text),
      'off-404': () => undefined,
    },
    timeoutMs: 3000,
  });
}
