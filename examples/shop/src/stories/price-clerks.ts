import { setTimeout as pause } from 'node:timers/promises';
import type { Migration } from '@sluice/sdk-node';
import type { Transactions } from '../prices/one-transaction.ts';
import type { Price } from '../prices/prices.ts';

/** Clerks who set and remove prices, think better of it, and remember what was acknowledged. */
export interface PriceClerks {
  /** Changes that were committed, those that a clerk took back before that, and those that did not work. */
  readonly acknowledged: number;
  readonly undone: number;
  readonly failed: number;
  /** Prices that were not as acknowledged when they were looked at right afterwards. */
  readonly stale: number;
  /** Has them rest, looks at every price that there ever was, and counts those that are not as acknowledged. */
  check(): Promise<{ readonly prices: number; readonly lost: number }>;
  /** They go on after they were checked. */
  goOn(): void;
  stop(): Promise<void>;
}

/** Each clerk has so many products. */
const productsEach = 20;
const pauseMs = 5;

class ThoughtBetter extends Error {}

/** In euros; of most, 64-bit floating point has no hundredfold that is whole. */
export const listPrices = [19.99, 8.2, 5, 1.15, 12.5, 0.29, 2.3, 100, 4.35];

export function startPriceClerks(
  prices: Migration<Price>,
  { transaction }: Transactions,
  { count, before }: { readonly count: number; readonly before: ReadonlyMap<string, Price> },
): PriceClerks {
  /** As acknowledged; undefined: it was removed. */
  const known = new Map<string, Price | undefined>(before);
  let isResting = false;
  let [acknowledged, undone, failed, stale] = [0, 0, 0, 0];

  async function isAsKnown(product: string): Promise<boolean> {
    const { value } = await prices.read(product);
    return value?.euros === known.get(product)?.euros;
  }

  async function change(product: string, step: number): Promise<void> {
    const price = step % 11 === 10 ? undefined : { euros: listPrices[step % listPrices.length] ?? 0 };
    try {
      await transaction(async () => {
        const { other } = price === undefined ? await prices.remove(product) : await prices.write(product, price);
        // In one transaction the second column is not repaired later: both are written, or none is.
        if (other === 'queued' || other === 'pending') throw new Error(`the other column is ${other}`);
        if (step % 7 === 6) throw new ThoughtBetter();
      });
      acknowledged++;
      known.set(product, price);
    } catch (error) {
      // Either way nothing of it is to be seen.
      if (error instanceof ThoughtBetter) undone++;
      else failed++;
    }
  }

  async function work(clerk: number): Promise<void> {
    for (let step = clerk; !isResting; step++) {
      // Of these nobody else changes the price.
      const product = `${clerk}-${step % productsEach}`;
      await change(product, step);
      if (!(await isAsKnown(product))) stale++;
      await pause(pauseMs);
    }
  }

  const start = () => Promise.all(Array.from({ length: count }, (_, clerk) => work(clerk)));
  let working = start();
  async function rest(): Promise<void> {
    isResting = true;
    await working;
  }
  return {
    get acknowledged() {
      return acknowledged;
    },
    get undone() {
      return undone;
    },
    get failed() {
      return failed;
    },
    get stale() {
      return stale;
    },
    check: async () => {
      await rest();
      let lost = 0;
      for (const product of known.keys()) if (!(await isAsKnown(product))) lost++;
      return { prices: known.size, lost };
    },
    goOn: () => {
      isResting = false;
      working = start();
    },
    stop: rest,
  };
}
