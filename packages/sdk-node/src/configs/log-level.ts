import type { Surroundings } from '@sluice/sdk-common';
import { type Scopes, WorkScope } from '../surroundings/scopes.ts';
import type { Config } from './config.ts';
import type { Gate } from './gate.ts';
import { type ConsoleLogger, gateConsole } from './gate-console.ts';
import { gatePino, isPino, type PinoLogger } from './gate-pino.ts';

export interface LogLevelOptions {
  /** Defaults to `log.level`. */
  readonly key?: string;
  /** Defaults to `info`. */
  readonly default?: string;
}

/** A logger of pino, or whatever has the methods of `console`. */
export type LevelledLogger = PinoLogger | ConsoleLogger;

export function createGate(logger: LevelledLogger): Gate {
  return isPino(logger) ? gatePino(logger) : gateConsole(logger);
}

/** What was found for a scope, and what it holds for. */
interface Found {
  readonly threshold: number;
  readonly payload: number;
  readonly ambient: Surroundings['ambient'];
}

export interface LogLevelParts {
  readonly gate: Gate;
  readonly config: Config<string>;
  readonly scopes: Scopes;
  /** Calls back when the flag may be another, after the config has taken it in; returns how to stop. */
  readonly onChange: (listener: () => void) => () => void;
}

/**
 * A logger's level as a config: that of the process, and within a request, job or message the one for whom it is done
 * and by which route. It is looked up once for each of them and not for each line.
 */
export class LogLevel {
  readonly #parts: LogLevelParts;
  readonly #stop: () => void;
  /** Of the process. */
  #threshold = 0;
  /** Rises with every payload. */
  #payload = 0;
  readonly #found = new WeakMap<WorkScope, Found>();
  #isLooking = false;

  constructor(parts: LogLevelParts) {
    this.#parts = parts;
    this.#take();
    this.#stop = parts.onChange(() => this.#take());
  }

  /** Ends following: pino stays at the level of the process, and a console writes everything again. */
  close(): void {
    this.#stop();
    const { gate, config } = this.#parts;
    gate.close(config.get());
    config.close();
  }

  #take(): void {
    const { gate, config } = this.#parts;
    this.#payload++;
    this.#threshold = this.#rank(config.get());
    const lowest = config.values.toSorted((a, b) => this.#rank(a) - this.#rank(b))[0] ?? config.get();
    const isSame = config.values.every((level) => this.#rank(level) === this.#threshold);
    gate.set(lowest, isSame ? undefined : () => this.#find());
  }

  #rank(level: string): number {
    return this.#parts.gate.levels[level] ?? Number.POSITIVE_INFINITY;
  }

  #find(): number {
    const { scopes, config } = this.#parts;
    const scope = scopes.find();
    // Looking up may lead to lines, such as those of the application that says which route a request has.
    if (!(scope instanceof WorkScope) || this.#isLooking) return this.#threshold;
    const known = this.#found.get(scope);
    if (known !== undefined && known.payload === this.#payload && known.ambient === scope.ambient)
      return known.threshold;
    this.#isLooking = true;
    try {
      const threshold = this.#rank(config.within(scope));
      // Until a route has matched, rules for routes cannot be told from others.
      if (scope.hasRoute) this.#found.set(scope, { threshold, payload: this.#payload, ambient: scope.ambient });
      return threshold;
    } catch {
      // The application's own way to find a route failed: evaluations tell of that, and lines are written all the same.
      return this.#threshold;
    } finally {
      this.#isLooking = false;
    }
  }
}
