import type { Client } from '@sluice/sdk-node';
import { RecentAnswers } from '../recent-answers.ts';
import type { Catalogue, Product } from './catalogue.ts';

/** What to buy besides: a shop works without it. */
export function createRecommendations(sluice: Client, catalogue: Catalogue) {
  const recent = new RecentAnswers<readonly Product[]>(1000);
  return sluice.valve('recommendations', {
    modes: {
      normal: (_, product: number) => recent.keep(String(product), catalogue.listBoughtTogether(product)),
      cached: (_, product: number) => recent.find(String(product)),
      'off-404': () => undefined,
    },
    timeoutMs: 500,
  });
}
