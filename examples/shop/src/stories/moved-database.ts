import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, type ChangeInput } from '@sluice/api-client';
import { createClient, type Migration, type Store } from '@sluice/sdk-node';
import type { ScannedStore } from '@sluice/sdk-node/stores';
import { pino } from 'pino';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { openNewOrders, openOldOrders, toEuros } from '../orders/order-stores.ts';
import { createOrders, type Order } from '../orders/orders.ts';
import { SearchBackend } from '../search/backend.ts';
import { createShop } from '../shop.ts';
import { changeEverywhere } from './change-everywhere.ts';
import { startOrderCustomers } from './order-customers.ts';
import type { World } from './world.ts';

export interface MovedDatabaseOptions {
  /** Where orders go: PostgreSQL's address, or undefined for a second file of SQLite. */
  readonly postgres: string | undefined;
  readonly customers: number;
  /** How many reads have to be alike before orders may go on. */
  readonly compared: number;
  readonly createId: () => string;
  /** Milliseconds; need not be the time of day. */
  readonly now: () => number;
  readonly say: (line: string) => void;
}

type SetStage = Extract<ChangeInput['instructions'][number], { kind: 'set-stage' }>;

const { signal } = new AbortController();
const slowMs = 300;
/** What does not happen within that will not: where the machine is busy, few reads are compared. */
const patienceMs = 60_000;

/**
 * Orders move from SQLite to another database while customers order: a rounding error of the new one is found by
 * comparing, and repaired; it gets slow when it is in use already, and orders return; in the end it has them all. The
 * shop is in this process, as its new database is to fail.
 */
export async function movedDatabase(world: World, { postgres, customers: count, ...options }: MovedDatabaseOptions) {
  const { api, url, sdkKey, folder, mail } = world;
  const { compared, createId, now, say } = options;
  const file = join(folder, 'shop.db');
  /** What is wrong with the new database. */
  const faults = { rounds: true, slow: false };
  const round = (euros: number): number => (faults.rounds ? Math.round(euros * 10) / 10 : euros);
  const old = openOldOrders(file);
  const next = await openNewOrders(postgres ?? join(folder, 'orders.db'), (cents) => round(toEuros(cents)));
  const isSlow = (): boolean => faults.slow;

  const sluice = createClient({ url, sdkKey, cacheFolder: join(folder, 'cache'), instance: { key: 'shop-1' } });
  const orders = createOrders(sluice, { old: old.store, new: slowed(next.store, isSlow) });
  const catalogue = openCatalogue(file, 300);
  const search = new SearchBackend(file, 1);
  const logger = pino({ level: 'silent' });
  const app = await createShop({ sluice, catalogue, search, orders, mail, logger, now: () => 0, createId });
  const shopUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  await sluice.ready();
  await world.connected(1);

  /** Moves all orders; resolves when every instance has it, with how long that took, in milliseconds. */
  async function go(stage: NonNullable<SetStage['stage']>, confirm?: string): Promise<number> {
    const instruction: SetStage = {
      ...{ kind: 'set-stage', stage },
      ...(confirm !== undefined && { confirm }),
      // The server would wait for a backfill, and for comparisons that a small shop takes minutes for.
      ...(stage === 'live' && {
        overrule: { reason: `copied here, ${compared} reads compared`, checks: ['backfill', 'comparisons'] },
      }),
    };
    // What began before has to end first.
    for (const late = AbortSignal.timeout(patienceMs); ; await pause(50)) {
      const startedAt = now();
      try {
        await changeEverywhere(api, { flag: 'orders', instructions: [instruction] });
        return now() - startedAt;
      } catch (error) {
        if (late.aborted || !(error instanceof ApiError) || error.code !== 'barrier-closed') throw error;
      }
    }
  }

  /** Until the databases were compared so often, or are known to differ. */
  async function compare(): Promise<string> {
    const before = orders.status().comparisons;
    for (const late = AbortSignal.timeout(patienceMs); ; await pause(20)) {
      const { persistent, compared: all, byPath } = orders.status().comparisons;
      if (persistent > before.persistent) return `differs at ${Object.keys(byPath).join(', ')}`;
      if (all >= before.compared + compared) return 'alike';
      if (late.aborted) throw new Error(`only ${all - before.compared} reads were compared`);
    }
  }

  const customers = startOrderCustomers(shopUrl, count, now);
  try {
    while (customers.acknowledged < 5 * count) await pause(20);
    say(`${customers.acknowledged} changes of orders so far, all in SQLite`);

    await go('dualwrite');
    const copied = await copy(old.store, next.store);
    await go('shadow');
    const found = await compare();
    say(`both are written, ${copied} orders are copied; compared, the new database ${found}`);

    await go('dualwrite');
    faults.rounds = false;
    // What is there has the right versions already, so that nothing would replace it. SQLite has everything.
    await next.clear();
    await copy(old.store, next.store);
    await go('shadow');
    const repaired = await compare();
    say(`it rounded to 10 cents; repaired, copied and compared again: ${repaired}`);

    await go('live');
    const live = await compare();
    say(`the new database answers: ${live}`);

    faults.slow = true;
    while (Math.min(...customers.readMs) < slowMs) await pause(20);
    const returnedMs = await go('shadow');
    while (Math.max(...customers.readMs) >= slowMs) await pause(20);
    say(
      `it takes ${slowMs} ms for everything, and customers wait; SQLite answers again after ${Math.round(returnedMs)} ms`,
    );

    faults.slow = false;
    await untilRepaired(orders);
    await go('live');
    await go('rampdown');
    await untilRepaired(orders);
    await go('complete', 'orders');
    const served = orders.stage('any');
    await customers.stop();
    const { orders: checked, lost } = await customers.check();
    const { acknowledged, failed } = customers;
    say(
      `${served}: ${acknowledged} changes were acknowledged and ${failed} failed; of ${checked} orders ${lost} are not as acknowledged`,
    );
    return { proof: { found, repaired, live, served, failed, lost }, figures: { returnedMs, acknowledged, checked } };
  } finally {
    await customers.stop();
    await app.close();
    await search.close();
    catalogue.close();
    await sluice.close();
    await old.close();
    await next.close();
  }
}

