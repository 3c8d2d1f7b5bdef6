import type { Client, Migration, ValveCause } from '@sluice/sdk-node';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Catalogue } from './catalogue/catalogue.ts';
import { createRecommendations } from './catalogue/recommendations.ts';
import { TtlCache } from './catalogue/ttl-cache.ts';
import { createReceipts, type MailUrls } from './mail/receipts.ts';
import type { Order } from './orders/orders.ts';
import type { SearchBackend } from './search/backend.ts';
import { createSearch } from './search/search.ts';
import { createSettings } from './settings.ts';

declare module 'fastify' {
  interface FastifyRequest {
    account: string;
    /** Aborted when the time of this request is over. */
    deadline: AbortSignal;
  }
}

export interface ShopParts {
  readonly sluice: Client;
  readonly catalogue: Catalogue;
  readonly search: SearchBackend;
  readonly orders: Migration<Order>;
  readonly mail: MailUrls;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Of an order, unlike any other. */
  readonly createId: () => string;
}

/** When to ask again for what is switched off. */
const retryAfterSeconds = 30;

export async function createShop({
  sluice,
  catalogue,
  search: backend,
  orders,
  mail,
  logger,
  now,
  createId,
}: ShopParts): Promise<FastifyInstance> {
  const settings = createSettings(sluice);
  const search = createSearch(sluice, backend);
  const recommendations = createRecommendations(sluice, catalogue);
  const receipts = createReceipts(sluice, mail);
  const products = new TtlCache({ ttlSeconds: () => settings.cacheTtl.get(), now, maxEntries: 10_000 });
  sluice.logLevel(logger, { default: 'warn' });

  const loggerInstance: FastifyBaseLogger = logger;
  const app = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) });
  await app.register(sluice.fastify());
  app.decorateRequest('account', '');
  // Set for each request before its handler runs.
  app.decorateRequest('deadline', null as unknown as AbortSignal);

  app.addHook('onRequest', async (request) => {
    // A header that anybody can send is enough for an example. Yours comes from a session or a token that was checked.
    const account = request.headers['x-account'];
    request.account = typeof account === 'string' ? account : 'guest';
    sluice.enrich({ account: { key: request.account } });
    request.deadline = AbortSignal.timeout(settings.routeTimeout.at());
  });

  app.setErrorHandler<Error & { statusCode?: number }>(async (error, request, reply) => {
    if (error.name === 'TimeoutError') return refuse(reply, 503, 'this takes too long at the moment');
    request.log.error(error);
    const { statusCode = 500 } = error;
    return reply.code(statusCode).send({ error: statusCode < 500 ? error.message : 'something went wrong' });
  });

  app.get<{ Params: { id: number } }>('/products/:id', idOnly, async ({ params: { id } }, reply) => {
    const product = products.get(String(id), () => catalogue.findProduct(id));
    return product ?? reply.code(404).send({ error: `there is no product ${id}` });
  });

  app.get<{ Querystring: { q: string } }>('/search', textOnly, async ({ query: { q }, deadline, log }, reply) => {
    const { value: hits, mode, cause } = await search.runUntil(deadline, undefined, q);
    log.debug({ q, mode, cause }, 'searched');
    return hits ?? refuseFor(cause, reply, 'search');
  });

  app.get<{ Params: { id: number } }>(
    '/products/:id/recommendations',
    idOnly,
    async ({ params: { id }, deadline }, reply) => {
      const { value, cause } = await recommendations.runUntil(deadline, undefined, id);
      return value ?? refuseFor(cause, reply, 'recommendations');
    },
  );

  app.post<{ Body: { product: number; quantity: number } }>('/orders', orderOnly, async ({ body, account }, reply) => {
    const product = catalogue.findProduct(body.product);
    if (product === undefined) return reply.code(404).send({ error: `there is no product ${body.product}` });
    const order = { id: createId(), account, ...body, cents: body.quantity * product.cents };
    await orders.write(order.id, order);
    catalogue.addPurchase({ account, ...body });
    // An order stands whatever becomes of its receipt, of which the journal knows.
    const text = `${body.quantity} × ${product.name}`;
    const { status, provider } = await receipts.send({ order: order.id, account, text });
    return reply.code(201).send({ ...order, receipt: { status, provider } });
  });

  app.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id }, account }, reply) => {
    const { value: order } = await orders.read(id);
    return order?.account === account ? order : refuseOrder(reply, id);
  });

  app.put<{ Params: { id: string }; Body: { quantity: number } }>(
    '/orders/:id',
    quantityOnly,
    async ({ params: { id }, body: { quantity }, account }, reply) => {
      const { write, value: order } = await orders.update(id, (found) =>
        found?.account === account
          ? { ...found, quantity, cents: (found.cents / found.quantity) * quantity }
          : undefined,
      );
      return write === undefined ? refuseOrder(reply, id) : order;
    },
  );

  app.delete<{ Params: { id: string } }>('/orders/:id', async ({ params: { id }, account }, reply) => {
    const { value: order } = await orders.read(id);
    if (order?.account !== account) return refuseOrder(reply, id);
    await orders.remove(id);
    return reply.code(204).send();
  });

  app.get('/stats', async () => ({ queries: catalogue.queries, cacheTtl: settings.cacheTtl.get() }));
  return app;
}

function refuseOrder(reply: FastifyReply, id: string): FastifyReply {
  return reply.code(404).send({ error: `you have no order ${id}` });
}

/** Somebody has switched it off, or it does not work by itself. */
function refuseFor(cause: ValveCause, reply: FastifyReply, what: string): FastifyReply {
  if (cause === 'rule') return refuse(reply, 404, `${what}: switched off for now`);
  return refuse(reply, 503, `${what}: not available at the moment`);
}

function refuse(reply: FastifyReply, status: 404 | 503, error: string): FastifyReply {
  return reply.code(status).header('retry-after', String(retryAfterSeconds)).send({ error });
}

const positive = { type: 'integer', minimum: 1 };
const idOnly = { schema: { params: { type: 'object', properties: { id: positive } } } };
const textOnly = {
  schema: { querystring: { type: 'object', required: ['q'], properties: { q: { type: 'string', maxLength: 2000 } } } },
};
const orderOnly = {
  schema: {
    body: { type: 'object', required: ['product', 'quantity'], properties: { product: positive, quantity: positive } },
  },
};
const quantityOnly = {
  schema: { body: { type: 'object', required: ['quantity'], properties: { quantity: positive } } },
};
