/**
 * An application that writes and removes records in `dualwrite`, so many in a second, until it is told to stop: `node
 * backfill-writer.ts SETTINGS`. Tells, once it is through, the last version of each record that was acknowledged.
 */
import { createClient } from '../src/index.ts';
import { type BackfillProofSettings, nameRecord } from './backfill-settings.ts';
import { openStore, type Value } from './backfill-stores.ts';

// Whoever starts this is the proof.
const settings = JSON.parse(process.argv[2] ?? '') as BackfillProofSettings;
const { url, sdkKey, folder, rows, writesPerSecond, removesPerSecond } = settings;

const sluice = createClient({ url, sdkKey, cacheFolder: false, instance: { key: 'writer' } });
const records = sluice.migration<Value>('records', {
  old: openStore(settings, 'old'),
  new: openStore(settings, 'new'),
  journal: `${folder}/repairs`,
});
await sluice.ready();

export interface AcknowledgedWrite {
  readonly version: string;
  readonly isRemoved: boolean;
}

const acknowledged = new Map<string, AcknowledgedWrite>();
const running = new Set<Promise<void>>();
let failures = 0;
const startedAt = performance.now();
const perSecond = writesPerSecond + removesPerSecond;
let begun = 0;

const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
  for (; begun < due; begun++) {
    // What is removed is not written again, so that it would be seen if it came back.
    const at = Math.floor(Math.random() * rows);
    const key = nameRecord(at);
    const isRemoved = Math.random() < removesPerSecond / perSecond;
    if (acknowledged.get(key)?.isRemoved === true || pending.has(key)) continue;
    pending.add(key);
    const done = change(key, isRemoved).finally(() => {
      pending.delete(key);
      running.delete(done);
    });
    running.add(done);
  }
}, 10);
const pending = new Set<string>();

async function change(key: string, isRemoved: boolean): Promise<void> {
  try {
    const { version } = isRemoved ? await records.remove(key) : await records.write(key, { total: -begun });
    acknowledged.set(key, { version, isRemoved });
  } catch {
    failures++;
  }
}

process.send?.('started');
process.once('message', async () => {
  clearInterval(timer);
  await Promise.all(running);
  while (records.status().repairs.depth > 0 || records.status().detached > 0)
    await new Promise((resolve) => setTimeout(resolve, 100));
  process.send?.({ acknowledged: [...acknowledged], failures });
  await sluice.close();
  process.disconnect?.();
});
