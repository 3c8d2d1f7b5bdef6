import { Client, type ClientOptions, type Platform } from '@sluice/sdk-common';
import {
  type AdapterOptions,
  createExpressMiddleware,
  createFastifyPlugin,
  createHonoMiddleware,
  createHttpHandler,
  type ExpressMiddleware,
  type FastifyPlugin,
  type HonoMiddleware,
  type HttpAdapterOptions,
  type HttpHandler,
  type NodeRequest,
} from './surroundings/adapters.ts';
import type { NodeResponse, People, Scopes } from './surroundings/scopes.ts';

/**
 * A client that knows what is around it: within a request, a job or a message, evaluations need no context. Rules see
 * `request` (route template, method and ip) from the start, and whoever `enrich` names from then on.
 */
export class NodeClient extends Client {
  readonly #scopes: Scopes;

  constructor(options: Omit<ClientOptions, 'surroundings'>, platform: Platform, scopes: Scopes) {
    super({ ...options, surroundings: scopes }, platform);
    this.#scopes = scopes;
  }

  /** Middleware for Express 5: `app.use(sluice.express())`, before everything that evaluates. */
  express(options: AdapterOptions = {}): ExpressMiddleware {
    return createExpressMiddleware(this.#scopes, options);
  }

  /** A plugin for Fastify 5: `await app.register(sluice.fastify())`, before routes are declared. */
  fastify(options: AdapterOptions = {}): FastifyPlugin {
    return createFastifyPlugin(this.#scopes, options);
  }

  /** Middleware for Hono 4: `app.use(sluice.hono())`, before routes are declared. */
  hono(options: AdapterOptions = {}): HonoMiddleware {
    return createHonoMiddleware(this.#scopes, options);
  }

  /** A handler of Node's own servers: `createServer(sluice.http(handler))`. */
  http<Request extends NodeRequest, Response extends NodeResponse>(
    handler: HttpHandler<Request, Response>,
    options: HttpAdapterOptions<Request> = {},
  ): HttpHandler<Request, Response> {
    return createHttpHandler(this.#scopes, handler, options);
  }

  /** Does work that no request asked for; rules see it as route `job:NAME`. */
  job<T>(name: string, work: () => T): T {
    return this.#scopes.run(this.#scopes.open(createWork('JOB', `job:${name}`)), work);
  }

  /** What takes messages of a topic; rules see each as route `consumer:TOPIC`. */
  consumer<Arguments extends readonly unknown[], T>(
    topic: string,
    take: (...given: Arguments) => T,
  ): (...given: Arguments) => T {
    const work = createWork('MESSAGE', `consumer:${topic}`);
    return (...given) => this.#scopes.run(this.#scopes.open(work), () => take(...given));
  }

  /**
   * Says whom the request, job or message around this call is for, once that is known:
   * `sluice.enrich({ account: { key: '42', plan: 'gold' }, user: { key: 'ann' } })`. What was named before stays unless
   * it is named again. What cannot be right is logged and changes nothing.
   */
  enrich(people: People): void {
    this.#scopes.enrich(people);
  }
}

function createWork(method: string, route: string) {
  return { method, findRoute: () => route, findIp: () => undefined };
}
