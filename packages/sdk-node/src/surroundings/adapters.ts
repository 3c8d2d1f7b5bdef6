import { createClientIpFinder, type FindClientIp, type TrustProxy } from './client-ip.ts';
import { findExpressRoute } from './express-route.ts';
import type { Emitter, NodeResponse, Scopes } from './scopes.ts';

export interface AdapterOptions {
  /** Without, the address of a request is that of its connection, whatever headers say. */
  readonly trustProxy?: TrustProxy;
}

export interface HttpAdapterOptions<Request> extends AdapterOptions {
  /** The template of a request's route, for programs that have no router: `/items/:id`. */
  readonly route?: (request: Request) => string | undefined;
}

/** What is read of a request of Node's own. */
export interface NodeRequest extends Emitter {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What is read of a request of Express 5. */
interface ExpressRequest extends NodeRequest {
  readonly originalUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly app?: unknown;
}

export type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: () => void) => void;

/** What is read of a request of Fastify 5. */
interface FastifyRequest {
  readonly raw: NodeRequest;
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined };
}

type FastifyHook = (request: FastifyRequest, reply: { readonly raw: NodeResponse }, done: () => void) => void;

/** A plugin for every Fastify instance: its own types would have to be installed here, too. */
// biome-ignore lint/suspicious/noExplicitAny: Fastify's `addHook` has an overload for each hook.
export type FastifyPlugin = (instance: { addHook: any }, options: unknown, done: () => void) => void;

interface HonoRoute {
  readonly path: string;
  readonly method: string;
  readonly handler: unknown;
}

/** What is read of Hono's context. */
interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly matchedRoutes: readonly HonoRoute[];
    /** Of those the one that was called last. */
    readonly routeIndex: number;
    header(name: string): string | undefined;
  };
  readonly env: unknown;
  readonly res: { readonly status: number };
}

interface HonoSurroundings {
  readonly incoming?: NodeRequest;
  readonly outgoing?: NodeResponse;
}

export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<void>;

export type HttpHandler<Request, Response> = (request: Request, response: Response) => unknown;

export function createExpressMiddleware(scopes: Scopes, { trustProxy }: AdapterOptions): ExpressMiddleware {
  const findIp = createClientIpFinder(trustProxy);
  return (request, response, next) => {
    const scope = scopes.open({
      method: request.method ?? '',
      // Known once one has matched.
      findRoute: () => (request.route === undefined ? undefined : findExpressRoute(request.route, request)),
      findIp: () => findIpOf(request, findIp),
    });
    scopes.bind(scope, request);
    scopes.bindResponse(scope, response);
    scopes.run(scope, next);
  };
}

export function createFastifyPlugin(scopes: Scopes, { trustProxy }: AdapterOptions): FastifyPlugin {
  const findIp = createClientIpFinder(trustProxy);
  const open: FastifyHook = (request, reply, done) => {
    const scope = scopes.open({
      method: request.method,
      findRoute: () => request.routeOptions.url,
      findIp: () => findIpOf(request.raw, findIp),
    });
    scopes.bind(scope, request.raw);
    scopes.bindResponse(scope, reply.raw);
    scopes.run(scope, done);
  };
  const plugin: FastifyPlugin = (instance, _, done) => {
    instance.addHook('onRequest', open);
    done();
  };
  // For the whole application, not only for what is registered within the plugin.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}

export function createHonoMiddleware(scopes: Scopes, { trustProxy }: AdapterOptions): HonoMiddleware {
  const findIp = createClientIpFinder(trustProxy);
  return (context, next) => {
    const { req } = context;
    // Where Hono runs on Node, its request and response are in the surroundings.
    const { incoming, outgoing } = (context.env ?? {}) as HonoSurroundings;
    const scope = scopes.open({
      method: req.method,
      findRoute: () => findHonoRoute(req),
      findIp: () => findIp(incoming?.socket.remoteAddress, req.header('x-forwarded-for')),
    });
    if (incoming !== undefined) scopes.bind(scope, incoming);
    if (outgoing === undefined) {
      return scopes.run(scope, next).finally(() => scopes.noteAnswered(scope, context.res.status));
    }
    scopes.bindResponse(scope, outgoing);
    return scopes.run(scope, next);
  };
}

/** The handler that answers is the first that comes, or that was called last. */
function findHonoRoute({ matchedRoutes, routeIndex }: HonoContext['req']): string | undefined {
  return matchedRoutes.find((route, at) => at >= routeIndex && !isHonoMiddleware(route))?.path;
}

/** Middleware matches every method, as handlers may; but only middleware takes `next`. */
function isHonoMiddleware({ path, method, handler }: HonoRoute): boolean {
  if (method !== 'ALL' || !path.endsWith('*') || typeof handler !== 'function') return false;
  // Hono wraps what it takes in from another application.
  const { __COMPOSED_HANDLER: own = handler } = handler as { __COMPOSED_HANDLER?: unknown };
  return typeof own === 'function' && own.length > 1;
}

export function createHttpHandler<Request extends NodeRequest, Response extends NodeResponse>(
  scopes: Scopes,
  handler: HttpHandler<Request, Response>,
  { trustProxy, route }: HttpAdapterOptions<Request>,
): HttpHandler<Request, Response> {
  const findIp = createClientIpFinder(trustProxy);
  return (request, response) => {
    const scope = scopes.open({
      method: request.method ?? '',
      findRoute: () => route?.(request),
      findIp: () => findIpOf(request, findIp),
    });
    scopes.bind(scope, request);
    scopes.bindResponse(scope, response);
    return scopes.run(scope, () => handler(request, response));
  };
}

function findIpOf({ socket, headers }: NodeRequest, findIp: FindClientIp): string | undefined {
  return findIp(socket.remoteAddress, headers['x-forwarded-for']);
}
