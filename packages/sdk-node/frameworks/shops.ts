import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import express, { type NextFunction, type Request, type Response } from 'express';
import fastify, { type FastifyPluginCallback } from 'fastify';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import type { NodeClient } from '../src/node-client.ts';
import type { AdapterOptions } from '../src/surroundings/adapters.ts';

/** What rules see at some moment. */
export type See = () => Readonly<Record<string, string>>;

/** A shop, the same in every framework: what its handlers do, and what they see meanwhile. */
export interface ShopParts {
  readonly sluice: NodeClient;
  readonly see: See;
  /** What was seen when nobody could be answered any more. */
  readonly seenLate: unknown[];
}

export interface Shop {
  readonly url: string;
  close(): Promise<void>;
}

export type OpenShop = (parts: ShopParts, options: AdapterOptions) => Promise<Shop>;

/** Who asks is said by a header, as if a token had been checked; account 7 is treated in another way than others. */
function authenticate({ sluice }: ShopParts, account: string | undefined, user: string | undefined): void {
  if (account !== undefined) sluice.enrich({ account: { key: account } });
  if (account !== undefined) sluice.arm(account === '7' ? 'treated' : 'control');
  if (user !== undefined) sluice.enrich({ user: { key: user } });
}

/** Waits in every way that there is, enriches in the middle, and says what was seen all the time. */
async function wander({ sluice, see }: ShopParts, account: string): Promise<readonly unknown[]> {
  const seen: unknown[] = [see()];
  await sleep(Math.random() * 3);
  seen.push(see());
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => process.nextTick(resolve));
  sluice.enrich({ account: { key: account } });
  seen.push(see());
  await Promise.all([1, 2, 3].map(async () => sleep(1).then(() => seen.push(see()))));
  return seen;
}

const chunks = ['a', 'b', 'c'];

export const openExpress: OpenShop = async (parts, options) => {
  const { sluice, see, seenLate } = parts;
  const app = express();
  app.use(sluice.express(options));
  app.use(express.json());
  app.use((request, _, next) => {
    authenticate(parts, request.get('x-account'), request.get('x-user'));
    next();
  });
  app.get('/', (_, response) => void response.json(see()));
  app.get('/items/:id', (_, response) => void response.json(see()));
  app.post('/items', (request, response) => void response.json({ ...see(), body: request.body }));
  const orders = express.Router();
  orders.get('/orders/:order', (_, response) => void response.json(see()));
  app.use('/api', express.Router().use('/v1', orders));
  const users = express.Router({ mergeParams: true });
  users.get('/users/:user', (request, response) => {
    if (request.get('x-fail') !== undefined) throw new Error('thrown');
    response.json(see());
  });
  app.use('/tenants/:tenant', users);
  app.get('/wander/:account', async (request, response) => {
    response.json(await wander(parts, request.params.account));
  });
  app.get('/stream', async (_, response) => {
    for (const chunk of chunks) {
      response.write(`${chunk} ${JSON.stringify(see())}\n`);
      await sleep(2);
    }
    response.end();
  });
  app.get('/hang', (_, response) => {
    response.on('close', () => seenLate.push(see()));
    response.write('.');
  });
  app.get('/later', (_, response) => {
    setTimeout(() => seenLate.push(see()), 20);
    response.json(see());
  });
  app.get('/throws', () => {
    throw new Error('thrown');
  });
  app.get('/rejects', async () => {
    await sleep(1);
    throw new Error('rejected');
  });
  app.use((_: Request, response: Response) => void response.status(404).json(see()));
  app.use((_: Error, __: Request, response: Response, ___: NextFunction) => void response.status(500).json(see()));
  return listen(createServer(app));
};

export const openFastify: OpenShop = async (parts, options) => {
  const { sluice, see, seenLate } = parts;
  const app = fastify({ forceCloseConnections: true });
  await app.register(sluice.fastify(options));
  app.addHook('preHandler', async (request) => {
    const { 'x-account': account, 'x-user': user } = request.headers;
    authenticate(parts, account?.toString(), user?.toString());
  });
  app.get('/', async () => see());
  app.get('/items/:id', async () => see());
  app.post('/items', async (request) => ({ ...see(), body: request.body }));
  const orders: FastifyPluginCallback = (router, _, done) => {
    router.get('/orders/:order', async () => see());
    done();
  };
  const api: FastifyPluginCallback = (router, _, done) => {
    router.register(orders, { prefix: '/v1' });
    done();
  };
  const users: FastifyPluginCallback = (router, _, done) => {
    router.get('/users/:user', async () => see());
    done();
  };
  await app.register(api, { prefix: '/api' });
  await app.register(users, { prefix: '/tenants/:tenant' });
  app.get<{ Params: { account: string } }>('/wander/:account', (request) => wander(parts, request.params.account));
  app.get('/stream', async (_, reply) => {
    reply.hijack();
    for (const chunk of chunks) {
      reply.raw.write(`${chunk} ${JSON.stringify(see())}\n`);
      await sleep(2);
    }
    reply.raw.end();
  });
  app.get('/hang', (_, reply) => {
    reply.raw.on('close', () => seenLate.push(see()));
    reply.raw.write('.');
  });
  app.get('/later', async () => {
    setTimeout(() => seenLate.push(see()), 20);
    return see();
  });
  app.get('/throws', () => {
    throw new Error('thrown');
  });
  app.get('/rejects', async () => {
    await sleep(1);
    throw new Error('rejected');
  });
  app.setNotFoundHandler(async (_, reply) => reply.code(404).send(see()));
  app.setErrorHandler(async (_, __, reply) => reply.code(500).send(see()));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
};

