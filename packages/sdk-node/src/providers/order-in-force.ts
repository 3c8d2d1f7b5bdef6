import { describeMalformation, type ProviderOrder, parseProviderOrder, providerDefaults } from '@sluice/protocol';
import type { Client, GivenContext, Log } from '@sluice/sdk-common';
import { everybody, keepLastGood, listServed, placeOf } from '../served-places.ts';

/** On standby, all together get at most so many percent of the first tries where nobody says how many. */
const mostWarm = 50;

/**
 * The order of a provider set as the flag of that key serves it, for everybody or for whom it is pinned. A value that
 * this build cannot follow is refused by name, and where it is served the last good one stays.
 */
export class OrderInForce {
  readonly #client: Client;
  readonly #key: string;
  readonly #names: readonly string[];
  readonly #log: Log;
  /** What each rule and target, and everybody else, was served last that was good. */
  #lastGood: ReadonlyMap<string, ProviderOrder> = new Map();
  readonly #stop: () => void;

  /** `names`: of the providers that the code has, in its order. `onJudged`: called after each change. */
  constructor(
    key: string,
    names: readonly string[],
    { client, log, onJudged }: { readonly client: Client; readonly log: Log; readonly onJudged: () => void },
  ) {
    this.#client = client;
    this.#log = log;
    this.#key = key;
    this.#names = names;
    this.#stop = client.onChange(key, () => {
      this.#judge();
      onJudged();
    });
    this.#judge();
  }

  find(context: GivenContext): ProviderOrder {
    const detail = this.#client.anyDetail(this.#key, context, undefined);
    const served = detail.variation === undefined ? undefined : this.#read(detail.value);
    if (typeof served === 'object') return served;
    return this.#lastGood.get(placeOf(detail)) ?? this.#lastGood.get(everybody) ?? orderOfCode(this.#names);
  }

  /** For people: what each provider is for everybody. */
  get summary(): Readonly<Record<string, string>> {
    const { providers } = this.#lastGood.get(everybody) ?? orderOfCode(this.#names);
    return Object.fromEntries(
      providers.map(({ name, state, share }) => [name, share === undefined ? state : `${state} ${share}%`]),
    );
  }

  close(): void {
    this.#stop();
  }

  /** Looks at everything that the flag may serve, before anybody is served it. */
  #judge(): void {
    const flag = this.#client.findFlag(this.#key);
    const read = (variation: number) => this.#read(flag?.variations?.[variation]);
    this.#lastGood = keepLastGood(flag, this.#lastGood, (variation) => {
      const order = read(variation);
      return typeof order === 'object' ? order : undefined;
    });
    const bad = listServed(flag)
      .flatMap(({ variations }) => variations)
      .find((variation) => typeof read(variation) === 'string');
    const problem = bad === undefined ? undefined : `variations[${bad}]: ${read(bad)}`;
    const { refusals } = this.#client;
    if (flag === undefined || problem === undefined) refusals.accept(this.#key);
    else if (refusals.refuse(this.#key, flag.version, problem))
      this.#log.warn(`providers ${this.#key}: version ${flag.version} is refused: ${problem}`);
  }

  /** In words what is wrong with it. */
  #read(value: unknown): ProviderOrder | string {
    const order = parseProviderOrder(value);
    if ('expected' in order) return describeMalformation(order);
    const index = order.providers.findIndex(({ name }) => !this.#names.includes(name));
    if (index < 0) return order;
    const found = JSON.stringify(order.providers[index]?.name);
    return `providers[${index}].name must be one that this build has (${this.#names.join(', ')}), got ${found}`;
  }
}

/** Without a value: the first is active, the others stand by. */
export function orderOfCode(names: readonly string[]): ProviderOrder {
  return {
    providers: names.map((name, index) => ({ name, state: index === 0 ? 'active' : 'standby' })),
    ambiguous: 'never',
    dwellMs: providerDefaults.dwellMs,
    warmShare: Math.min(providerDefaults.warmShare, mostWarm / Math.max(1, names.length - 1)),
  };
}
