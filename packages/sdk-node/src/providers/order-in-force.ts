import type { Flag, Reason, VariationOrRollout } from '@sluice/engine';
import { describeMalformation, type ProviderOrder, parseProviderOrder, providerDefaults } from '@sluice/protocol';
import type { Client, GivenContext, Log } from '@sluice/sdk-common';

/** On standby, all together get at most so many percent of the first tries where nobody says how many. */
const mostWarm = 50;
/** Places where something is served: rules have their ids. */
const everybody = 'everybody';
const pinned = 'targets';

/**
 * The order of a provider set as the flag of that key serves it, for everybody or for whom it is pinned. A value that
 * this build cannot follow is refused by name, and where it is served the last good one stays.
 */
export class OrderInForce {
  readonly #client: Client;
  readonly #key: string;
  readonly #names: readonly string[];
  readonly #log: Log;
  /** What each rule, and everybody else, was served last that was good. */
  #lastGood = new Map<string, ProviderOrder>();
  readonly #stop: () => void;

  /** `names`: of the providers that the code has, in its order. */
  constructor(key: string, names: readonly string[], { client, log }: { readonly client: Client; readonly log: Log }) {
    this.#client = client;
    this.#log = log;
    this.#key = key;
    this.#names = names;
    this.#stop = client.onChange(key, () => this.#judge());
    this.#judge();
  }

  find(context: GivenContext): ProviderOrder {
    const { variation, value, reason } = this.#client.anyDetail(this.#key, context, undefined);
    const served = variation === undefined ? undefined : this.#read(value);
    if (typeof served === 'object') return served;
    return this.#lastGood.get(placeOf(reason)) ?? this.#lastGood.get(everybody) ?? orderOfCode(this.#names);
  }

  close(): void {
    this.#stop();
  }

  /** Looks at everything that the flag may serve, before anybody is served it. */
  #judge(): void {
    const flag = this.#client.findFlag(this.#key);
    const before = this.#lastGood;
    this.#lastGood = new Map();
    let problem: string | undefined;
    for (const [place, variations] of listServed(flag)) {
      const read = variations.map((variation) => [variation, this.#read(flag?.variations?.[variation])] as const);
      const good = read.flatMap(([, order]) => (typeof order === 'object' ? [order] : []))[0] ?? before.get(place);
      if (good !== undefined) this.#lastGood.set(place, good);
      const bad = read.find(([, order]) => typeof order === 'string');
      if (bad !== undefined) problem ??= `variations[${bad[0]}]: ${bad[1]}`;
    }
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

function placeOf(reason: Reason): string {
  if (reason.kind === 'RULE_MATCH') return placeOfRule(reason.ruleId, reason.ruleIndex);
  return reason.kind === 'TARGET_MATCH' ? pinned : everybody;
}

function placeOfRule(id: string | undefined, index: number): string {
  return id === undefined ? `rules[${index}]` : `rule ${id}`;
}

/** What may be served where. */
function listServed(flag: Flag | undefined): readonly (readonly [place: string, variations: readonly number[]])[] {
  if (flag === undefined) return [];
  const { on, fallthrough = {}, offVariation, targets = [], contextTargets = [], rules = [] } = flag;
  if (on !== true) return typeof offVariation === 'number' ? [[everybody, [offVariation]]] : [];
  return [
    [everybody, variationsOf(fallthrough)],
    [pinned, [...targets, ...contextTargets].map(({ variation }) => variation)],
    ...rules.map((rule, index) => [placeOfRule(rule.id, index), variationsOf(rule)] as const),
  ];
}

function variationsOf({ variation, rollout }: VariationOrRollout): readonly number[] {
  if (typeof variation === 'number') return [variation];
  return (rollout?.variations ?? []).map((each) => each.variation);
}
