import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type BackfillResult, createClient } from '@sluice/sdk-node';
import { openPrices } from '../prices/price-columns.ts';
import { createPrices, type Price } from '../prices/prices.ts';
import { advance, compareReads, type RecordStage, untilRepaired } from './migration-steps.ts';
import { listPrices, startPriceClerks } from './price-clerks.ts';
import type { World } from './world.ts';

export interface MovedColumnOptions {
  readonly clerks: number;
  /** How many reads have to be alike before prices may go on. */
  readonly compared: number;
  readonly say: (line: string) => void;
}

/** Prices that nobody looks at or changes: only the backfill comes by. */
const forgotten = 100;

const { signal } = new AbortController();

/**
 * Prices move from a column of floating-point euros to one of whole cents in the same rows, each change in one transaction,
 * while clerks change them. Somebody cuts the cents off instead of rounding: comparing finds that. The way back is taken
 * once, and everything is there; in the end the old column is dropped.
 */
export async function movedColumn(
  { api, url, sdkKey, folder, connected }: World,
  { clerks: count, compared, say }: MovedColumnOptions,
) {
  const faults = { cutsOff: true };
  // 19.99 * 100 is 1998.9999999999998.
  const toCents = (euros: number): number => (faults.cutsOff ? Math.floor : Math.round)(euros * 100);
  const before = new Map(
    Array.from({ length: forgotten }, (_, at): [string, Price] => [
      `forgotten-${at}`,
      { euros: listPrices[at % listPrices.length] ?? 0 },
    ]),
  );
  const table = openPrices(join(folder, 'prices.db'), { before, toCents });
  const sluice = createClient({ url, sdkKey, cacheFolder: join(folder, 'cache'), instance: { key: 'shop-1' } });
  const prices = createPrices(sluice, table.stores);
  await sluice.ready();
  await connected(1);

  const overrule = { reason: `a story: ${compared} reads compared`, checks: ['comparisons' as const] };
  const go = (stage: RecordStage): Promise<readonly string[]> =>
    advance(api, 'prices', {
      stage,
      ...(stage === 'complete' && { confirm: 'prices' }),
      ...(stage === 'live' && { overrule }),
    });
  const backfill = (): Promise<BackfillResult> => prices.backfill.run({ signal, rangeRows: 50 });

  const clerks = startPriceClerks(prices, table, { count, before });
  try {
    while (clerks.acknowledged < 20 * count) await pause(20);
    say(`${clerks.acknowledged} changes so far, all in the column euros`);

    await go('dualwrite');
    const first = await backfill();
    await go('shadow');
    const found = await compareReads(prices, compared);
    say(`both columns are written; reads are compared: cents ${found}`);
    say(
      `${first.rows} rows from before were copied, and ${first.reported.length} are not alike: ${first.reported[0]?.reason}`,
    );

    // What is there has the right versions already, so that nothing would replace it.
    await go('off');
    await untilRepaired(prices);
    faults.cutsOff = false;
    await table.clearCents();
    await go('dualwrite');
    const second = await backfill();
    await go('shadow');
    const mended = await compareReads(prices, compared);
    say(`19.99 became 1998; mended and begun again: ${second.verified} of ${second.ranges} ranges verified, ${mended}`);

    for (const line of await go('live')) say(`  ${line}`);
    const live = await compareReads(prices, compared);
    await go('shadow');
    const back = await clerks.check();
    say(
      `cents answered, and were ${live}; back at euros, ${back.lost} of ${back.prices} prices are not as acknowledged`,
    );
    clerks.goOn();

    await untilRepaired(prices);
    await go('live');
    await go('rampdown');
    await untilRepaired(prices);
    await go('complete');
    await untilRepaired(prices);
    await table.dropEuros();
    const { prices: checked, lost } = await clerks.check();
    const { acknowledged, undone, failed, stale } = clerks;
    say(
      `complete, and the column euros is dropped: ${acknowledged} changes were acknowledged, ${undone} undone, ${failed} failed; of ${checked} prices ${lost} are not as acknowledged`,
    );
    return {
      proof: {
        found,
        reason: first.reported[0]?.reason,
        isVerified: second.isVerified,
        ...{ mended, live, lostOnReturn: back.lost, served: prices.stage('any'), stale, failed, lost },
      },
      figures: { acknowledged, undone, checked },
    };
  } finally {
    await clerks.stop();
    await sluice.close();
    table.close();
  }
}

/** What has to come true. */
export const movedColumnProof = {
  found: 'differs at euros',
  reason: 'the same version, but other content: euros',
  isVerified: true,
  mended: 'alike',
  live: 'alike',
  lostOnReturn: 0,
  served: 'complete',
  stale: 0,
  failed: 0,
  lost: 0,
};
