import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, TestData } from '@sluice/sdk-node';
import { findFreePort } from '@sluice/testkit';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCatalogue } from './catalogue/catalogue.ts';
import { openNewOrders, openOldOrders } from './orders/order-stores.ts';
import { createOrders } from './orders/orders.ts';
import { SearchBackend } from './search/backend.ts';
import { createShop } from './shop.ts';

let flags: TestData;
let app: FastifyInstance;
let lines: string[];
let close: () => Promise<void>;

/** A shop whose flags the test sets; its e-mail goes nowhere. */
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shop-'));
  flags = new TestData();
  lines = [];
  const sluice = createClient({ testData: flags });
  const catalogue = openCatalogue(join(folder, 'shop.db'), 2000);
  const search = new SearchBackend(join(folder, 'shop.db'), 1);
  const [old, next] = [openOldOrders(join(folder, 'shop.db')), await openNewOrders(join(folder, 'new.db'))];
  const orders = createOrders(sluice, { old: old.store, new: next.store });
  const nowhere = `http://127.0.0.1:${await findFreePort()}`;
  const mail = { pigeon: nowhere, falcon: nowhere };
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  app = await createShop({ sluice, catalogue, search, orders, mail, logger, now: () => 0, createId: randomUUID });
  await sluice.ready();
  close = async () => {
    await app.close();
    await search.close();
    catalogue.close();
    await sluice.close();
    await old.close();
    await next.close();
    rmSync(folder, { recursive: true, force: true });
  };
});

afterEach(() => close());

function get(url: string, account = '7') {
  return app.inject({ url, headers: { 'x-account': account } });
}

/** As the server would deliver a valve that is in one mode for everybody. */
function serve(valve: string, mode: string): void {
  const variations = ['normal', 'cached', 'off-404'];
  flags.setFlag({ key: valve, on: true, variations, fallthrough: { variation: variations.indexOf(mode) } });
}

test('search finds what fits best', async () => {
  const hits = (await get('/search?q=oak+table')).json<{ id: number }[]>();
  expect(hits).toHaveLength(10);
  for (const { id } of hits) {
    const { description } = (await get(`/products/${id}`)).json<{ description: string }>();
    expect([description.includes('oak'), description.includes('table')]).toEqual([true, true]);
  }
});

test.each(['search', 'recommendations'])(
  '%s that is switched off is answered 404 with Retry-After; the rest goes on',
  async (valve) => {
    serve(valve, 'off-404');
    const statuses = { search: '/search?q=lamp', recommendations: '/products/1/recommendations' };
    for (const [key, url] of Object.entries(statuses)) {
      const { statusCode, headers } = await get(url);
      expect([statusCode, headers['retry-after']]).toEqual(key === valve ? [404, '30'] : [200, undefined]);
    }
    expect((await get('/products/1')).statusCode).toBe(200);
  },
);

test('search from the cache answers what was found before, and nothing that was never asked', async () => {
  const before = (await get('/search?q=lamp')).json();
  serve('search', 'cached');
  expect((await get('/search?q=lamp')).json()).toEqual(before);
  expect((await get('/search?q=chair')).statusCode).toBe(404);
});

test('a request that takes longer than its route may is answered 503 with Retry-After', async () => {
  flags.setFlag({
    key: 'route.timeout',
    on: true,
    variations: [5000, 10],
    fallthrough: { variation: 0 },
    rules: [
      {
        variation: 1,
        clauses: [{ contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] }],
      },
    ],
  });
  const words = Array.from({ length: 100 }, () => 'lamp').join('+');
  // One after the other: those at the end of the line wait for longer than 10 ms.
  const answers = await Promise.all(Array.from({ length: 5 }, () => get(`/search?q=${words}`)));
  const last = answers.at(-1);
  expect([last?.statusCode, last?.headers['retry-after']]).toEqual([503, '30']);
  expect((await get('/products/1/recommendations')).statusCode).toBe(200);
});

test('one account can be made verbose', async () => {
  flags.set('log.level', 'warn').setFor('log.level', { kind: 'account', key: '42' }, 'debug');
  await get('/search?q=lamp', '7');
  expect(lines).toEqual([]);
  await get('/search?q=lamp', '42');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'searched', q: 'lamp', mode: 'normal' }]);
});

test('an order stands when its receipt cannot be sent', async () => {
  const order = { product: 1, quantity: 2 };
  const response = await app.inject({ method: 'POST', url: '/orders', payload: order, headers: { 'x-account': '7' } });
  expect([response.statusCode, response.json()]).toMatchObject([
    201,
    { account: '7', ...order, receipt: { status: 'failed' } },
  ]);
});

test('what does not exist or makes no sense is refused', async () => {
  expect((await get('/products/999999')).statusCode).toBe(404);
  expect((await get('/products/lamp')).statusCode).toBe(400);
  expect((await app.inject({ method: 'POST', url: '/orders', payload: { product: 1 } })).statusCode).toBe(400);
});
