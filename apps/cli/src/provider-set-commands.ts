import { describeClauses, type JsonValue, listNames } from '@sluice/authoring';
import {
  findProviderOrderProblem,
  type ProviderOrder,
  type ProviderPlace,
  type ProviderState,
  parseProviderOrder,
  providerDefaults,
  providerOrderSchema,
} from '@sluice/protocol';
import { type ChangeCall, changeOptions, findLastChange } from './change.ts';
import { type Command, defineCommand } from './command.ts';
import { changeConfig, getConfig, isConfig } from './config-commands.ts';
import { type Config, describeScopeOf } from './config-words.ts';
import { type Connection, connect, connectionOptions } from './connection.ts';
import { createFlag, creationOptions } from './create-flag.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { listFlags } from './list-flags.ts';
import { parseClauses, scopeOptions } from './scope.ts';
import { formatRoughSpan } from './span.ts';
import { formatFields, formatTable } from './table.ts';

const policies = ['never', 'idempotent-only', 'allow-duplicate'] as const;

/** A value as it is stored: with what is not ours. */
type StoredOrder = { readonly [name: string]: JsonValue } & { readonly providers: readonly StoredPlace[] };
type StoredPlace = { readonly [name: string]: JsonValue } & Pick<ProviderPlace, 'name' | 'state'>;

interface ProviderSet {
  readonly config: Config;
  readonly order: ProviderOrder;
  readonly stored: StoredOrder;
}

