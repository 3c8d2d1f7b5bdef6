import { inspect } from 'node:util';
import { ApiError } from '@sluice/api-client';
import { describeError, ServerError, serverVersion } from '@sluice/control-plane/basics';
import { EdgeError } from '@sluice/edge/basics';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { formatGroup, formatHelp, formatOverview } from './help.ts';
import { toPlain } from './output.ts';
import type { CommandPlatform } from './platform.ts';
import { runCommand } from './run-command.ts';

/** Runs one command line; resolves with the exit code. */
export async function runCommandLine(words: readonly string[], platform: CommandPlatform): Promise<number> {
  try {
    const [first] = words;
    if (first === '--version' || first === '-V') {
      platform.print(serverVersion);
      return exitCodes.done;
    }
    if (first === undefined || isHelp(first)) return help(words.slice(1), platform);
    if (words.slice(1).some(isHelp) && findCommand(words) === undefined) return help(words.slice(0, 1), platform);
    const command = getCommand(words);
    const rest = words.slice(command.name.split(' ').length);
    // The options of a program that is run are its own.
    const own = command === runCommand ? rest.slice(0, 1) : rest;
    if (own.includes('--help') || own.includes('-h')) return help(command.name.split(' '), platform);
    return (await command.parseAndRun(rest, platform)) ?? exitCodes.done;
  } catch (error) {
    return report(error, words.includes('--json'), platform);
  }
}

function isHelp(word: string): boolean {
  return word === 'help' || word === '--help' || word === '-h';
}

/** Of a command, of those that begin with a word, or of all. */
function help(words: readonly string[], platform: CommandPlatform): number {
  const [word = ''] = words;
  const group = listGroup(word);
  if (words.length === 0) platform.print(formatOverview(commands));
  else if (words.length === 1 && group.length > 0 && findCommand(words) === undefined)
    platform.print(formatGroup(word, group));
  else {
    const command = getCommand(words);
    const besides = listGroup(command.name).filter((each) => each !== command);
    platform.print(formatHelp(command, besides));
  }
  return exitCodes.done;
}

function listGroup(word: string): readonly Command[] {
  return commands.filter(({ name }) => name.split(' ')[0] === word);
}

function findCommand([first = '', second = '']: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
}

function getCommand(words: readonly string[]): Command {
  const command = findCommand(words);
  if (command !== undefined) return command;
  const [first = '', second = ''] = words;
  const group = listGroup(first).map(({ name }) => name.slice(first.length + 1));
  if (group.length > 0) {
    throw usageError(
      second === '' || second.startsWith('-') ? `${first} what?` : `there is no command "${first} ${second}"`,
      `After ${first} comes one of: ${group.join(', ')}`,
    );
  }
  throw usageError(`there is no command "${first}"`, 'See: sluice help');
}

/** Says what is wrong and what to do; with `--json` the same for programs. */
function report(error: unknown, asJson: boolean, { printError, variables }: CommandPlatform): number {
  const { exitCode, lines, code } = explain(error);
  if ((variables.SLUICE_DEBUG ?? '') !== '') printError(inspect(error));
  if (asJson) {
    const [title, ...details] = lines;
    printError(JSON.stringify({ code, title, ...(details.length > 0 && { details }) }, undefined, 2));
  } else {
    const [first = '', ...rest] = lines;
    printError([`sluice: ${first}`, ...rest.map((line) => `  ${line}`)].map(toPlain).join('\n'));
  }
  return exitCode;
}

interface Explanation {
  readonly exitCode: number;
  readonly code: string;
  readonly lines: readonly string[];
}

function explain(error: unknown): Explanation {
  if (error instanceof CommandError) {
    const code = error.exitCode === exitCodes.usage ? 'usage' : 'refused';
    return { exitCode: error.exitCode, code, lines: [error.message, ...error.hints] };
  }
  if (error instanceof ApiError) return explainApiError(error);
  if (error instanceof EdgeError) return { exitCode: exitCodes.usage, code: error.code, lines: [error.message] };
  if (error instanceof ServerError) return { exitCode: exitCodes.refused, code: error.code, lines: [error.message] };
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return {
      exitCode: exitCodes.refused,
      code: 'address-in-use',
      lines: [
        `another program is listening there already: ${error.message}`,
        'Choose another port with --port (SLUICE_PORT), or stop what uses it.',
      ],
    };
  }
  // What the operating system refuses (a port, a folder) is said by its message; the stack is ours and says nothing.
  if (error instanceof Error && 'syscall' in error)
    return { exitCode: exitCodes.refused, code: 'system', lines: [error.message] };
  return {
    exitCode: exitCodes.refused,
    code: 'internal',
    lines: [
      `something went wrong that nobody expected: ${describeError(error)}`,
      'SLUICE_DEBUG=1 before the command shows where.',
    ],
  };
}

function explainApiError({ code, message, errors, requestId }: ApiError): Explanation {
  const hints: Readonly<Record<string, string>> = {
    unreachable: 'Is it running? Start it with: sluice server start. For another address give --url.',
    unauthorized:
      'Give a valid API token with --token or SLUICE_TOKEN; the first one is in first-start.txt. Where none is left: sluice token create --help.',
    'timed-out':
      'It may still do what it was asked for: look before you ask again. Its address with /readyz says how it is.',
    internal: `The server's log says more about request ${requestId}.`,
  };
  const hint = hints[code];
  const details = errors
    .filter((fault) => !message.includes(fault.message))
    .map(({ path, message: text }) => `${path}: ${text}`);
  return {
    exitCode: code === 'unreachable' || code === 'timed-out' ? exitCodes.unreachable : exitCodes.refused,
    code,
    lines: [message, ...details, ...(hint === undefined ? [] : [hint])],
  };
}