/** What has to come true. */
export const movedDatabaseProof = {
  found: 'differs at cents',
  repaired: 'alike',
  live: 'alike',
  served: 'complete',
  failed: 0,
  lost: 0,
};

/** Copies what is there, with its versions, so that nothing newer is overwritten and nothing removed comes back. */
async function copy(from: ScannedStore<Order>, to: ScannedStore<Order>): Promise<number> {
  let copied = 0;
  let after: string | undefined;
  for (;;) {
    const page = await from.scan({ after, upTo: undefined, limit: 100, signal });
    for (const { key, value, version } of page) {
      if (value === undefined) await to.remove(key, { version, signal });
      else await to.write(key, value, { version, signal });
      copied++;
      after = key;
    }
    if (page.length === 0) return copied;
  }
}

/** Until both databases have all that was acknowledged. */
async function untilRepaired(orders: Migration<Order>): Promise<void> {
  for (const late = AbortSignal.timeout(patienceMs); ; await pause(20)) {
    const { repairs, detached } = orders.status();
    if (repairs.depth === 0 && detached === 0) return;
    if (late.aborted) throw new Error(`${repairs.depth} orders still wait to be repaired`);
  }
}

/** A store that takes its time when it `isSlow`. */
function slowed<T>(store: Store<T>, isSlow: () => boolean): Store<T> {
  const wait = async (): Promise<void> => {
    if (isSlow()) await pause(slowMs);
  };
  return {
    read: async (...asked) => {
      await wait();
      return store.read(...asked);
    },
    write: async (...asked) => {
      await wait();
      return store.write(...asked);
    },
    remove: async (...asked) => {
      await wait();
      return store.remove(...asked);
    },
  };
}