export const providerSetCommands: readonly Command[] = [
  defineCommand({
    name: 'providers create',
    summary: 'create a set of providers: the first sends, the others stand by in this order',
    arguments: ['SET', 'PROVIDER', '[PROVIDER]…'],
    options: {
      ...creationOptions,
      ambiguous: {
        type: 'string',
        value: 'POLICY',
        help: `what to do where nobody knows whether a message was accepted: ${policies.join(', ')}; idempotent-only unless given`,
      },
    },
    examples: ['sluice providers create email mailgun ses'],
    run: ({ words: [key = '', ...names], ...call }) => {
      const { ambiguous = 'idempotent-only' } = call.options;
      const providers = names
        .flatMap((name) => name ?? [])
        .map((name, index) => ({ name, state: index === 0 ? 'active' : 'standby' }));
      // What all on standby get together is limited.
      const warmShare = Math.min(providerDefaults.warmShare, Math.floor(50 / Math.max(1, providers.length - 1)));
      const value = { providers, ambiguous, dwellMs: providerDefaults.dwellMs, warmShare };
      const wrong = findProviderOrderProblem(value);
      if (wrong !== undefined) throw usageError(wrong);
      const config = { schema: providerOrderSchema, dimensions: ['account', 'user'] };
      return createFlag(key, call, { kind: 'config', value, config }, (flag) => [
        `Created ${flag.key}: ${describeStates(providers)} in every environment.`,
        `Switch with: sluice providers activate ${flag.key} PROVIDER`,
      ]);
    },
  }),

  defineCommand({
    name: 'providers list',
    summary: 'list the sets of providers of an environment, and who sends',
    arguments: [],
    options: connectionOptions,
    examples: ['sluice providers list'],
    run: async ({ options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const sets = (await listFlags({ api, place }, 'config'))
        .filter(isConfig)
        .flatMap((config) => readSet(config) ?? []);
      if (options.json === true) output.printJson(sets.map(({ config }) => config));
      else if (sets.length === 0)
        output.print(
          `There are no providers in project ${place.project} yet. Create some with: sluice providers create SET PROVIDER`,
        );
      else {
        const rows = sets.map(({ config: { key, rules }, order }) => [
          key,
          ...(['active', 'standby', 'drained'] as const).map((state) => namesOf(order, state)),
          String(rules.length),
        ]);
        output.print(formatTable(['SET', 'ACTIVE', 'STANDBY', 'DRAINED', 'PINS'], rows, output.width));
      }
      return undefined;
    },
  }),

  defineCommand({
    name: 'providers show',
    summary: 'show the providers of a set in the order of failing over, and its pins',
    arguments: ['SET'],
    options: connectionOptions,
    examples: ['sluice providers show email'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const connection = connect(options, platform);
      const set = await getSet(connection, key);
      if (options.json === true) output.printJson(set.config);
      else output.print(formatSet(set, connection.place.environment, output.width));
      return undefined;
    },
  }),

  stateCommand('activate', 'active', 'let a provider send; it gets its share beside others that are active'),
  stateCommand('standby', 'standby', 'let a provider send only the warm share, and all when the active ones fail'),
  stateCommand('drain', 'drained', 'let a provider send nothing'),

  defineCommand({
    name: 'providers pin',
    summary: 'let one provider send for an account or a user, whoever sends for others',
    arguments: ['SET', 'PROVIDER'],
    options: { ...changeOptions, account: scopeOptions.account, user: scopeOptions.user },
    examples: ['sluice providers pin email ses --account 42'],
    run: async ({ words: [key = '', name = ''], ...call }) => {
      const when = [...parseClauses(call.options)];
      if (when.length === 0) throw usageError('for whom? Give --account or --user');
      const { stored, version } = await getSetToChange(connect(call.options, call.platform), key);
      const pinned = findPlace(key, stored, name);
      // Whoever else is active would still get its part; and shares are of those that are active together.
      const providers = stored.providers.map(({ share: _, ...place }) =>
        place.name === pinned.name
          ? { ...place, state: 'active' as const }
          : { ...place, state: place.state === 'active' ? ('standby' as const) : place.state },
      );
      return changeOrder({ key, version, value: { ...stored, providers, warmShare: 0 }, when }, call);
    },
  }),
];

function stateCommand(word: string, state: ProviderState, summary: string): Command {
  return defineCommand({
    name: `providers ${word}`,
    summary,
    arguments: ['SET', 'PROVIDER'],
    options: changeOptions,
    examples: [`sluice providers ${word} email mailgun -m "why" --wait`],
    run: async ({ words: [key = '', name = ''], ...call }) => {
      const { config, stored, version } = await getSetToChange(connect(call.options, call.platform), key);
      const { share, ...place } = findPlace(key, stored, name);
      // Shares are of those that are active.
      const changed = { ...place, ...(state === 'active' && share !== undefined && { share }), state };
      const providers = stored.providers.map((each) => (each.name === name ? changed : each));
      refuseNoneActive(key, name, providers);
      const exitCode = await changeOrder({ key, version, value: { ...stored, providers } }, call);
      const pins = state === 'active' ? [] : listPins(config).filter(({ order }) => namesOf(order, 'active') === name);
      if (call.options.json !== true) {
        const remove = (id: string): string => `remove it with: sluice config remove ${key} ${id}`;
        call.output.print(pins.map(({ id, who }) => `It is still pinned where ${who}; ${remove(id)}`));
      }
      return exitCode;
    },
  });
}

function refuseNoneActive(key: string, name: string, providers: readonly StoredPlace[]): void {
  if (providers.some(({ state }) => state === 'active')) return;
  const others = providers.filter((each) => each.name !== name);
  const [next] = [...others.filter(({ state }) => state === 'standby'), ...others];
  throw new CommandError(
    exitCodes.refused,
    `${name} is the only one of ${key} that is active: nobody would send`,
    next === undefined
      ? 'It is the only provider of the set.'
      : `First activate another one: sluice providers activate ${key} ${next.name}`,
  );
}

interface NewOrder {
  /** Of the set, and what it was seen at. */
  readonly key: string;
  readonly version: number;
  readonly value: StoredOrder;
  /** For whom; absent: everybody. */
  readonly when?: ReturnType<typeof parseClauses>;
}

/** What every process would refuse is refused here, in the same words. */
async function changeOrder({ key, version, value, when }: NewOrder, call: ChangeCall): Promise<number | undefined> {
  const wrong = findProviderOrderProblem(value);
  if (wrong !== undefined) {
    const hint = `Set the whole value at once: sluice config set ${key} JSON`;
    throw new CommandError(exitCodes.refused, `${key} would be refused wherever it is used: ${wrong}`, hint);
  }
  return changeConfig(
    key,
    when === undefined ? { kind: 'set-value', value } : { kind: 'set-override', when: [...when], value },
    call,
    {
      expectedVersion: version,
      words:
        when === undefined
          ? describeStates(value.providers)
          : `${describeClauses(when)}: ${describeStates(value.providers)}`,
    },
  );
}

/** `mailgun active, ses standby` */
function describeStates(providers: readonly Readonly<Record<'name' | 'state', string>>[]): string {
  return providers.map(({ name, state }) => `${name} ${state}`).join(', ');
}

async function getSet(connection: Pick<Connection, 'api' | 'place'>, key: string): Promise<ProviderSet> {
  const config = await getConfig(connection, key);
  const set = readSet(config);
  if (set !== undefined) return set;
  throw new CommandError(
    exitCodes.refused,
    `${key} is a config, but its value is no set of providers: ${findProviderOrderProblem(config.variations[0]?.value)}`,
    'List them with: sluice providers list',
  );
}

/** With the version that it is seen at: a new value is made from the whole of the old one. */
async function getSetToChange(
  connection: Pick<Connection, 'api' | 'place'>,
  key: string,
): Promise<ProviderSet & { readonly version: number }> {
  const { version } = await findLastChange(connection, key);
  return { ...(await getSet(connection, key)), version };
}

/** Any config whose value is one is a set of providers. */
function readSet(config: Config): ProviderSet | undefined {
  const [first] = config.variations;
  const order = parseProviderOrder(first?.value);
  // The parser says that it is one.
  return 'expected' in order ? undefined : { config, order, stored: first?.value as StoredOrder };
}

function findPlace(key: string, { providers }: StoredOrder, name: string): StoredPlace {
  const place = providers.find((each) => each.name === name);
  if (place !== undefined) return place;
  const names = listNames(providers.map((each) => each.name)).replaceAll('`', '');
  throw new CommandError(exitCodes.refused, `${key} has no provider ${name}; there are ${names}`);
}

function namesOf({ providers }: ProviderOrder, state: ProviderState): string {
  return providers
    .filter((place) => place.state === state)
    .map(({ name }) => name)
    .join(', ');
}

interface Pin {
  /** Of the override. */
  readonly id: string;
  readonly who: string;
  readonly order: ProviderOrder;
}

function listPins(config: Config): readonly Pin[] {
  return config.rules.flatMap((rule) => {
    const served = 'variation' in rule ? rule.variation : undefined;
    const order = parseProviderOrder(config.variations.find(({ id }) => id === served)?.value);
    return 'expected' in order ? [] : [{ id: rule.id, who: describeScopeOf(rule), order }];
  });
}

function formatSet({ config, order }: ProviderSet, environment: string, width: number): readonly string[] {
  const { providers, ambiguous, dwellMs, warmShare } = order;
  const places = providers.map(({ name, state, share, maxPerSecond }) => [
    name,
    state,
    share === undefined ? '' : `${share}%`,
    maxPerSecond === undefined ? '' : `${maxPerSecond}/s`,
  ]);
  const pins = listPins(config).map(({ id, who, order: pinned }) => [id, namesOf(pinned, 'active'), who]);
  return [
    `${config.key} in ${environment}`,
    ...formatFields([
      ['ambiguous', ambiguous],
      ['fails back', `after ${formatRoughSpan(dwellMs)} without failures`],
      ['warm share', `${warmShare}% for each on standby`],
      ['version', String(config.version)],
    ]),
    '',
    ...formatTable(['PROVIDER', 'STATE', 'SHARE', 'AT MOST'], places, width),
    ...(pins.length === 0 ? [] : ['', ...formatTable(['PIN', 'ACTIVE', 'FOR'], pins, width)]),
  ];
}
