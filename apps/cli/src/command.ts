import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util';
import { usageError } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import type { CommandPlatform } from './platform.ts';

/** An option of a command. */
export interface Option extends ParseArgsOptionDescriptor {
  readonly help: string;
  /** What stands for the value in the help: `FILE`. Options without a value have none. */
  readonly value?: string;
}

export type Options = Readonly<Record<string, Option>>;

type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];

/** A command line that was understood. */
export interface Call<O extends Options> {
  /** In the order of the command's arguments, repeated ones last; one that may be left out is undefined. */
  readonly words: readonly (string | undefined)[];
  readonly options: Values<O>;
  readonly platform: CommandPlatform;
  readonly output: Output;
}

interface Definition<O extends Options> {
  /** What is typed: `flag on`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** `KEY`, or `[CHANGE]` for one that may be left out; the last may be repeated if it ends in `…`. */
  readonly arguments: readonly string[];
  readonly options: O;
  readonly examples: readonly string[];
  /**
   * Resolves with an exit code where there is more to say than that it is done; rejects with a CommandError, or what
   * the server said, when it cannot be done.
   */
  readonly run: (call: Call<O>) => Promise<number | undefined>;
}

/** A command as the table of commands holds it, whatever its options are. */
export interface Command extends Omit<Definition<Options>, 'run'> {
  readonly parseAndRun: (words: readonly string[], platform: CommandPlatform) => Promise<number | undefined>;
}

export function defineCommand<const O extends Options>({ run, ...definition }: Definition<O>): Command {
  return {
    ...definition,
    parseAndRun: async (given, platform) => {
      const { values, positionals } = parseWords(definition, given);
      const expected = definition.arguments.map((_, index) => positionals[index]);
      const words = [...expected, ...positionals.slice(expected.length)];
      return run({ words, options: values, platform, output: createOutput(platform) });
    },
  };
}

function parseWords<O extends Options>(
  { name, arguments: expected, options }: Pick<Definition<O>, 'name' | 'arguments' | 'options'>,
  given: readonly string[],
): { values: Values<O>; positionals: string[] } {
  const hint = `See: sluice ${name} --help`;
  let parsed: { values: Values<O>; positionals: string[]; tokens: readonly Token[] };
  try {
    parsed = parseArgs({ args: [...given], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    // Node's messages name the option; what follows the first sentence is about other programs.
    const [sentence = 'the options are not understood'] = error instanceof Error ? error.message.split(/\.\s/) : [];
    const number = given.find((word) => /^-[\d.]/.test(word));
    throw usageError(sentence, number === undefined ? hint : `A number below 0 goes behind --, last: -- ${number}`);
  }
  const twice = findTwice(parsed.tokens, options);
  if (twice !== undefined) throw usageError(`--${twice} takes one value, and is given more than once`, hint);
  const required = expected.filter((word) => !word.startsWith('['));
  const missing = required[parsed.positionals.length];
  if (missing !== undefined) throw usageError(`${missing} is missing`, hint);
  const surplus = expected.at(-1)?.endsWith('…') === true ? undefined : parsed.positionals[expected.length];
  if (surplus !== undefined) throw usageError(`"${surplus}" is one word too many`, hint);
  return parsed;
}

interface Token {
  readonly kind: string;
  readonly name?: string;
}

/** An option whose first value would be dropped without a word. */
function findTwice(tokens: readonly Token[], options: Options): string | undefined {
  const names = tokens.flatMap(({ kind, name }) => (kind === 'option' && name !== undefined ? [name] : []));
  return names.find(
    (name, index) => names.indexOf(name) < index && options[name]?.type === 'string' && options[name].multiple !== true,
  );
}
