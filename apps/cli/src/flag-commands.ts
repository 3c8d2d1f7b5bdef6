import { ApiError, type ChangeView, type EnvironmentFlagView, type Place } from '@sluice/api-client';
import { describeRule, describeServe, fullWeight, type InstructionInput, type JsonValue } from '@sluice/authoring';
import {
  type ChangeCall,
  changeOptions,
  describeEffects,
  findLastChange,
  finish,
  idOf,
  printChange,
  readWaiting,
} from './change.ts';
import { type Command, defineCommand } from './command.ts';
import { type Connection, connect, connectionOptions, describePlace } from './connection.ts';
import { createFlag, creationOptions } from './create-flag.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { parseJsonOrText } from './json.ts';
import { listFlags } from './list-flags.ts';
import { parsePercent } from './percent.ts';
import { formatFields, formatTable, formatTime } from './table.ts';
import { describeValve, describeValveState, formatValve } from './valve-words.ts';

export const flagCommands: readonly Command[] = [
  defineCommand({
    name: 'flag create',
    summary: 'create a flag, turned off in every environment',
    arguments: ['KEY'],
    options: {
      ...creationOptions,
      variation: {
        type: 'string',
        multiple: true,
        value: '[ID=]VALUE',
        help: 'a value it can serve, JSON or plain text; repeat it. On serves the first, off the last. Without: true and false',
      },
    },
    examples: [
      'sluice flag create new-checkout',
      'sluice flag create banner --variation blue --variation green --variation none',
    ],
    run: ({ words: [key = ''], ...call }) => {
      const { variation: variations } = call.options;
      const definition = variations === undefined ? {} : { variations: variations.map(parseVariation) };
      return createFlag(key, call, definition, (flag) => [
        `Created ${flag.key}, turned off in every environment.`,
        `Turn it on with: sluice flag on ${flag.key}`,
      ]);
    },
  }),

  defineCommand({
    name: 'flag list',
    summary: 'list the flags of an environment',
    arguments: [],
    options: connectionOptions,
    examples: ['sluice flag list', 'sluice flag list -e staging'],
    run: async ({ options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const flags = await listFlags({ api, place });
      if (options.json === true || flags.length === 0) {
        const none = `There are no flags in project ${place.project} yet. Create one with: sluice flag create KEY`;
        if (options.json === true) output.printJson(flags);
        else output.print(none);
        return undefined;
      }
      const rows = flags.map((flag) => {
        const isValve = flag.kind === 'valve';
        const state = isValve ? describeValveState(flag, platform.now()) : stateOf(flag);
        const serves = isValve ? describeValve(flag) : servesOf(flag);
        return [flag.key, flag.kind, state, String(flag.version), flag.tags.join(', '), serves];
      });
      output.print(formatTable(['FLAG', 'KIND', 'STATE', 'VERSION', 'TAGS', 'SERVES'], rows, output.width));
      return undefined;
    },
  }),

  defineCommand({
    name: 'flag show',
    summary: 'show a flag as it behaves in an environment',
    arguments: ['KEY'],
    options: connectionOptions,
    examples: ['sluice flag show new-checkout'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const flag = await api.getFlag(place, key);
      if (options.json === true) output.printJson(flag);
      else if (flag.kind === 'valve')
        output.print(formatValve(flag, options, { environment: place.environment, now: platform.now() }));
      else output.print(formatFlag(flag, place.environment));
      return undefined;
    },
  }),

  defineCommand({
    name: 'flag on',
    summary: 'turn a flag on',
    arguments: ['KEY'],
    options: changeOptions,
    examples: ['sluice flag on new-checkout', 'sluice flag on new-checkout -e staging -m "ready for testing"'],
    run: ({ words: [key = ''], ...call }) => change(key, [{ kind: 'turn-on' }], call, 'on'),
  }),

  defineCommand({
    name: 'flag off',
    summary: 'turn a flag off: everybody gets its off variation',
    arguments: ['KEY'],
    options: changeOptions,
    examples: ['sluice flag off new-checkout -m "checkout errors"'],
    run: ({ words: [key = ''], ...call }) => change(key, [{ kind: 'turn-off' }], call, 'off'),
  }),

  defineCommand({
    name: 'flag rollout',
    summary: 'serve a variation to a share of those that no rule decides for',
    arguments: ['KEY', 'PERCENT'],
    options: {
      ...changeOptions,
      variation: {
        type: 'string',
        value: 'ID',
        help: 'which variation; the first unless given. The rest get the off variation',
      },
      of: { type: 'string', value: 'KIND', help: 'share of which contexts; user unless given' },
      by: { type: 'string', value: 'ATTRIBUTE', help: 'contexts with the same value stay together; key unless given' },
    },
    examples: ['sluice flag rollout new-checkout 25', 'sluice flag rollout new-checkout 0.5% --of account'],
    run: async ({ words: [key = '', percent = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const flag = await api.getFlag(place, key);
      const instruction = toRollout(flag, parsePercent('PERCENT', percent), options);
      const exitCode = await change(key, [instruction], { options, platform, output });
      if (!flag.on && options.json !== true) {
        output.print(`${key} is off, so nobody gets this yet. Turn it on with: sluice flag on ${key}`);
      }
      return exitCode;
    },
  }),

  defineCommand({
    name: 'flag history',
    summary: "list a flag's changes, newest first",
    arguments: ['KEY'],
    options: { ...connectionOptions, limit: { type: 'string', value: 'N', help: 'at most so many; 20 unless given' } },
    examples: ['sluice flag history new-checkout'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const limit = Number(options.limit ?? '20');
      if (!Number.isInteger(limit) || limit < 1 || limit > 500)
        throw usageError('--limit must be a number from 1 to 500');
      const items: ChangeView[] = [];
      // Pages with large changes are shorter.
      for (let cursor: string | undefined; items.length < limit; ) {
        const rest = { flag: key, limit: limit - items.length };
        const page = await api.listChanges(place, { ...rest, ...(cursor !== undefined && { cursor }) });
        items.push(...page.items);
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      // A flag without changes is one that does not exist; the server says so.
      if (items.length === 0) await api.getFlag(place, key);
      if (options.json === true) {
        output.printJson(items);
        return undefined;
      }
      const rows = items.map(({ version, createdAt, actor, id, effects, comment }) => [
        String(version),
        formatTime(createdAt),
        actor,
        id,
        [effectsOn(key, effects), comment === '' ? '' : `(${comment})`].filter(Boolean).join(' '),
      ]);
      output.print(formatTable(['VERSION', 'WHEN', 'WHO', 'CHANGE', 'WHAT'], rows, output.width));
      return undefined;
    },
  }),

  defineCommand({
    name: 'flag revert',
    summary: 'bring a flag back to what it was before a change',
    arguments: ['KEY', '[CHANGE]'],
    options: {
      ...changeOptions,
      group: { type: 'boolean', help: 'revert a change that was made in several environments in all of them' },
      'discard-later': { type: 'boolean', help: 'go on even if later changes to the flag are lost' },
    },
    examples: ['sluice flag revert new-checkout', 'sluice flag revert new-checkout 4fd2k9q1x0aa'],
    run: async ({ words: [key = '', given], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const waiting = readWaiting(options);
      const made = given === undefined ? await findLastChange({ api, place }, key) : await api.getChange(place, given);
      const { id } = made;
      if (effectsOn(key, made.effects) === '')
        throw new CommandError(exitCodes.refused, `change ${id} is not about flag ${key}`, ...describeEffects(made));
      if (options.group !== true && options['dry-run'] !== true) refuseGroup(made, place);
      const reverted = await api
        .revert(place, id, {
          comment: options.comment,
          dryRun: options['dry-run'],
          discardLater: options['discard-later'],
        })
        .catch(explainLosses);
      if (options.json !== true) printChange(reverted, `${key} is as it was before change ${id}`, output);
      return finish({ api, place }, { key, change: reverted.id, body: reverted, waiting }, options, output);
    },
  }),
];

async function change(
  key: string,
  instructions: readonly InstructionInput[],
  { options, platform, output }: ChangeCall,
  state?: 'on' | 'off',
): Promise<number | undefined> {
  const { api, place } = connect(options, platform);
  const waiting = readWaiting(options);
  const request = { flag: key, instructions, comment: options.comment, dryRun: options['dry-run'] };
  const made = await api
    .change(place, request)
    .catch((error) => explainKind(error, { api, place }, key, { options, instructions }));
  if (options.json !== true) {
    if (made.effects.length > 0) printChange(made, `${key} is ${state ?? 'changed'}`, output);
    else
      output.print(
        `${key} is as it was${state === undefined ? '' : `: ${state}`}, in ${made.environment} (version ${made.version}).`,
      );
  }
  return finish({ api, place }, { key, change: idOf(made), body: made, waiting }, options, output);
}

/** Says what to do instead of what a valve does not follow. */
async function explainKind(
  error: unknown,
  { api, place }: Pick<Connection, 'api' | 'place'>,
  key: string,
  {
    options,
    instructions: [instruction],
  }: { readonly options: ChangeCall['options']; readonly instructions: readonly InstructionInput[] },
): Promise<never> {
  const isAboutKind = error instanceof ApiError && error.errors.some(({ path }) => path === 'instructions[0].kind');
  if (!isAboutKind || (await api.getFlag(place, key)).kind !== 'valve') throw error;
  const where = describePlace(options);
  const instead =
    instruction?.kind === 'turn-on'
      ? `To bring it back: sluice valve restore ${key}${where}`
      : `To degrade it: sluice valve trip ${key} MODE --reason TEXT${where}; for a share: --share 10% --of account`;
  throw new CommandError(exitCodes.refused, error.message, instead);
}

/** Who asks for one environment is not to change another unawares. */
function refuseGroup(made: ChangeView, { project, environment }: Place): void {
  if (made.group === undefined) return;
  throw new CommandError(
    exitCodes.refused,
    `change ${made.id} was made in several environments of project ${project}, not only in ${environment}`,
    ...describeEffects(made),
    'To revert it in all of them, give --group; to see what that would do, --dry-run.',
  );
}

/** What the server asks for by its name in the API is an option here. */
function explainLosses(error: unknown): never {
  const lost = error instanceof ApiError ? error.errors.filter(({ path }) => path === 'discardLater') : [];
  if (lost.length === 0) throw error;
  throw new CommandError(
    exitCodes.refused,
    'later changes would be lost',
    ...lost.map(({ message }) => message),
    'To go on and lose them, give --discard-later.',
  );
}

/** `blue`, `3`, `{"size":2}` or `large={"size":2}`: JSON where it is JSON, else text. */
function parseVariation(given: string): { id?: string; value: JsonValue } {
  const [, id, rest] = /^([A-Za-z0-9][A-Za-z0-9._-]*)=(.*)$/s.exec(given) ?? [];
  return { ...(id !== undefined && { id }), value: parseJsonOrText('--variation', rest ?? given) };
}

function toRollout(
  { variations, offVariation, key, kind }: EnvironmentFlagView,
  weight: number,
  {
    variation = variations[0]?.id ?? '',
    of,
    by,
  }: { readonly variation?: string; readonly of?: string; readonly by?: string },
): InstructionInput {
  // What a valve follows the server says.
  if (variation === offVariation && kind !== 'valve') {
    throw usageError(
      `\`${variation}\` is what ${key} serves when it is off; give the share of another one with --variation`,
    );
  }
  if (weight === fullWeight) return { kind: 'set-fallthrough', variation };
  if (weight === 0) return { kind: 'set-fallthrough', variation: offVariation };
  return {
    kind: 'set-fallthrough',
    rollout: {
      variations: [
        { variation, weight },
        { variation: offVariation, weight: fullWeight - weight },
      ],
      ...(of !== undefined && { contextKind: of }),
      ...(by !== undefined && { bucketBy: by }),
    },
  };
}

function stateOf({ archived, on }: EnvironmentFlagView): string {
  if (archived) return 'archived';
  return on ? 'on' : 'off';
}

/** What most contexts get, in a few words. */
function servesOf({ on, offVariation, fallthrough, rules, targets }: EnvironmentFlagView): string {
  if (!on) return offVariation;
  const before = [
    targets.length === 0 ? '' : `${targets.reduce((sum, { keys }) => sum + keys.length, 0)} targets`,
    rules.length === 0 ? '' : `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`,
  ].filter(Boolean);
  const byDefault = describeServe(fallthrough).replaceAll('`', '');
  return before.length === 0 ? byDefault : `${before.join(', ')}, else ${byDefault}`;
}

function formatFlag(flag: EnvironmentFlagView, environment: string): readonly string[] {
  const { variations, rules, targets, prerequisites } = flag;
  const fields: Parameters<typeof formatFields>[0] = [
    ['state', `${stateOf(flag)} in ${environment}`],
    ...(flag.description === '' ? [] : [['about', flag.description.split('\n')] as const]),
    ...(flag.owner === '' ? [] : [['owner', flag.owner] as const]),
    ...(flag.tags.length === 0 ? [] : [['tags', flag.tags.join(', ')] as const]),
    ['variations', variations.map(({ id, value }) => `${id} = ${JSON.stringify(value)}`)],
    ...(prerequisites.length === 0
      ? []
      : [['requires', prerequisites.map((needed) => `${needed.flag} to serve ${needed.variation}`)] as const]),
    ...(targets.length === 0
      ? []
      : [
          [
            'targets',
            targets.map(({ contextKind, keys, variation }) => `${variation}: ${contextKind} ${keys.join(', ')}`),
          ] as const,
        ]),
    ...(rules.length === 0
      ? []
      : [
          [
            'rules',
            rules.map((rule, at) => `${at + 1}  ${rule.id}  ${describeRule(rule).replaceAll('`', '')}`),
          ] as const,
        ]),
    ['by default', describeServe(flag.fallthrough).replaceAll('`', '')],
    ['when off', flag.offVariation],
    ['version', String(flag.version)],
  ];
  return [`${flag.key}${flag.name === flag.key ? '' : `  ${flag.name}`}`, ...formatFields(fields)];
}

function effectsOn(flag: string, effects: ChangeView['effects']): string {
  return effects
    .filter(({ kind, key }) => kind === 'flag' && key === flag)
    .map(({ text }) => text)
    .join('; ');
}
