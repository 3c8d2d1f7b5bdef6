import type { Client, Migration, ScannedStore } from '@sluice/sdk-node';

export interface Price {
  readonly euros: number;
}

/** The column where prices are, and the one where they go. */
export interface PriceStores {
  readonly old: ScannedStore<Price>;
  readonly new: ScannedStore<Price>;
}

/** Prices, which move from one column of their table to another while clerks change them. */
export function createPrices(sluice: Client, stores: PriceStores): Migration<Price> {
  return sluice.migration<Price>('prices', { ...stores, compare: { sample: { share: 1 }, recheckMs: 200 } });
}
