/**
 * A program that writes records to two stores until it is killed, or only repairs what is left, in a process of its own:
 * `node writer.ts SETTINGS`. Tells each acknowledged write, and `half` when a record is in one store only.
 */
import { createClient, TestData } from '../src/index.ts';
import { openRecordFile } from './record-file.ts';
import type { WriterSettings } from './writer-settings.ts';

// Whoever starts this is the proof.
const { folder, stage, journal, work, keys } = JSON.parse(process.argv[2] ?? '') as WriterSettings;

const stores = { old: openRecordFile(`${folder}/old.db`).store, new: openRecordFile(`${folder}/new.db`).store };
const sluice = createClient({ testData: new TestData().set('orders', stage) });
/** After the first of two writes; told before it is known, so that a kill may come in between. */
const second = stage === 'live' ? stores.old : stores.new;
const write = second.write.bind(second);
const remove = second.remove.bind(second);
/** The kill comes here, unless it comes sooner. */
const pause = () => {
  process.send?.('half');
  return new Promise((resolve) => setTimeout(resolve, 20));
};
if (work === 'write') {
  second.write = async (...given) => {
    await pause();
    return write(...given);
  };
  second.remove = async (...given) => {
    await pause();
    return remove(...given);
  };
}
const orders = sluice.migration<string>('orders', { ...stores, journal });
await sluice.ready();

if (work === 'write') {
  for (let count = 0; ; count++) {
    const key = `k${count % keys}`;
    const value = `${process.pid}-${count}`;
    const isRemoved = count % 5 === 4;
    const { version } = isRemoved ? await orders.remove(key) : await orders.write(key, value);
    process.send?.({ key, version, value: isRemoved ? undefined : value });
  }
}
// Whatever there is to repair is in the queue once the journal was read.
const look = setInterval(() => {
  if (orders.status().repairs.depth > 0) return;
  clearInterval(look);
  void sluice.close().then(() => process.exit());
}, 200);
