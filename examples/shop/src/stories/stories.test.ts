import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient } from '@sluice/api-client';
import { type Client, createClient } from '@sluice/sdk-node';
import { FakeClock, startTestServer, type TestServer, until } from '@sluice/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { type Answer, ask, runLoad } from '../load/load.ts';
import { startFakeProvider } from '../mail/fake-provider.ts';
import { openNewOrders, openOldOrders } from '../orders/order-stores.ts';
import { createOrders } from '../orders/orders.ts';
import { SearchBackend } from '../search/backend.ts';
import { place, setUp } from '../setup.ts';
import { createShop } from '../shop.ts';
import { badConfig, badConfigProof } from './bad-config.ts';
import { cacheTuner, cacheTunerProof } from './cache-tuner.ts';
import { badCustomerProof, oneBadCustomer } from './one-bad-customer.ts';
import { providerDown, providerDownProof } from './provider-down.ts';
import type { Stage } from './stage.ts';

/** The same server, shop and SDK as in the stories' own processes, in this one; the shop's clock is the test's. */
let stage: Stage;
let clock: FakeClock;
let server: TestServer;
let sluice: Client;
let close: (() => Promise<unknown>)[];
/** The clock by which this process measures is put forward, so that nobody has to wait for what is due after a while. */
let passedMs: number;
const elapsed = performance.now.bind(performance);

beforeEach(async () => {
  passedMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => elapsed() + passedMs);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shop-'));
  close = [async () => rmSync(folder, { recursive: true, force: true })];
  server = await startTestServer({ folder: join(folder, 'server') });
  close.unshift(() => server.close());
  const api = createApiClient({ url: server.url, token: server.apiToken, fetch });
  await setUp(api);
  sluice = startClient('shop-1', folder);
  const catalogue = openCatalogue(join(folder, 'shop.db'), 300);
  const search = new SearchBackend(join(folder, 'shop.db'), 1);
  const [old, next] = [openOldOrders(join(folder, 'shop.db')), await openNewOrders(join(folder, 'new.db'))];
  const orders = createOrders(sluice, { old: old.store, new: next.store });
  const [pigeon, falcon] = [await startFakeProvider(), await startFakeProvider()];
  close.unshift(
    () => pigeon.close(),
    () => falcon.close(),
  );
  const mail = { pigeon: pigeon.url, falcon: falcon.url };
  clock = new FakeClock();
  // What the level is, is a config.
  const logger = pino({}, { write: () => undefined });
  const app = await createShop({
    sluice,
    catalogue,
    search,
    orders,
    mail,
    logger,
    now: () => clock.now(),
    createId: randomUUID,
  });
  close.unshift(async () => {
    await app.close();
    await search.close();
    catalogue.close();
    await sluice.close();
    await old.close();
    await next.close();
  });
  const shopUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  await sluice.ready();
  await until(async () => (await api.getFleet(place)).connected === 1);

  stage = {
    api,
    shopUrl,
    mail,
    pass: async (ms) => {
      passedMs += ms;
    },
    now: () => performance.now(),
    say: () => undefined,
    counted: () => sluice.flush(),
    shopping: async (customers, meanwhile) => {
      const stop = new AbortController();
      const answers: Answer[] = [];
      const load = runLoad({
        url: shopUrl,
        customers,
        now: () => performance.now(),
        signal: stop.signal,
        maxSeconds: 20,
        onAnswer: (answer) => answers.push(answer),
      });
      // Customers are watched until each has got 10 more answers.
      await meanwhile(async () => {
        const seen = answers.length;
        const countOf = (asked: string): number =>
          answers.slice(seen).filter(({ account }) => account === asked).length;
        await until(() => customers.every(({ account }) => countOf(account) >= 10));
      });
      stop.abort();
      await load;
      return answers;
    },
    browse: async (products, seconds) => {
      for (let second = 0; second < seconds; second += 20) {
        for (let id = 1; id <= products; id++) await ask(undefined, `${shopUrl}/products/${id}`, '7');
        await clock.advance(20_000);
      }
    },
  };
});

afterEach(async () => {
  for (const end of close) await end();
  vi.restoreAllMocks();
});

function startClient(key: string, folder: string): Client {
  const client = createClient({
    url: server.url,
    sdkKey: server.sdkKey,
    cacheFolder: join(folder, key),
    instance: { key },
    log: pino({ level: 'silent' }),
  });
  close.unshift(() => client.close());
  return client;
}

test('one bad customer: 42 is found, gets 404 with Retry-After, and nobody else does', async () => {
  const { proof } = await oneBadCustomer(stage, { customers: 3, pauseMs: 100, badInFlight: 3 });
  expect(proof).toEqual(badCustomerProof);
});

test('cache tuner: from 60 to 240 s there are a quarter of the database queries', async () => {
  const { proof, figures } = await cacheTuner(stage);
  expect(proof).toEqual(cacheTunerProof);
  expect(figures).toEqual({ before: 50 / 60, after: 50 / 240 });
});

test('bad config: 0 s is refused by the server, and by every instance when the server would serve it', async () => {
  const { proof, figures } = await badConfig(stage);
  expect(proof).toEqual(badConfigProof);
  expect(figures).toEqual({ instances: 1, accepted: 0 });
});

test('provider down: receipts go by the other one, none twice, and return after the probe and the dwell', async () => {
  expect(await providerDown(stage)).toEqual(providerDownProof);
});
