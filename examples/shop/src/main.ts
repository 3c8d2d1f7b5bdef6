/**
 * The shop. From the environment: SLUICE_URL, SLUICE_SDK_KEY; SHOP_PORT (8080), SHOP_DATABASE (shop.db), SHOP_PRODUCTS (5000),
 * SHOP_ORDERS (where orders go: PostgreSQL's address, or a file),
 * SHOP_CACHE (where the SDK keeps its last payload), SHOP_INSTANCE, SHOP_PIGEON and SHOP_FALCON (providers of e-mail), and SHOP_CLOCK_RATE: for stories, in which a minute of
 * caching should not take one.
 */
import { randomUUID } from 'node:crypto';
import { createClient } from '@sluice/sdk-node';
import { pino } from 'pino';
import { openCatalogue } from './catalogue/catalogue.ts';
import { openNewOrders, openOldOrders } from './orders/order-stores.ts';
import { createOrders } from './orders/orders.ts';
import { SearchBackend } from './search/backend.ts';
import { createShop } from './shop.ts';

const {
  SLUICE_URL: url = 'http://127.0.0.1:7400',
  SLUICE_SDK_KEY: sdkKey = '',
  SHOP_PORT: port = '8080',
  SHOP_DATABASE: database = 'shop.db',
  SHOP_PRODUCTS: productCount = '5000',
  SHOP_ORDERS: newOrders = `${database}.orders`,
  SHOP_CACHE: cacheFolder,
  SHOP_INSTANCE: key = 'shop-1',
  SHOP_CLOCK_RATE: clockRate = '1',
  SHOP_PIGEON: pigeon = 'http://127.0.0.1:8081',
  SHOP_FALCON: falcon = 'http://127.0.0.1:8082',
} = process.env;

const logger = pino({ level: 'warn' }, pino.destination(2));
const sluice = createClient({
  url,
  sdkKey,
  instance: { key, service: 'shop' },
  ...(cacheFolder !== undefined && { cacheFolder }),
});
const catalogue = openCatalogue(database, Number(productCount));
const search = new SearchBackend(database, 2);
const [oldDatabase, newDatabase] = [openOldOrders(database), await openNewOrders(newOrders)];
const orders = createOrders(sluice, { old: oldDatabase.store, new: newDatabase.store });
const now = (): number => Date.now() * Number(clockRate);
const app = await createShop({
  sluice,
  catalogue,
  search,
  orders,
  mail: { pigeon, falcon },
  logger,
  now,
  createId: randomUUID,
});

// Customers are not kept waiting for long: without the server the shop starts with what it knew last.
await sluice.ready({ timeoutMs: 2000 });
console.log(`ready at ${await app.listen({ host: '127.0.0.1', port: Number(port) })}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await app.close();
    await search.close();
    catalogue.close();
    await sluice.close();
    await oldDatabase.close();
    await newDatabase.close();
  });
}
