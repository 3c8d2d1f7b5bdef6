import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createFakeLog } from '@sluice/testkit';
import express, { type Express, type NextFunction, type Request, type Response, Router } from 'express';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createExpressMiddleware, createHonoMiddleware } from '../src/surroundings/adapters.ts';
import { findExpressRoute } from '../src/surroundings/express-route.ts';
import { Scopes } from '../src/surroundings/scopes.ts';

/** Tells the route of each request that is through. */
function createScopes(onAnswered: (route: string | undefined) => void): Scopes {
  const request = ({ route }: { readonly route: string | undefined }) => onAnswered(route);
  const options = { session: 'session', log: createFakeLog(), telemetry: { request }, elapsed: () => 0 };
  return new Scopes({ context: undefined, ambient: [] }, options);
}

async function askServer(server: Server, path: string): Promise<number> {
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}

const answer = (_: Request, response: Response) => void response.end();
const fail = () => {
  throw new Error('thrown');
};

/** What matched a request, by a router before 2.3 if `isOld`: those do not keep what their routes are written as. */
async function routeInExpress(build: (app: Express) => void, path: string, isOld = false) {
  const answered = Promise.withResolvers<string | undefined>();
  const app = express();
  app.use(createExpressMiddleware(createScopes(answered.resolve), {}));
  build(app);
  app.use((_: Error, __: Request, response: Response, ___: NextFunction) => void response.status(500).end());
  if (isOld) forgetPaths(app.router);
  await askServer(app.listen(0, '127.0.0.1'), path);
  return answered.promise;
}

function forgetPaths({ stack }: { readonly stack: readonly object[] }): void {
  for (const layer of stack as readonly { rawPath?: unknown; handle: { stack?: readonly object[] } }[]) {
    delete layer.rawPath;
    if (layer.handle.stack !== undefined) forgetPaths({ stack: layer.handle.stack });
  }
}

describe.each([
  ['Express', false],
  ['Express with an older router', true],
])('%s: the route', (_, isOld) => {
  const shop = (app: Express) => app.use('/shop', Router().get('/:id', answer));
  const api = (app: Express) => {
    const orders = Router().get('/orders/:order', answer);
    app.use('/api', Router().use('/:version', orders));
  };
  const tenants = (app: Express) => app.use('/tenants/:tenant', Router().get('/users/:user', answer));
  const failing = (app: Express) => app.use('/tenants/:tenant', Router().get('/users/:user', fail));
  const many = (app: Express) => app.use(['/de/:shop', '/fr/:shop'], Router().get('/items/:id', answer));
  const twice = (app: Express) => {
    const items = Router().get('/items/:id', answer);
    app.use('/old', items);
    app.use('/new/:shop', items);
  };
  const parts = (app: Express) => app.use('/:id/items', Router().get('/', answer));
  const sub = (app: Express) => app.use('/sub', express().use('/a', Router().get('/:id', answer)));

  test.each<[string, (app: Express) => void, string]>([
    ['/shop/7', shop, '/shop/:id'],
    ['/shop/shop', shop, '/shop/:id'],
    ['/api/v1/orders/v1', api, '/api/:version/orders/:order'],
    ['/api/api/orders/orders', api, '/api/:version/orders/:order'],
    ['/tenants/acme/users/ann', tenants, '/tenants/:tenant/users/:user'],
    ['/tenants/a%20b/users/a%20b?x=/y', tenants, '/tenants/:tenant/users/:user'],
    ['/tenants/acme/users/ann', failing, '/tenants/:tenant/users/:user'],
    ['/fr/1/items/2', many, '/fr/:shop/items/:id'],
    ['/old/items/1', twice, '/old/items/:id'],
    ['/new/1/items/1', twice, '/new/:shop/items/:id'],
    ['/items/items', parts, '/:id/items'],
    ['/sub/a/sub', sub, '/sub/a/:id'],
  ])('of %s is by what its routers are written as, not by what is asked for (%#)', async (path, build, route) => {
    expect(await routeInExpress(build, path, isOld)).toBe(route);
  });
});

test('a router of two Express applications has the route of the one that was asked', async () => {
  const items = Router().get('/items/:id', answer);
  for (const base of ['/old', '/new'])
    expect(await routeInExpress((app) => app.use(base, items), `${base}/items/1`)).toBe(`${base}/items/:id`);
  const within = (app: Express) => app.use('/sub', express().use('/a', items)).use('/b', items);
  expect(await routeInExpress(within, '/sub/a/items/1')).toBe('/sub/a/items/:id');
  expect(await routeInExpress(within, '/b/items/1')).toBe('/b/items/:id');
});

test('an Express router that is called by hand is looked for once', () => {
  const router = Router().get('/items/:id', answer);
  const [layer] = router.stack;
  let looks = 0;
  const app = {
    mountpath: '/',
    get router() {
      looks++;
      return { stack: [] };
    },
  };
  for (const path of ['/items/1', '/items/2'])
    expect(findExpressRoute(layer?.route ?? {}, { app, originalUrl: path })).toBe('/items/:id');
  expect(looks).toBe(1);
});

async function routeInHono(build: (app: Hono) => void, path: string) {
  const answered = Promise.withResolvers<string | undefined>();
  const app = new Hono();
  app.use(createHonoMiddleware(createScopes(answered.resolve), {}));
  build(app);
  await askServer(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server, path);
  return answered.promise;
}

describe('Hono: the route', () => {
  const pass = async (_: unknown, next: () => Promise<void>) => next();

  test.each<[string, (app: Hono) => void, string | undefined]>([
    ['/static/a.css', (app) => app.all('/static/*', (context) => context.text('')), '/static/*'],
    ['/static/a.css', (app) => app.use('/static/*', pass), undefined],
    ['/items/1', (app) => app.get('/items/:id', (context) => context.text('')).use('*', pass), '/items/:id'],
    ['/items/1', (app) => app.get('/items/:id', (c) => c.text('')).get('*', (c) => c.text('')), '/items/:id'],
    ['/page', (app) => app.get('/items/:id', (c) => c.text('')).get('*', (c) => c.text('')), '/*'],
    [
      '/a/1',
      (app) =>
        app.route(
          '/a',
          new Hono()
            .onError((e) => {
              throw e;
            })
            .all('/*', (c) => c.text('')),
        ),
      '/a/*',
    ],
  ])('of %s is that of the handler that answers (%#)', async (path, build, route) => {
    expect(await routeInHono(build, path)).toBe(route);
  });
});
