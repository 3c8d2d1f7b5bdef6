import type { Stage } from '@sluice/engine';
import { Client, type ClientOptions, type GivenContext, type Platform, type Widened } from '@sluice/sdk-common';
import type { Config } from './configs/config.ts';
import type { ConfigOptions } from './configs/config-options.ts';
import { Configs } from './configs/configs.ts';
import { createGate, type LevelledLogger, LogLevel, type LogLevelOptions } from './configs/log-level.ts';
import { SluiceError } from './errors.ts';
import { InForce } from './in-force.ts';
import type { Migration } from './migrations/migration.ts';
import type { MigrationOptions } from './migrations/migration-options.ts';
import { Migrations, type MigrationsOptions } from './migrations/migrations.ts';
import type { TrackedStage } from './migrations/tracked-stage.ts';
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
import type { NodeResponse, People, Scopes } from './surroundings/scopes.ts';
import { Limits } from './valves/limits.ts';
import type { ObserveCall } from './valves/observed-call.ts';
import { type AnswerOf, type GivenTo, type Modes, Valve, type ValveOptions } from './valves/valve.ts';
import { ValvesInBuild } from './valves/valves-in-build.ts';

export interface NodeClientOptions extends Omit<ClientOptions, 'surroundings'> {
  /** Is told of every call of a valve; undefined: nobody wants to know. */
  readonly onValveCall?: ObserveCall | undefined;
  /** Is told of every try of a provider; undefined: nobody wants to know. */
  readonly onProviderSend?: ProviderSetsOptions['observe'];
  /** Where journals of sends are that nobody gave a place; false: in memory; undefined: there is none. */
  readonly journalFolder?: ProviderSetsOptions['journalFolder'];
  /** The same for journals of repairs. */
  readonly repairFolder?: MigrationsOptions['journalFolder'];
  /** Is told of every call of a migration's store and every comparison; undefined: nobody wants to know. */
  readonly onMigration?: MigrationsOptions['observe'];
  /** Who knows how far backfills are; undefined: nobody. */
  readonly server?: MigrationsOptions['server'];
}

/**
 * A client that knows what is around it: within a request, a job or a message, evaluations need no context. Rules see
 * `request` (route template, method and ip) from the start, and whoever `enrich` names from then on.
 */
export class NodeClient extends Client {
  readonly #scopes: Scopes;
  readonly #platform: Platform;
  readonly #options: NodeClientOptions;
  readonly #limits: Limits;
  readonly #valves = new Set<string>();
  readonly #valvesInBuild: ValvesInBuild;
  readonly #configs: Configs;
  readonly #providerSets: ProviderSets;
  readonly #migrations: Migrations;

