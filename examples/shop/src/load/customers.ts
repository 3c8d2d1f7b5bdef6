import type { Customer } from './load.ts';

const words = ['table', 'lamp', 'oak', 'kitchen', 'garden', 'mirror', 'linen', 'study'];

/** Searches that send whole pages of words: each keeps the backend busy for as long as dozens of others. */
export const badCustomer: Customer = {
  account: '42',
  inFlight: 10,
  pauseMs: 20,
  pathOf: (index) => `/search?q=${Array.from({ length: 50 }, (_, at) => words[(index + at) % words.length]).join('+')}`,
};

/** Customers who search for a word, look at a product and at what others bought, and think in between. */
export function createCustomers(count: number, pauseMs: number): readonly Customer[] {
  return Array.from({ length: count }, (_, number) => ({
    account: String(1000 + number),
    inFlight: 1,
    pauseMs,
    pathOf: (index) => {
      const step = index + number;
      const product = 1 + (step % 100);
      if (step % 4 === 2) return `/products/${product}`;
      return step % 4 === 3 ? `/products/${product}/recommendations` : `/search?q=${words[step % words.length]}`;
    },
  }));
}
