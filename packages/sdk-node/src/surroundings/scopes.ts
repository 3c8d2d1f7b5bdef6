import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, findContextProblem, type MultiContext, type SingleContext } from '@sluice/engine';
import type { Log, Surroundings, SurroundingsSource } from '@sluice/sdk-common';

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

/** Whom work is done for, by context kind: `{ account: { key: '42', plan: 'gold' }, user: { key: 'ann' } }`. */
export type People = Readonly<Record<string, { readonly key: string; readonly [attribute: string]: unknown }>>;

/** These say what is done and by which process; who it is done for is told by others. */
const reserved: readonly string[] = ['kind', 'request', 'instance', 'sluice'];

/** One piece of work: what it is, and whom it is for as far as that is known by now. */
export class WorkScope implements Surroundings {
  readonly #request: SingleContext;
  readonly #around: Surroundings;
  #people: MultiContext = { kind: 'multi' };
  context: Context | undefined;
  ambient: readonly Context[];

  constructor(request: SingleContext, around: Surroundings) {
    this.#request = request;
    this.#around = around;
    this.ambient = [request, ...around.ambient];
  }

  /** Whether rules for routes can be told from others by now. */
  get hasRoute(): boolean {
    return this.#request.route !== undefined;
  }

  /** Says what cannot be taken in, and takes in nothing then. */
  add(people: People): string | undefined {
    const wrong = Object.keys(people).find((kind) => reserved.includes(kind));
    if (wrong !== undefined) return `${wrong} is not a kind of whom work is done for`;
    const all: MultiContext = { ...this.#people, ...people };
    const problem = findContextProblem(all);
    if (problem !== undefined) return problem;
    this.#people = all;
    this.context = toSimplest(all);
    this.ambient = [this.#request, this.context, ...this.#around.ambient];
    return undefined;
  }
}

/** One kind is reported as itself. */
function toSimplest(people: MultiContext): Context {
  const [kind, ...others] = Object.keys(people).filter((name) => name !== 'kind');
  if (kind === undefined || others.length > 0) return people;
  // It was found to be valid.
  return { ...(people[kind] as SingleContext), kind };
}

/** Keeps for each request, job or message what evaluations within it need not be given. */
export class Scopes implements SurroundingsSource {
  readonly widest: Surroundings;
  hasNarrower = false;
  readonly #storage = new AsyncLocalStorage<WorkScope>();
  readonly #log: Log;
  readonly #keyPrefix: string;
  #count = 0;

  /** `session`: of this process; keys of its requests begin with it. */
  constructor(around: Surroundings, { session, log }: { readonly session: string; readonly log: Log }) {
    this.widest = around;
    this.#log = log;
    this.#keyPrefix = `${session.slice(0, 8)}-`;
  }

  find(): Surroundings {
    return this.#storage.getStore() ?? this.widest;
  }

  open(work: Work): WorkScope {
    this.hasNarrower = true;
    return new WorkScope(createRequestContext(this.#keyPrefix + (++this.#count).toString(36), work), this.widest);
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

  /** Says whom the work around the caller is done for. */
  enrich(people: People): void {
    const scope = this.#storage.getStore();
    const problem = scope === undefined ? 'there is no request, job or message around this call' : scope.add(people);
    if (problem !== undefined) this.#log.warn(`enrich: ${problem}`);
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