  constructor(options: NodeClientOptions, platform: Platform, scopes: Scopes) {
    super({ ...options, surroundings: scopes }, platform);
    this.#scopes = scopes;
    this.#platform = platform;
    this.#options = options;
    this.#limits = new Limits(platform.clock);
    const { log, reporter, telemetry, journalFolder, onProviderSend: observe } = options;
    this.#valvesInBuild = new ValvesInBuild(reporter, log);
    const inForce = new InForce(reporter, platform.hash, log);
    this.#configs = new Configs({
      client: this,
      telemetry,
      widest: scopes.widest,
      log,
      tellInForce: (values) => inForce.tell('configs', values),
    });
    this.#providerSets = new ProviderSets(
      {
        client: this,
        surroundings: scopes,
        journalFolder,
        log,
        observe,
        tellInForce: (orders) => inForce.tell('providers', orders),
      },
      platform,
    );
    this.#migrations = new Migrations(
      {
        client: this,
        surroundings: scopes,
        reporter,
        limits: this.#limits,
        journalFolder: options.repairFolder,
        log,
        observe: options.onMigration,
        server: options.server,
      },
      platform,
    );
  }

  /**
   * A part of the program that can be turned down while it runs; see `Valve`. Throws a SluiceError when the options
   * cannot be right, or when there is one with that key: it is made once, where the program starts, and then run.
   */
  valve<M extends Modes>(key: string, options: ValveOptions<M>): Valve<GivenTo<M>, AnswerOf<M>> {
    if (this.#valves.has(key))
      throw new SluiceError('invalid-options', `valve ${key} is there already: make it once, and run it for each call`);
    const valve = new Valve<GivenTo<M>, AnswerOf<M>>(key, options, {
      detail: (...asked) => this.detail(...asked),
      findFlag: (flag) => this.findFlag(flag),
      onChange: (flag, listener) => this.onChange(flag, listener),
      refusals: this.refusals,
      tellLacks: (flag, lacks) => this.#valvesInBuild.tell(flag, lacks),
      see: () => this.#scopes.find(),
      limits: this.#limits,
      clock: this.#platform.clock,
      log: this.#options.log,
      observe: this.#options.onValveCall,
    });
    this.#valves.add(key);
    return valve;
  }

  /**
   * A live value, typed by its default: `sluice.config('cache.ttl', { default: 60, min: 1, max: 3600, unit: 's' })`.
   * Throws a SluiceError when the options contradict themselves; nothing later throws.
   */
  config<T>(key: string, options: ConfigOptions<T>): Config<Widened<T>> {
    return this.#configs.create(key, options);
  }

  /**
   * Lets the level of pino, or of `console`, follow a config: `sluice.logLevel(logger, { key: 'log.level' })`. Where a rule
   * names an account or a route, lines written for it have its level while all others have that of the process. Children
   * of a logger follow unless they were made with a level of their own.
   */
  logLevel(logger: LevelledLogger, { key = 'log.level', default: level = 'info' }: LogLevelOptions = {}): LogLevel {
    const gate = createGate(logger);
    return new LogLevel({
      gate,
      config: this.config(key, { default: level, oneOf: Object.keys(gate.levels) }),
      scopes: this.#scopes,
      onChange: (listener) => this.onChange(key, listener),
    });
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

  /**
   * Records that move from one store to another while they are used: `sluice.migration('orders-to-postgres', { old,
   * new: next })`; see `Migration`. Throws a SluiceError when the options cannot be right, or when there is one with that
   * key.
   */
  migration<T, Id = string>(key: string, options: MigrationOptions<T, Id>): Migration<T, Id> {
    return this.#migrations.create(key, options);
  }

  /**
   * The stage of a migration, for programs that ask its stores themselves; `defaultStage` where the flag serves none.
   * What they tell of an operation is reported as LaunchDarkly's `migration_op` event, where events go to a server that
   * wants them: `const read = tracked.begin('read'); read.asked('old', { latencyMs: 2 }); read.end()`.
   */
  migrationStage(key: string, context: GivenContext, defaultStage: Stage): TrackedStage {
    return this.#migrations.track(key, context, defaultStage);
  }

  /** Sends what is left, closes connections, and stores the last payload. */
  override async close(): Promise<void> {
    await this.#migrations.close();
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
  http<Request extends NodeRequest, Response extends NodeResponse>(
    handler: HttpHandler<Request, Response>,
    options: HttpAdapterOptions<Request> = {},
  ): HttpHandler<Request, Response> {
    return createHttpHandler(this.#scopes, handler, options);
  }

  /**
   * Does work that no request asked for, or that is not to be seen as part of one; rules see it as route `job:NAME`.
   * Within a request, job or message it is for whom that is, until `enrich` says otherwise.
   */
  job<T>(name: string, work: () => T): T {
    return this.#scopes.run(this.#scopes.openWithin(createWork('JOB', `job:${name}`)), work);
  }

  /**
   * What takes messages of a topic; rules see each as route `consumer:TOPIC`. It is for nobody until `enrich` says so:
   * libraries call back within whatever happened to open their connection.
   */
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

  /**
   * Says by which arm the request around this call is judged, such as what a release flag serves it:
   * `sluice.arm(sluice.enabled('new-checkout') ? 'treated' : 'control')`. Telemetry of its route tells requests,
   * failures and times of each arm, of which it tells 20 apart. The last that was said counts; what cannot be one, of
   * 1 to 256 characters, is logged and changes nothing.
   */
  arm(name: string): void {
    this.#scopes.arm(name);
  }
}

function createWork(method: string, route: string) {
  return { method, findRoute: () => route, findIp: () => undefined };
}
