import { createBucketer } from '@sluice/engine';
import type { ProviderOrder } from '@sluice/protocol';
import type { Clock } from '@sluice/sdk-common';
import { type Answer, type AttemptOptions, attempt } from './attempt.ts';
import { listCandidates, listUsable } from './choosing.ts';
import { blamesProvider } from './not-accepted.ts';
import type { Provider, SendOptions } from './provider.ts';
import { ProviderHealth } from './provider-health.ts';
import { RateCap } from './rate-cap.ts';

interface Member<Message> {
  readonly provider: Provider<Message>;
  readonly health: ProviderHealth;
  readonly cap: RateCap;
}

export interface MembersOptions {
  /** Of the set; messages find their places among all others by it. */
  readonly set: string;
  /** How long a probe may take. */
  readonly timeoutMs: number;
}

/** The providers of a set as this process sees them: how each is, and how much it may still get. */
export class Members<Message> {
  readonly #byName: ReadonlyMap<string, Member<Message>>;
  readonly #options: MembersOptions;
  readonly #clock: Clock;
  readonly #placeOf: (key: string) => number;

  constructor(providers: Readonly<Record<string, Provider<Message>>>, options: MembersOptions, clock: Clock) {
    this.#byName = new Map(
      Object.entries(providers).map(([name, provider]) => [
        name,
        { provider, health: new ProviderHealth(clock), cap: new RateCap(clock) },
      ]),
    );
    this.#options = options;
    this.#clock = clock;
    this.#placeOf = createBucketer(options.set);
  }

  /** Whom a message goes to, the best first; before them one that is not well, whose trial it is. */
  listCandidates(order: ProviderOrder, key: string): readonly string[] {
    const trial = listUsable(order).find(({ name }) => this.#isOnTrial(name, order.dwellMs))?.name;
    const candidates = listCandidates(order, this.#placeOf(key), (name) => this.#get(name).health.state(order.dwellMs));
    return trial === undefined ? candidates : [trial, ...candidates.filter((name) => name !== trial)];
  }

  /** Whether one may get a message that it may have already. */
  mayRepeat(order: ProviderOrder, name: string): boolean {
    if (!listUsable(order).some((place) => place.name === name)) return false;
    return this.#get(name).provider.honoursIdempotencyKey === true;
  }

  /** How long until one may get a message; 0: now. */
  waitMs(order: ProviderOrder, name: string): number {
    return this.#get(name).cap.waitMs(findCap(order, name));
  }

  /** The first that may get a message now; it counts as if it had got it. */
  takeFree(order: ProviderOrder, names: readonly string[]): string | undefined {
    const free = names.find((name) => this.waitMs(order, name) === 0);
    if (free !== undefined) this.#get(free).cap.take(findCap(order, free));
    return free;
  }

  async send(
    name: string,
    message: Message,
    { idempotencyKey, ...options }: AttemptOptions & Pick<SendOptions, 'idempotencyKey'>,
  ): Promise<Answer> {
    const { provider, health } = this.#get(name);
    const deadline = this.#clock.now() + options.timeoutMs;
    const call = (signal: AbortSignal) => provider.send(message, { signal, deadline, idempotencyKey });
    const answer = await attempt(call, options, this.#clock);
    if (answer.outcome === 'sent' || !blamesProvider(answer.error)) health.succeeded();
    // Whoever gives up says nothing about the provider.
    else if (options.signal?.aborted !== true) health.failed();
    return answer;
  }

  /** Whether the next message is to be a trial; one that has a probe is probed, and messages go on as they were. */
  #isOnTrial(name: string, dwellMs: number): boolean {
    const { provider, health } = this.#get(name);
    if (health.state(dwellMs) === 'well' || !health.takeTrial()) return false;
    if (provider.probe === undefined) return true;
    void this.#probe(name);
    return false;
  }

  async #probe(name: string): Promise<void> {
    const { provider, health } = this.#get(name);
    const call = async (signal: AbortSignal): Promise<unknown> => provider.probe?.({ signal });
    const { timeoutMs } = this.#options;
    const { outcome } = await attempt(call, { timeoutMs, signal: undefined }, this.#clock);
    if (outcome === 'sent') health.succeeded();
    else health.failed();
  }

  #get(name: string): Member<Message> {
    const member = this.#byName.get(name);
    // An order with other names is refused before it comes here.
    if (member === undefined) throw new RangeError(`there is no provider ${name}`);
    return member;
  }
}

function findCap({ providers }: ProviderOrder, name: string): number | undefined {
  return providers.find((place) => place.name === name)?.maxPerSecond;
}
