import { createClientIpFinder, type FindClientIp, type TrustProxy } from './client-ip.ts';
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
  readonly baseUrl: string;
  readonly route?: { readonly path?: unknown };
  readonly params?: Readonly<Record<string, unknown>>;
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

/** What is read of Hono's context. */
interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly matchedRoutes: readonly { readonly path: string; readonly method: string }[];
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
      // Known once a route has matched; each router adds what it is mounted at.
      findRoute: () => findExpressRoute(request),
      findIp: () => findIpOf(request, findIp),
    });
    scopes.bind(scope, request);
    scopes.bindResponse(scope, response);
    scopes.run(scope, next);
  };
}

/**
 * Whole templates by Express's routes: when an error leaves a router, Express forgets what that is mounted at, and only
 * requests before it have told.
 */
const wholeTemplates = new WeakMap<object, string>();

/**
 * What routers are mounted at is known as it was asked for, not as it was written: what parameters have taken of it is
 * put back by their names, as far as the route sees them (`mergeParams`).
 */
function findExpressRoute({ baseUrl, route, params = {} }: ExpressRequest): string | undefined {
  if (route === undefined) return undefined;
  // Where several have the same value the first is meant: routers outside come first.
  const names = new Map(
    Object.entries(params)
      .map(([name, value]) => [value, `:${name}`] as const)
      .reverse(),
  );
  const base = baseUrl.replaceAll(/[^/]+/g, (part) => names.get(decode(part)) ?? part);
  const whole = base + String(route.path ?? '');
  const template = whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
  if (baseUrl === '') return wholeTemplates.get(route) ?? template;
  if (!wholeTemplates.has(route)) wholeTemplates.set(route, template);
  return template;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
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
      findRoute: () => findHonoRoute(req.matchedRoutes),
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

/** Handlers come after the middleware before them; middleware matches every method. */
function findHonoRoute(matched: HonoContext['req']['matchedRoutes']): string | undefined {
  const last = matched.at(-1);
  return last === undefined || (last.method === 'ALL' && last.path.endsWith('*')) ? undefined : last.path;
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
