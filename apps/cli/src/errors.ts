import { ServerError } from '@sluice/control-plane/basics';

/**
 * How the command ends. 3 and 4 are about waiting until a change has arrived everywhere: time was up before it had, and
 * instances refused it.
 */
export const exitCodes = { done: 0, refused: 1, usage: 2, partial: 3, refusedByInstances: 4, unreachable: 5 } as const;

/** Something that the person at the command line can mend. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** What to do about it, a sentence a line. */
  readonly hints: readonly string[];

  constructor(exitCode: number, message: string, ...hints: readonly string[]) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.hints = hints;
  }
}

/** What a parser of settings says about options or variables is about the command line. */
export function parseOptions<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ServerError) throw usageError(error.message);
    throw error;
  }
}

export function usageError(message: string, ...hints: readonly string[]): CommandError {
  return new CommandError(exitCodes.usage, message, ...hints);
}
