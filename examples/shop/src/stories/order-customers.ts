import { setTimeout as pause } from 'node:timers/promises';

/** Customers who order, look, change their minds and cancel, and remember what the shop acknowledged. */
export interface OrderCustomers {
  /** Requests that changed something, and were answered so. */
  readonly acknowledged: number;
  /** Requests that were not answered as they should. */
  readonly failed: number;
  /** How long the last reads took, one of each customer, in milliseconds. */
  readonly readMs: readonly number[];
  /** Ends it; rejects when the shop could not be asked. */
  stop(): Promise<void>;
  /** Asks for every order there ever was, and counts those that are not as they were acknowledged. */
  check(): Promise<{ readonly orders: number; readonly lost: number }>;
}

interface Customer {
  readonly account: string;
  /** As acknowledged: how many of them, in the order with this id; 0: it was cancelled. */
  readonly quantities: Map<string, number>;
  readMs: number;
}

const pauseMs = 100;

export function startOrderCustomers(shopUrl: string, count: number, now: () => number): OrderCustomers {
  const customers = Array.from({ length: count }, (_, at): Customer => {
    return { account: String(1000 + at), quantities: new Map(), readMs: 0 };
  });
  let isOver = false;
  let acknowledged = 0;
  let failed = 0;

  async function ask(account: string, method: string, path: string, body?: object) {
    const response = await fetch(`${shopUrl}${path}`, {
      method,
      headers: { 'x-account': account, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // As the shop answers it.
    return {
      status: response.status,
      order: (text === '' ? {} : JSON.parse(text)) as { id: string; quantity: number },
    };
  }

  /** Whether an order is as it was acknowledged. */
  async function look({ account, quantities }: Customer, id: string): Promise<boolean> {
    const { status, order } = await ask(account, 'GET', `/orders/${id}`);
    const expected = quantities.get(id) ?? 0;
    return expected === 0 ? status === 404 : status === 200 && order.quantity === expected;
  }

  async function change({ account, quantities }: Customer, step: number): Promise<void> {
    const [id = ''] = [...quantities.keys()].slice(-1);
    const quantity = 1 + (step % 9);
    const { status, order } =
      step % 3 === 0
        ? await ask(account, 'POST', '/orders', { product: 1 + (step % 100), quantity })
        : step % 3 === 1
          ? await ask(account, 'PUT', `/orders/${id}`, { quantity })
          : await ask(account, 'DELETE', `/orders/${id}`);
    if (status >= 300) {
      // Nobody knows what became of it.
      failed++;
      quantities.delete(id);
      return;
    }
    acknowledged++;
    quantities.set(step % 3 === 0 ? order.id : id, step % 3 === 2 ? 0 : quantity);
  }

  async function shop(customer: Customer): Promise<void> {
    for (let step = 0; !isOver; step++) {
      // Most orders stay.
      if (step % 3 !== 2 || step % 4 === 0) await change(customer, step);
      const startedAt = now();
      const [id] = [...customer.quantities.keys()].slice(-1);
      if (id !== undefined) await ask(customer.account, 'GET', `/orders/${id}`);
      customer.readMs = now() - startedAt;
      await pause(pauseMs);
    }
  }

  const shopping = Promise.all(customers.map(shop));
  return {
    get acknowledged() {
      return acknowledged;
    },
    get failed() {
      return failed;
    },
    get readMs() {
      return customers.map(({ readMs }) => readMs);
    },
    stop: async () => {
      isOver = true;
      await shopping;
    },
    check: async () => {
      let [orders, lost] = [0, 0];
      for (const customer of customers)
        for (const id of customer.quantities.keys()) {
          orders++;
          if (!(await look(customer, id))) lost++;
        }
      return { orders, lost };
    },
  };
}
