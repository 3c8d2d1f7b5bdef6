import { changeEverywhere } from './change-everywhere.ts';
import type { Stage } from './stage.ts';

const products = 50;
/** As long as the longer time to live, so that every product is looked up once at least. */
const watchSeconds = 240;

/** The database is busy with products that hardly change: keep them four times as long, while the shop runs. */
export async function cacheTuner(stage: Stage) {
  const { api, say } = stage;
  const before = await queriesPerSecond(stage);
  say(`cache.ttl 60 s: ${before.toFixed(2)} database queries a second`);
  await changeEverywhere(api, { flag: 'cache.ttl', instructions: [{ kind: 'set-value', value: 240 }] });
  // What was promised 60 s stays for 60 s.
  await stage.browse(products, 60);
  const after = await queriesPerSecond(stage);
  say(`cache.ttl 240 s: ${after.toFixed(2)} database queries a second`);
  return { proof: { ttl: (await readStats(stage)).cacheTtl, fell: after < before / 2 }, figures: { before, after } };
}

/** What has to come true. */
export const cacheTunerProof = { ttl: 240, fell: true };

async function queriesPerSecond(stage: Stage): Promise<number> {
  const { queries } = await readStats(stage);
  await stage.browse(products, watchSeconds);
  return ((await readStats(stage)).queries - queries) / watchSeconds;
}

async function readStats({ shopUrl }: Stage): Promise<{ readonly queries: number; readonly cacheTtl: number }> {
  // As the shop answers it.
  return (await (await fetch(`${shopUrl}/stats`)).json()) as { queries: number; cacheTtl: number };
}
