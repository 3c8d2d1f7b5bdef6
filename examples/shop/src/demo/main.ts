/**
 * `npm run demo`: a server, the shop, its customers with a bad one among them, and 200 instances of another service; ends
 * with Ctrl-C, else after `--minutes` (30). The server listens at SLUICE_PORT (7400), the
 * shop at SHOP_PORT, or where there is room.
 */
import { parseArgs } from 'node:util';
import { runReportedLoad } from '../load/reported-load.ts';
import { createWorld } from '../stories/world.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 24 * 60)) {
  console.error(`Expected minutes from above 0 to 1440 for --minutes, got "${values.minutes}".`);
  process.exit(2);
}
const stop = new AbortController();
// npm passes on what the terminal has told us already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const { SLUICE_PORT: serverPort = '7400', SHOP_PORT: shopPort = '0' } = process.env;
const world = await createWorld(Number(serverPort));
try {
  const shop = await world.startShop({ SHOP_PORT: shopPort });
  await world.startFleet(200);
  await world.connected(201);
  console.log(`
The server is at ${world.url}, the shop at ${shop.url}, and 200 more instances are connected.
Account 42 makes search slow for everybody: see the p99 of the others below. In another terminal:

  export SLUICE_URL=${world.url} SLUICE_TOKEN=${world.token}
  npx sluice fleet
  npx sluice valve trip search off-404 --account 42 --reason "42 makes search slow" --now --wait
  npx sluice valve show search
  npx sluice valve restore search --now
  npx sluice config set cache.ttl 240 --wait
  npx sluice config set cache.ttl 0
  curl -i -H "x-account: 42" "${shop.url}/search?q=lamp"

Ctrl-C ends all of it, else it ends after ${minutes} minutes.
`);
  await runReportedLoad({
    url: shop.url,
    withBad: true,
    everySeconds: 5,
    maxSeconds: minutes * 60,
    now: () => performance.now(),
    signal: stop.signal,
    print: (line) => console.log(line),
  });
} finally {
  await world.close();
}