export const openHono: OpenShop = async (parts, options) => {
  const { sluice, see, seenLate } = parts;
  const app = new Hono();
  app.use(sluice.hono(options));
  app.use(async (context, next) => {
    authenticate(parts, context.req.header('x-account'), context.req.header('x-user'));
    await next();
  });
  app.get('/', (context) => context.json(see()));
  app.get('/items/:id', (context) => context.json(see()));
  app.post('/items', async (context) => context.json({ ...see(), body: await context.req.json(), after: see() }));
  const orders = new Hono().get('/orders/:order', (context) => context.json(see()));
  app.route('/api', new Hono().route('/v1', orders));
  app.route(
    '/tenants/:tenant',
    new Hono().get('/users/:user', (context) => context.json(see())),
  );
  app.get('/wander/:account', async (context) => context.json(await wander(parts, context.req.param('account'))));
  app.get('/stream', (context) =>
    stream(context, async (body) => {
      for (const chunk of chunks) {
        await body.write(`${chunk} ${JSON.stringify(see())}\n`);
        await body.sleep(2);
      }
    }),
  );
  app.get('/hang', (context) =>
    stream(context, async (body) => {
      body.onAbort(() => void seenLate.push(see()));
      while (!body.aborted) {
        await body.write('.');
        await body.sleep(2);
      }
    }),
  );
  app.get('/later', (context) => {
    setTimeout(() => seenLate.push(see()), 20);
    return context.json(see());
  });
  app.get('/throws', () => {
    throw new Error('thrown');
  });
  app.get('/rejects', async () => {
    await sleep(1);
    throw new Error('rejected');
  });
  app.notFound((context) => context.json(see(), 404));
  app.onError((_, context) => context.json(see(), 500));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  if (!server.listening) await once(server, 'listening');
  return toShop(server);
};

const templates: readonly (readonly [RegExp, string])[] = [
  [/^\/$/, '/'],
  [/^\/items\/[^/]+$/, '/items/:id'],
  [/^\/api\/v1\/orders\/[^/]+$/, '/api/v1/orders/:order'],
  [/^\/tenants\/[^/]+\/users\/[^/]+$/, '/tenants/:tenant/users/:user'],
  [/^\/wander\/[^/]+$/, '/wander/:account'],
  [/^\/(?:items|stream|hang|later|throws|rejects)$/, '=' /* itself */],
];

function findTemplate({ url = '' }: IncomingMessage): string | undefined {
  const [path = ''] = url.split('?');
  const [, template] = templates.find(([pattern]) => pattern.test(path)) ?? [];
  return template === '=' ? path : template;
}

export const openHttp: OpenShop = async (parts, options) => {
  const { sluice, see, seenLate } = parts;
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const { 'x-account': account, 'x-user': user } = request.headers;
    authenticate(parts, account?.toString(), user?.toString());
    try {
      switch (findTemplate(request)) {
        case undefined:
          return answer(404, see());
        case '/items': {
          const body: Buffer[] = [];
          for await (const chunk of request) body.push(chunk);
          return answer(200, { ...see(), body: JSON.parse(Buffer.concat(body).toString()) });
        }
        case '/wander/:account':
          return answer(200, await wander(parts, decodeURIComponent(request.url?.split('/')[2] ?? '')));
        case '/stream':
          for (const chunk of chunks) {
            response.write(`${chunk} ${JSON.stringify(see())}\n`);
            await sleep(2);
          }
          response.end();
          return;
        case '/hang':
          response.on('close', () => seenLate.push(see()));
          response.write('.');
          return;
        case '/later':
          setTimeout(() => seenLate.push(see()), 20);
          return answer(200, see());
        case '/throws':
          throw new Error('thrown');
        case '/rejects':
          await sleep(1);
          throw new Error('rejected');
        default:
          return answer(200, see());
      }
    } catch {
      answer(500, see());
    }
  }
  return listen(createServer(sluice.http(handle, { ...options, route: findTemplate })));
};

async function listen(server: Server): Promise<Shop> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return toShop(server);
}

function toShop(server: Server): Shop {
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
