import { ApiError } from '@sluice/api-client';
import { type DefinitionInput, describeValue, type InstructionInput, type JsonValue, units } from '@sluice/authoring';
import { findProviderOrderProblem } from '@sluice/protocol';
import { type ChangeCall, changeOptions, finish, idOf, printChange, readWaiting } from './change.ts';
import { type Command, defineCommand } from './command.ts';
import {
  type Config,
  describeOwnValue,
  formatConfig,
  formatInForce,
  formatReason,
  parseConfigValue,
} from './config-words.ts';
import { type Connection, connect, connectionOptions } from './connection.ts';
import { contextOptions, readContext } from './context-options.ts';
import { createFlag, creationOptions } from './create-flag.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { parseJson, parseJsonOrText } from './json.ts';
import { listFlags } from './list-flags.ts';
import type { CommandPlatform } from './platform.ts';
import { parseClauses, scopeOptions } from './scope.ts';
import { formatTable } from './table.ts';

const confirm = {
  type: 'boolean',
  help: 'it is meant, although it changes by more than the config allows at once',
} as const;

export const configCommands: readonly Command[] = [
  defineCommand({
    name: 'config create',
    summary: 'create a live value, the same in every environment until it is set there',
    arguments: ['KEY', 'VALUE'],
    options: {
      ...creationOptions,
      type: { type: 'string', value: 'TYPE', help: 'integer, number, string, boolean, array or object; else of VALUE' },
      min: { type: 'string', value: 'NUMBER', help: 'it is never less' },
      max: { type: 'string', value: 'NUMBER', help: 'it is never more' },
      schema: { type: 'string', value: 'FILE', help: 'instead: a JSON Schema that every value fits' },
      unit: { type: 'string', value: 'UNIT', help: `what numbers count: ${units.join(', ')}` },
      'max-factor': { type: 'string', value: 'NUMBER', help: 'a change by more at once is to be confirmed' },
      vary: {
        type: 'string',
        multiple: true,
        value: 'DIMENSION',
        help: 'it may differ by account, user, route, method, ip, instance, segment, instance.region …; repeat it, the first wins',
      },
    },
    examples: [
      'sluice config create cache.ttl 60 --type integer --min 1 --max 3600 --unit s --max-factor 4 --vary account --vary route',
      'sluice config create log.level info --vary account',
    ],
    run: ({ words: [key = '', given = ''], ...call }) => {
      const config = readRules(call.options, given, call.platform);
      const value = parseConfigValue('VALUE', given, config);
      return createFlag(key, call, { kind: 'config', value, config }, (flag) => [
        `Created ${flag.key}: ${describeValue(JSON.stringify(value), config.unit)} in every environment.`,
        `Set it with: sluice config set ${flag.key} VALUE`,
      ]);
    },
  }),

  defineCommand({
    name: 'config list',
    summary: 'list the live values of an environment',
    arguments: [],
    options: connectionOptions,
    examples: ['sluice config list', 'sluice config list -e staging'],
    run: async ({ options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const configs = (await listFlags({ api, place }, 'config')).filter(isConfig);
      if (options.json === true) output.printJson(configs);
      else if (configs.length === 0)
        output.print(
          `There are no configs in project ${place.project} yet. Create one with: sluice config create KEY VALUE`,
        );
      else {
        const rows = configs.map((config) => [
          config.key,
          describeOwnValue(config),
          String(config.rules.length),
          config.config.dimensions.join(', '),
        ]);
        output.print(formatTable(['CONFIG', 'VALUE', 'OVERRIDES', 'VARIES BY'], rows, output.width));
      }
      return undefined;
    },
  }),

  defineCommand({
    name: 'config show',
    summary: 'show a live value, and its overrides in the order in which they win',
    arguments: ['KEY'],
    options: connectionOptions,
    examples: ['sluice config show cache.ttl'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const config = await getConfig({ api, place }, key);
      if (options.json === true) output.printJson(config);
      else output.print(formatConfig(config, place.environment, output.width));
      return undefined;
    },
  }),

  defineCommand({
    name: 'config get',
    summary: 'print a value and nothing else: of the environment, or for whom is given',
    arguments: ['KEY'],
    options: { ...connectionOptions, ...contextOptions },
    examples: ['sluice config get cache.ttl', 'sluice config get cache.ttl --account 42 --route /search'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const connection = connect(options, platform);
      await getConfig(connection, key);
      const { context } = await readContext(connection, options);
      const { value } = await connection.api.evaluate(connection.place, { flag: key, context });
      if (options.json !== true && typeof value === 'string') output.print(value);
      else output.print(JSON.stringify(value));
      return undefined;
    },
  }),

  defineCommand({
    name: 'config why',
    summary: 'say why somebody gets a value, and what lies beneath it',
    arguments: ['KEY'],
    options: { ...connectionOptions, ...contextOptions },
    examples: ['sluice config why cache.ttl --account 42', 'sluice config why cache.ttl --instance web-1'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const connection = connect(options, platform);
      const config = await getConfig(connection, key);
      const { context, instance } = await readContext(connection, options);
      const explanation = await connection.api.evaluate(connection.place, { flag: key, context });
      if (options.json === true) output.printJson({ ...explanation, ...(instance !== undefined && { instance }) });
      else {
        output.print(formatReason(config, explanation, output.width));
        if (instance !== undefined) output.print(formatInForce(config, explanation, instance));
      }
      return undefined;
    },
  }),

  defineCommand({
    name: 'config set',
    summary: 'set what everybody gets for whom there is no override',
    arguments: ['KEY', 'VALUE'],
    options: { ...changeOptions, confirm },
    examples: [
      'sluice config set cache.ttl 4min',
      'sluice config set cache.ttl 1h --confirm --wait -m "database is slow"',
    ],
    run: async ({ words: [key = '', given = ''], ...call }) => {
      const config = await getConfig(connect(call.options, call.platform), key);
      const value = parseNewValue(config, given);
      return changeConfig(key, { kind: 'set-value', value, ...readConfirmed(call.options) }, call);
    },
  }),

  defineCommand({
    name: 'config override',
    summary: 'set another value for whoever matches; for the same once more it replaces it',
    arguments: ['KEY', 'VALUE'],
    options: {
      ...changeOptions,
      ...scopeOptions,
      name: { type: 'string', value: 'TEXT', help: 'what people call it' },
      confirm,
    },
    examples: [
      'sluice config override cache.ttl 30s --account 42',
      "sluice config override cache.ttl 30s --account 42 --route '/search*' --wait",
    ],
    run: async ({ words: [key = '', given = ''], ...call }) => {
      const { options, platform } = call;
      const when = [...parseClauses(options)];
      if (when.length === 0) {
        throw usageError(
          'for whom? Give --account, --user, --route, --method, --ip, --instance or --segment',
          `For everybody: sluice config set ${key} ${given}`,
        );
      }
      const config = await getConfig(connect(options, platform), key);
      const value = parseNewValue(config, given);
      const named = options.name === undefined ? {} : { name: options.name };
      return changeConfig(key, { kind: 'set-override', when, value, ...named, ...readConfirmed(options) }, call);
    },
  }),

  defineCommand({
    name: 'config remove',
    summary: 'remove an override: whoever had it gets what lies beneath',
    arguments: ['KEY', 'OVERRIDE'],
    options: { ...changeOptions, confirm },
    examples: ['sluice config remove cache.ttl 4fd2k9q1x0aa'],
    run: async ({ words: [key = '', id = ''], ...call }) => {
      await getConfig(connect(call.options, call.platform), key);
      return changeConfig(key, { kind: 'remove-override', id, ...readConfirmed(call.options) }, call);
    },
  }),
];

function readConfirmed({ confirm }: { readonly confirm?: boolean | undefined }): { confirm?: true } {
  return confirm === true ? { confirm } : {};
}

export function isConfig(flag: { readonly config?: unknown }): flag is Config {
  return flag.config !== undefined;
}

export async function getConfig({ api, place }: Pick<Connection, 'api' | 'place'>, key: string): Promise<Config> {
  const flag = await api.getFlag(place, key);
  if (isConfig(flag)) return flag;
  throw new CommandError(
    exitCodes.refused,
    `${key} is no config but a ${flag.kind} flag`,
    'List the configs with: sluice config list',
  );
}

/** What processes that send by a set of providers would refuse is refused here, in the same words. */
function parseNewValue({ key, config, variations: [first] }: Config, given: string): JsonValue {
  const value = parseConfigValue('VALUE', given, config);
  if (findProviderOrderProblem(first?.value) !== undefined) return value;
  const wrong = findProviderOrderProblem(value);
  if (wrong === undefined) return value;
  throw new CommandError(exitCodes.refused, `${key} is a set of providers, and would be refused by them: ${wrong}`);
}

/**
 * `words`: what it comes to, where the server's are about a value that is long. `expectedVersion`: what was looked at to
 * make the instruction; if somebody changed the config since, it is refused.
 */
export async function changeConfig(
  key: string,
  instruction: InstructionInput,
  { options, platform, output }: ChangeCall,
  { words, expectedVersion }: { readonly words?: string; readonly expectedVersion?: number } = {},
): Promise<number | undefined> {
  const { api, place } = connect(options, platform);
  const waiting = readWaiting(options);
  const { comment, 'dry-run': dryRun } = options;
  const expected = expectedVersion === undefined ? {} : { expectedVersion };
  const made = await api
    .change(place, { flag: key, instructions: [instruction], comment, dryRun, ...expected })
    .catch(explainLeap);
  if (options.json !== true) {
    if (made.effects.length > 0) {
      printChange(words === undefined ? made : { ...made, effects: [] }, `${key} is changed`, output);
      if (words !== undefined) output.print(`  ${words}`);
    } else output.print(`${key} is as it was, in ${made.environment} (version ${made.version}).`);
  }
  return finish({ api, place }, { key, change: idOf(made), body: made, waiting }, options, output);
}

/** What the server asks for by its name in the API is an option here. */
function explainLeap(error: unknown): never {
  const asked = ' (confirm: true)';
  if (!(error instanceof ApiError) || !error.errors.some(({ message }) => message.includes(asked))) throw error;
  const [sentence = ''] = error.errors.map(({ message }) => message.split('; if that is what you mean')[0]);
  throw new CommandError(exitCodes.refused, sentence, 'If that is what you mean, give --confirm.');
}

type NewRules = NonNullable<DefinitionInput['config']>;

interface RuleValues {
  readonly type?: string | undefined;
  readonly min?: string | undefined;
  readonly max?: string | undefined;
  readonly schema?: string | undefined;
  readonly unit?: string | undefined;
  readonly 'max-factor'?: string | undefined;
  readonly vary?: readonly string[] | undefined;
}

function readRules(options: RuleValues, value: string, { readFile }: CommandPlatform): NewRules {
  const { type, min, max, schema: file, unit: given, vary, 'max-factor': factor } = options;
  const unit = units.find((each) => each === given);
  if (given !== undefined && unit === undefined)
    throw usageError(`--unit must be one of ${units.join(', ')}, got "${given}"`);
  const ofSchema = (['type', 'min', 'max'] as const).find((name) => options[name] !== undefined);
  if (file !== undefined && ofSchema !== undefined) throw usageError(`--${ofSchema} belongs into the schema`);
  const bound = (name: string, text: string | undefined, keyword: string): NewRules['schema'] =>
    text === undefined ? {} : { [keyword]: parseConfigValue(name, text, { schema: { type: 'number' }, unit }) };
  const schema =
    file === undefined
      ? {
          type: type ?? (unit === undefined ? typeOf(parseJsonOrText('VALUE', value)) : 'number'),
          ...bound('--min', min, 'minimum'),
          ...bound('--max', max, 'maximum'),
        }
      : readSchema(file, readFile);
  const maxChangeFactor = factor === undefined ? undefined : Number(factor);
  if (Number.isNaN(maxChangeFactor)) throw usageError(`--max-factor must be a number above 1, got "${factor}"`);
  return {
    schema,
    ...(unit !== undefined && { unit }),
    ...(maxChangeFactor !== undefined && { maxChangeFactor }),
    dimensions: [...(vary ?? [])],
  };
}

function readSchema(file: string, readFile: CommandPlatform['readFile']): NewRules['schema'] {
  const text = readFile(file);
  if (text === undefined) throw usageError(`there is no schema file ${file}`);
  const schema = parseJson('--schema', text);
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return { ...schema };
  throw usageError(`--schema must be a JSON Schema, an object, got ${text.trim()}`);
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
