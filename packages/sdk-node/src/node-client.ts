import { Client, type ClientOptions, type Platform } from '@sluice/sdk-common';
import type { Provider } from './providers/provider.ts';
import { ProviderSets, type ProviderSetsOptions } from './providers/provider-sets.ts';
import type { Providers, ProvidersOptions } from './providers/providers.ts';
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
import type { Emitter, People, Scopes } from './surroundings/scopes.ts';

export interface NodeClientOptions extends Omit<ClientOptions, 'surroundings'> {
  /** How messages are sent by providers. */
  readonly sends: Pick<ProviderSetsOptions, 'journalFolder' | 'observe'>;
}

/**
 * A client that knows what is around it: within a request, a job or a message, evaluations need no context. Rules see
 * `request` (route template, method and ip) from the start, and whoever `enrich` names from then on.
 */
export class NodeClient extends Client {
  readonly #scopes: Scopes;
  readonly #providerSets: ProviderSets;

  constructor(options: NodeClientOptions, platform: Platform, scopes: Scopes) {
    super({ ...options, surroundings: scopes }, platform);
    this.#scopes = scopes;
    const { log, sends } = options;
    this.#providerSets = new ProviderSets({ client: this, surroundings: scopes, log, ...sends }, platform);
  }

  /**
   * Providers that do the same, of which one is to take each message:
   * `sluice.providers('email', { mailgun: { send }, ses: { send } }, { idempotencyKey: (mail) => mail.id })`. The value
   * of the config `email` says who is active; without it the first is, and the others stand by. Throws a SluiceError
   * when the options cannot be right.
   */
  providers<Message>(
    key: string,
    providers: Readonly<Record<string, Provider<Message>>>,
    options: ProvidersOptions<Message>,
  ): Providers<Message> {
    return this.#providerSets.create(key, providers, options);
  }

  /** Sends what is left, closes connections, and stores the last payload. */
  override async close(): Promise<void> {
    await this.#providerSets.close();
    await super.close();
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
  http<Request extends NodeRequest, Response extends Emitter>(
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
