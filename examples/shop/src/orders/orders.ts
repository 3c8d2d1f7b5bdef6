import type { Client, Migration, ScannedStore } from '@sluice/sdk-node';

export interface Order {
  readonly id: string;
  readonly account: string;
  readonly product: number;
  readonly quantity: number;
  /** For all of it. */
  readonly cents: number;
}

/** Where orders are, and where they go. */
export interface OrderStores {
  readonly old: ScannedStore<Order>;
  readonly new: ScannedStore<Order>;
}

/** Orders, which move to another database while customers order. There are few enough to compare every read. */
export function createOrders(sluice: Client, stores: OrderStores): Migration<Order> {
  return sluice.migration<Order>('orders', {
    ...stores,
    failover: true,
    compare: { sample: { share: 1 }, recheckMs: 200 },
  });
}
