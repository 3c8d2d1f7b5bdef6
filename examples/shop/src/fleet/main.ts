/** So many instances of a service in one process, connected and otherwise idle: `node fleet/main.ts 200`. */
import { createClient } from '@sluice/sdk-node';
import { createSettings } from '../settings.ts';

const { SLUICE_URL: url = 'http://127.0.0.1:7400', SLUICE_SDK_KEY: sdkKey = '' } = process.env;
const count = Math.min(Number(process.argv[2] ?? 200), 1000);
const regions = ['eu-1', 'eu-2', 'us-1', 'us-2'];

/** What they cannot reach they try again, and say so: that is their log's, and for all of them too much here. */
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const clients = Array.from({ length: count }, (_, index) => {
  const instance = { key: `sim-${String(index + 1).padStart(3, '0')}`, region: regions[index % regions.length] };
  const client = createClient({ url, sdkKey, instance, cacheFolder: false, log: silent });
  createSettings(client);
  client.valve('search', { modes: { normal: () => [], cached: () => [], 'off-404': () => undefined } });
  return client;
});
await Promise.all(clients.map((client) => client.ready({ timeoutMs: 20_000 })));
console.log(`ready: ${count} instances`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await Promise.all(clients.map((client) => client.close()));
    process.exit();
  });
}
