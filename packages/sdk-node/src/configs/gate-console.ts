import type { Gate } from './gate.ts';

/** Methods of `console` by level. */
const levelOf = { trace: 'trace', debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const;

type Method = keyof typeof levelOf;

const levels: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
};

/** `console`, or what has some of its methods; all others are left alone. */
export type ConsoleLogger = { [method in Method]?: (...line: unknown[]) => void };

/** Puts the question before the methods of a console, which has no levels of its own. */
export function gateConsole(logger: ConsoleLogger): Gate {
  // These are its keys.
  const originals = (Object.keys(levelOf) as Method[]).map((method) => ({
    method,
    write: logger[method],
    value: levels[levelOf[method]] ?? 0,
  }));
  return {
    levels,
    set(lowest, findThreshold) {
      const least = levels[lowest] ?? 0;
      for (const { method, write, value } of originals) {
        if (write === undefined) continue;
        logger[method] = (...line: unknown[]): void => {
          if (value >= least && (findThreshold === undefined || value >= findThreshold())) write.apply(logger, line);
        };
      }
    },
    close() {
      for (const { method, write } of originals) if (write !== undefined) logger[method] = write;
    },
  };
}
