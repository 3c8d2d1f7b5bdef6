import type { Command } from './command.ts';

export function formatOverview(commands: readonly Command[]): string {
  return [
    'Usage: sluice COMMAND [OPTIONS]',
    '',
    ...listCommands(commands),
    '',
    'sluice COMMAND --help shows the options of a command.',
    'What is typed wins over variables, and these over files. The server is found by --url and --token, --config, --data;',
    'then SLUICE_URL and SLUICE_TOKEN, SLUICE_CONFIG, SLUICE_DATA; then ./data/first-start.txt, ~/.config/sluice/config.json.',
    'Exit codes: 0 done, 1 the server or you said no, 2 the command line is wrong, 5 the server does not answer; of waiting',
    'for instances: 3 not all have the change yet, 4 some refused it.',
  ].join('\n');
}

/** Commands that begin with the same word. */
export function formatGroup(word: string, commands: readonly Command[]): string {
  return [
    `Usage: sluice ${word} COMMAND [OPTIONS]`,
    '',
    ...listCommands(commands),
    '',
    `sluice ${word} COMMAND --help shows the options of a command.`,
  ].join('\n');
}

function listCommands(commands: readonly Command[]): readonly string[] {
  const names = commands.map((command) => [command.name, ...command.arguments].join(' '));
  const width = Math.max(...names.map((name) => name.length));
  return commands.map(({ summary }, index) => `  ${(names[index] ?? '').padEnd(width)}  ${summary}`);
}

/** `besides`: commands that begin with the name of this one. */
export function formatHelp(
  { name, summary, arguments: words, options, examples }: Command,
  besides: readonly Command[] = [],
): string {
  const entries = Object.entries(options).map(([option, { short, value, help }]) => {
    const letter = short === undefined ? '' : `-${short}, `;
    return [`${letter}--${option}${value === undefined ? '' : ` ${value}`}`, help] as const;
  });
  const width = Math.max(...entries.map(([option]) => option.length));
  const isPlain = entries.length === 0;
  return [
    `sluice ${name}: ${summary}`,
    '',
    `Usage: sluice ${[name, ...words, ...(isPlain ? [] : ['[OPTIONS]'])].join(' ')}`,
    '',
    ...entries.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`),
    ...(isPlain ? [] : ['']),
    'For example:',
    ...examples.map((example) => `  ${example}`),
    ...(besides.length === 0 ? [] : ['', 'Besides there are:', ...listCommands(besides)]),
  ].join('\n');
}
