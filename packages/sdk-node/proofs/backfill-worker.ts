/**
 * A program that takes part in a backfill until it is done or killed: `node backfill-worker.ts SETTINGS`. A byte in the
 * file `puts` stands for each time that it wrote to the new store, as that survives it; in the end it tells its result.
 */
import { appendFileSync } from 'node:fs';
import { createClient } from '../src/index.ts';
import type { BackfillProofSettings } from './backfill-settings.ts';
import { openStore, type Value } from './backfill-stores.ts';

// Whoever starts this is the proof.
const settings = JSON.parse(process.argv[2] ?? '') as BackfillProofSettings;
const { url, sdkKey, folder, rate } = settings;
/** Of a million records, these are of the default size. */
const ranges = Math.max(10, settings.rows / 5000);

const sluice = createClient({ url, sdkKey, cacheFolder: false, instance: { key: `worker-${process.pid}` } });
const next = openStore(settings, 'new');
const count = (): void => appendFileSync(`${folder}/puts`, '.');
const records = sluice.migration<Value>('records', {
  old: openStore(settings, 'old'),
  new: {
    ...next,
    write: (...given) => {
      count();
      return next.write(...given);
    },
    remove: (...given) => {
      count();
      return next.remove(...given);
    },
  } as typeof next,
  journal: false,
});
await sluice.ready();
const result = await records.backfill.run({
  rate,
  // Two cores are shared by more processes than that.
  targetP99Ms: 1000,
  rangeRows: Math.ceil(settings.rows / ranges),
  pageRows: 250,
});
process.send?.(result);
await sluice.close();
process.disconnect?.();
