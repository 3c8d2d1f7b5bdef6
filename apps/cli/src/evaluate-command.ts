import { type Command, defineCommand } from './command.ts';
import { connect, connectionOptions } from './connection.ts';
import { usageError } from './errors.ts';
import { parseJson, parseJsonOrText } from './json.ts';
import { formatFields } from './table.ts';

export const evaluateCommand: Command = defineCommand({
  name: 'evaluate',
  summary: 'evaluate a flag for a context, and say why',
  arguments: ['FLAG'],
  options: {
    ...connectionOptions,
    context: { type: 'string', short: 'c', value: 'JSON', help: 'the context: {"kind":"user","key":"ann"}' },
    user: { type: 'string', short: 'u', value: 'KEY', help: 'short for a context of kind user' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', help: 'an attribute of that user; may be repeated' },
  },
  examples: [
    'sluice evaluate new-checkout --user ann --set country=NL',
    `sluice evaluate new-checkout --context '{"kind":"account","key":"42","plan":"pro"}'`,
  ],
  run: async ({ words: [flag = ''], options, platform, output }) => {
    const { api, place } = connect(options, platform);
    const context = parseContext(options);
    const explanation = await api.evaluate(place, { flag, context });
    if (options.json === true) {
      output.printJson(explanation);
      return undefined;
    }
    const { value, variationId, because, reason } = explanation;
    output.print(
      `${flag} in ${place.environment} serves ${variationId === undefined ? 'the default value' : JSON.stringify(value)}`,
    );
    output.print(
      formatFields([
        ...(variationId === undefined ? [] : [['variation', variationId] as const]),
        ['because', because.replaceAll('`', '')],
        ['reason', reason.kind],
      ]),
    );
    return undefined;
  },
});

interface ContextOptions {
  readonly context?: string | undefined;
  readonly user?: string | undefined;
  readonly set?: readonly string[] | undefined;
}

function parseContext({ context, user, set = [] }: ContextOptions): unknown {
  if ((context === undefined) === (user === undefined)) {
    throw usageError('give the context with --context or the key of a user with --user', 'See: sluice evaluate --help');
  }
  if (user !== undefined) return { ...Object.fromEntries(set.map(parseAttribute)), kind: 'user', key: user };
  if (set.length > 0) throw usageError('--set goes with --user; with --context write the attribute into the JSON');
  return parseJson('--context', context ?? '');
}

/** `country=NL`, `age=42`, `beta=true`: JSON where it is JSON, else text. */
function parseAttribute(given: string): [name: string, value: unknown] {
  const equals = given.indexOf('=');
  if (equals < 1) throw usageError(`--set must be NAME=VALUE, got "${given}"`);
  return [given.slice(0, equals), parseJsonOrText('--set', given.slice(equals + 1))];
}
