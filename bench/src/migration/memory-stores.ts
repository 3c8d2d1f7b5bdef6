import { otherSide, type Stage, stagePlans } from '@sluice/engine';
import type { Store, Stored } from '@sluice/sdk-node';
import type { Order, Stores } from './subjects.ts';

export const keys: readonly string[] = Array.from({ length: 1000 }, (_, at) => `order-${at}`);

/** They answer in the next microtask, so that all else is overhead. */
export function createStores(): Stores {
  return { old: createStore(), new: createStore() };
}

/** The same, but the side whose answer does not count hangs. */
export function createHungStores(stage: Stage): Stores {
  const { authority } = stagePlans[stage];
  return { ...createStores(), [otherSide(authority)]: hung };
}

function createStore(): Store<Order> {
  const records = new Map<string, Stored<Order>>(keys.map((key) => [key, { value: { total: 1 }, version: '' }]));
  return {
    read: async (key) => records.get(key),
    write: async (key, value, { version }) => {
      records.set(key, { value, version });
      return 'applied';
    },
    remove: async (key, { version }) => {
      records.set(key, { value: undefined, version });
      return 'applied';
    },
  };
}

/** Ends only when whoever asked gives up. */
function hang({ signal }: { readonly signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

const hung: Store<Order> = {
  read: (_, options) => hang(options),
  write: (_, __, options) => hang(options),
  remove: (_, options) => hang(options),
};
