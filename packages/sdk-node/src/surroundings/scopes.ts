import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, findContextProblem, type MultiContext, type SingleContext } from '@sluice/engine';
import type { AnsweredRequest, Log, Surroundings, SurroundingsSource, Telemetry } from '@sluice/sdk-common';
import { describeGiven } from '../option-checks.ts';

/** What is done, as rules see it. What is not known at first, such as the route before it was matched, is asked anew. */
export interface Work {
  /** `GET`, or `JOB` and `MESSAGE`. */
  readonly method: string;
  /** The template: `/items/:id`; `job:nightly`. Undefined: none, or not known yet. */
  readonly findRoute: () => string | undefined;
  /** The client's address. */
  readonly findIp: () => string | undefined;
}

/** What is used of Node's EventEmitter: whoever uses this package need not have Node's types. */
export interface Emitter {
  emit(event: string | symbol, ...told: unknown[]): boolean;
}

/** What is used of Node's ServerResponse. */
export interface NodeResponse extends Emitter {
  readonly statusCode: number;
}

/** Whom work is done for, by context kind: `{ account: { key: '42', plan: 'gold' }, user: { key: 'ann' } }`. */
export type People = Readonly<Record<string, { readonly key: string; readonly [attribute: string]: unknown }>>;

/** These say what is done and by which process; who it is done for is told by others. */
const reserved: readonly string[] = ['kind', 'request', 'instance', 'sluice'];

/** Longer names are not told apart in telemetry. */
const longestArm = 256;

/** One piece of work: what it is, and whom it is for as far as that is known by now. */
export class WorkScope implements Surroundings {
  readonly #request: SingleContext;
  readonly #around: Surroundings;
  readonly #openedAt: number;
  #people: MultiContext = { kind: 'multi' };
  context: Context | undefined;
  ambient: readonly Context[];
  /** By which its requests are told apart in telemetry. */
  arm: string | undefined;

  constructor(request: SingleContext, around: Surroundings, openedAt: number) {
    this.#request = request;
    this.#around = around;
    this.#openedAt = openedAt;
    this.ambient = [request, ...around.ambient];
  }

