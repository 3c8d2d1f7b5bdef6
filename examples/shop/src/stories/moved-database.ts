import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type BackfillResult, createClient } from '@sluice/sdk-node';
import type { ScannedStore } from '@sluice/sdk-node/stores';
import { pino } from 'pino';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { openNewOrders, openOldOrders, toEuros } from '../orders/order-stores.ts';
import { createOrders } from '../orders/orders.ts';
import { SearchBackend } from '../search/backend.ts';
import { createShop } from '../shop.ts';
import { advance, compareReads, type RecordStage, untilRepaired } from './migration-steps.ts';
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

const { signal } = new AbortController();
const slowMs = 300;

/**
 * Orders move from SQLite to another database while customers order: a rounding error of the new one is found by the
 * verification of the backfill and by comparing reads, and mended; it gets slow when it is in use already, and orders
 * return; in the end it has them all. The shop is in this process, as its new database is to fail.
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

  /** A small shop would take minutes for as many comparisons as the server waits for. */
  const overrule = { reason: `a story: ${compared} reads compared`, checks: ['comparisons' as const] };
  const go = (stage: RecordStage, confirm?: string): Promise<readonly string[]> =>
    advance(api, 'orders', {
      stage,
      ...(confirm !== undefined && { confirm }),
      ...(stage === 'live' && { overrule }),
    });
  const backfill = (): Promise<BackfillResult> => orders.backfill.run({ signal, rangeRows: 10 });

  const customers = startOrderCustomers(shopUrl, count, now);
  try {
    while (customers.acknowledged < 5 * count) await pause(20);
    say(`${customers.acknowledged} changes of orders so far, all in SQLite`);

    await go('dualwrite');
    const first = await backfill();
    const reasons = [...new Set(first.reported.map(({ reason }) => reason))];
    say(
      `both are written; ${first.rows} orders from before were copied, and ${first.reported.length} are not alike: ${reasons}`,
    );
    await go('shadow');
    const found = await compareReads(orders, compared);
    say(`reads are compared: the new database ${found}`);

    // What is there has the right versions already, so that nothing would replace it. SQLite has everything.
    await go('off');
    await untilRepaired(orders);
    faults.rounds = false;
    await next.clear();
    await go('dualwrite');
    const second = await backfill();
    await go('shadow');
    const repaired = await compareReads(orders, compared);
    say(
      `it rounded to 10 cents; mended and begun again: ${second.verified} of ${second.ranges} ranges verified, reads ${repaired}`,
    );

    const checklist = await go('live');
    for (const line of checklist) say(`  ${line}`);
    const live = await compareReads(orders, compared);
    say(`the new database answers: ${live}`);

    faults.slow = true;
    while (Math.min(...customers.readMs) < slowMs) await pause(20);
    const slowAt = now();
    await go('shadow');
    const returnedMs = now() - slowAt;
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
    const passed = checklist.filter((line) => line.startsWith('[x]')).map((line) => line.split(' ')[1]);
    return {
      proof: { reasons, found, isVerified: second.isVerified, repaired, passed, live, served, failed, lost },
      figures: { returnedMs, acknowledged, checked },
    };
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
  reasons: ['the same version, but other content: cents'],
  found: 'differs at cents',
  isVerified: true,
  repaired: 'alike',
  passed: ['backfill:', 'repairs:'],
  live: 'alike',
  served: 'complete',
  failed: 0,
  lost: 0,
};

/** A store that takes its time when it `isSlow`. */
function slowed<T>(store: ScannedStore<T>, isSlow: () => boolean): ScannedStore<T> {
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
    scan: (page) => store.scan(page),
  };
}
