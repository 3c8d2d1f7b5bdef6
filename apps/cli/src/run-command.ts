import { inspect } from 'node:util';
import type { Command } from './command.ts';
import { exitCodes, usageError } from './errors.ts';

/** What stands after the program is the program's, options too. */
export const runCommand: Command = {
  name: 'run',
  summary: 'run a program with the Node that Sluice brings',
  arguments: ['PROGRAM', '[ARGUMENTS]'],
  options: {},
  examples: ['sluice run watch.mjs'],
  parseAndRun: async ([program, ...words], { readFile, runProgram, printError }) => {
    if (program === undefined) throw usageError('PROGRAM is missing', 'See: sluice run --help');
    if (readFile(program) === undefined) throw usageError(`there is no program ${program}`);
    try {
      return await runProgram(program, words);
    } catch (error) {
      // It is the program's, and whoever runs it wrote it.
      printError(inspect(error));
      return exitCodes.refused;
    }
  },
};
