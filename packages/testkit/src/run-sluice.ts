import { type CommandPlatform, nodeCommandPlatform, runCommandLine } from 'sluice';

/** What a command came to. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly printed: string;
  readonly complained: string;
}

/**
 * Runs the `sluice` command in this process: a line, in which what stands in quotes is one word, or words. Unless told
 * otherwise, output goes to no terminal and there is nobody to ask.
 */
export async function runSluice(
  line: string | readonly string[],
  platform: Partial<CommandPlatform>,
): Promise<CommandOutcome> {
  const printed: string[] = [];
  const complained: string[] = [];
  const exitCode = await runCommandLine(typeof line === 'string' ? splitWords(line) : line, {
    ...nodeCommandPlatform,
    width: 120,
    isTerminal: false,
    ask: undefined,
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
    ...platform,
  });
  return { exitCode, printed: printed.join('\n'), complained: complained.join('\n') };
}

function splitWords(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
