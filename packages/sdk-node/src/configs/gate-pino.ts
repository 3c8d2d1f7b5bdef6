import type { Gate } from './gate.ts';

/** What is used of pino: a program that has it brings its own. */
export interface PinoLogger {
  level: string;
  readonly levelVal: number;
  readonly levels: { readonly values: Readonly<Record<string, number>> };
  isLevelEnabled(level: string): boolean;
}

type Write = (this: unknown, ...line: unknown[]) => void;

export function isPino(logger: object): logger is PinoLogger {
  return 'levels' in logger && 'isLevelEnabled' in logger;
}

/**
 * pino makes the methods of a logger anew whenever its level is set, those below it empty; children have them from their
 * parent, unless they have a level of their own, which then stands. So setting the lowest level and putting the
 * question before the methods that are left does it for children, too.
 */
export function gatePino(logger: PinoLogger): Gate {
  const { values } = logger.levels;
  // A logger has a method for each of its levels.
  const methods = logger as unknown as Record<string, Write>;
  const isLevelEnabled = logger.isLevelEnabled;
  return {
    levels: { ...values, silent: Number.POSITIVE_INFINITY },
    set(lowest, findThreshold) {
      logger.level = lowest;
      logger.isLevelEnabled = isLevelEnabled;
      if (findThreshold === undefined) return;
      for (const [level, value] of Object.entries(values)) {
        const write = methods[level];
        if (write === undefined || !isLevelEnabled.call(logger, level)) continue;
        methods[level] = function (...line) {
          if (value >= findThreshold()) write.apply(this, line);
        };
      }
      logger.isLevelEnabled = function (this: PinoLogger, level) {
        if (!isLevelEnabled.call(this, level)) return false;
        return this.levelVal !== logger.levelVal || (values[level] ?? 0) >= findThreshold();
      };
    },
    close(level) {
      this.set(level, undefined);
    },
  };
}
