import { type Logger, pino } from 'pino';

/** Keeps what a server logs. */
export interface TestLog {
  readonly log: Logger;
  /** As they would stand in a file. */
  readonly lines: readonly string[];
  /** Those of level error. */
  readonly errors: readonly string[];
}

export function createTestLog(level: 'info' | 'debug' = 'info'): TestLog {
  const lines: string[] = [];
  return {
    log: pino({ level }, { write: (line: string) => void lines.push(line) }),
    lines,
    get errors() {
      return lines.filter((line) => JSON.parse(line).level >= 50);
    },
  };
}