  /** What there is to count of it when it ends. */
  describe(now: number): Omit<AnsweredRequest, 'status'> {
    // They are as `createRequestContext` and `add` have made them.
    const { route, method } = this.#request as unknown as { route: string | undefined; method: string };
    const account = this.#people.account as SingleContext | undefined;
    return { route, method, durationMs: now - this.#openedAt, account: account?.key, arm: this.arm };
  }

  /** Whether rules for routes can be told from others by now. */
  get hasRoute(): boolean {
    return this.#request.route !== undefined;
  }

  /** Says what cannot be taken in, and takes in nothing then. */
  add(people: People): string | undefined {
    // What callers without types may pass.
    if (typeof people !== 'object' || people === null)
      return `whom work is done for must be an object, such as { account: { key: "42" } }, got ${describeGiven(people)}`;
    const wrong = Object.keys(people).find((kind) => reserved.includes(kind));
    if (wrong !== undefined) return `${wrong} is not a kind of whom work is done for`;
    const all: MultiContext = { ...this.#people, ...people };
    const problem = findContextProblem(all);
    if (problem !== undefined) return problem;
    this.#setPeople(all);
    return undefined;
  }

  /** Says that it is for whom other work is by now. */
  inherit(other: WorkScope): void {
    if (other.context !== undefined) this.#setPeople(other.#people);
  }

  #setPeople(people: MultiContext): void {
    this.#people = people;
    this.context = toSimplest(people);
    this.ambient = [this.#request, this.context, ...this.#around.ambient];
  }
}

/** One kind is reported as itself. */
function toSimplest(people: MultiContext): Context {
  const [kind, ...others] = Object.keys(people).filter((name) => name !== 'kind');
  if (kind === undefined || others.length > 0) return people;
  // It was found to be valid.
  return { ...(people[kind] as SingleContext), kind };
}

export interface ScopesOptions {
  /** Of this process; keys of its requests begin with it. */
  readonly session: string;
  readonly log: Log;
  /** Undefined: nobody counts requests. */
  readonly telemetry: Pick<Telemetry, 'request'> | undefined;
  /** Milliseconds from anywhere, never going backwards. */
  readonly elapsed: () => number;
}

/** Keeps for each request, job or message what evaluations within it need not be given. */
export class Scopes implements SurroundingsSource {
  readonly widest: Surroundings;
  hasNarrower = false;
  readonly #storage = new AsyncLocalStorage<WorkScope>();
  readonly #options: ScopesOptions;
  readonly #keyPrefix: string;
  #count = 0;

  constructor(around: Surroundings, options: ScopesOptions) {
    const { session } = options;
    this.widest = around;
    this.#options = options;
    this.#keyPrefix = `${session.slice(0, 8)}-`;
  }

  find(): Surroundings {
    return this.#storage.getStore() ?? this.widest;
  }

  open(work: Work): WorkScope {
    this.hasNarrower = true;
    const request = createRequestContext(this.#keyPrefix + (++this.#count).toString(36), work);
    return new WorkScope(request, this.widest, this.#options.elapsed());
  }

  /** As `open`, for whom the work around the caller is done. */
  openWithin(work: Work): WorkScope {
    const scope = this.open(work);
    const outer = this.#storage.getStore();
    if (outer !== undefined) scope.inherit(outer);
    return scope;
  }

  run<T>(scope: WorkScope, work: () => T): T {
    return this.#storage.run(scope, work);
  }

  /**
   * Lets listeners of a request or response run within a scope: what makes these speak is the connection, which serves
   * many requests and knows of none.
   */
  bind(scope: WorkScope, emitter: Emitter): void {
    const { emit } = emitter;
    emitter.emit = (...told) => this.#storage.run(scope, () => emit.apply(emitter, told));
  }

  /** As `bind`, and counts the request when its response is done with, whether all of it was sent or not. */
  bindResponse(scope: WorkScope, response: NodeResponse): void {
    const { emit } = response;
    response.emit = (...told) => {
      if (told[0] === 'close') this.noteAnswered(scope, response.statusCode);
      return this.#storage.run(scope, () => emit.apply(response, told));
    };
  }

  /** Counts a request. Never throws: what tells the route may be the application's, and nobody would catch it here. */
  noteAnswered(scope: WorkScope, status: number): void {
    const { telemetry, elapsed, log } = this.#options;
    if (telemetry === undefined) return;
    try {
      telemetry.request({ ...scope.describe(elapsed()), status });
    } catch (error) {
      log.warn(`a request could not be counted: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Says whom the work around the caller is done for. */
  enrich(people: People): void {
    this.#tell('enrich', (scope) => scope.add(people));
  }

  /** Says by which arm the request around the caller is judged. */
  arm(arm: string): void {
    this.#tell('arm', (scope) => {
      if (typeof arm !== 'string' || arm === '' || arm.length > longestArm)
        return `expected a text of 1 to ${longestArm} characters, got ${JSON.stringify(arm)?.slice(0, 60)}`;
      scope.arm = arm;
      return undefined;
    });
  }

  /** Tells the work around the caller something; logs what cannot be taken in. */
  #tell(what: string, take: (scope: WorkScope) => string | undefined): void {
    const scope = this.#storage.getStore();
    const problem = scope === undefined ? 'there is no request, job or message around this call' : take(scope);
    if (problem !== undefined) this.#options.log.warn(`${what}: ${problem}`);
  }
}

function createRequestContext(key: string, { method, findRoute, findIp }: Work): SingleContext {
  let ip: string | undefined;
  return {
    kind: 'request',
    key,
    method,
    get route() {
      return findRoute();
    },
    get ip() {
      ip ??= findIp();
      return ip;
    },
  };
}
