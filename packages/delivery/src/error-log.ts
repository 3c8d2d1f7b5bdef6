import type { RelayLog, RelayPlatform } from './relay.ts';

const windowMs = 1000;

interface Window {
  /** How often each message came again. */
  readonly repeated: Map<string, number>;
  readonly stop: () => void;
}

/**
 * Logs errors so that the log stays readable while everything fails for one reason, such as a database that is gone:
 * of the errors with the same cause one a second has its stack, other messages come once without it, and how often
 * each came again is told when the second is over.
 */
export class ErrorLog {
  readonly #log: Pick<RelayLog, 'error'>;
  readonly #platform: Pick<RelayPlatform, 'after'>;
  readonly #windows = new Map<string, Window>();

  constructor(log: Pick<RelayLog, 'error'>, platform: Pick<RelayPlatform, 'after'>) {
    this.#log = log;
    this.#platform = platform;
  }

  /** `fields` say which request or object it was about. */
  write(error: unknown, message: string, fields: object = {}): void {
    const cause = describeCause(error);
    const window = this.#windows.get(cause);
    if (window === undefined) {
      const stop = this.#platform.after(windowMs, () => this.#end(cause));
      this.#windows.set(cause, { repeated: new Map([[message, 0]]), stop });
      this.#log.error({ ...fields, err: error }, message);
      return;
    }
    const times = window.repeated.get(message);
    window.repeated.set(message, times === undefined ? 0 : times + 1);
    if (times === undefined) this.#log.error({ ...fields, cause }, message);
  }

  /** Tells what is not told yet. */
  close(): void {
    for (const cause of [...this.#windows.keys()]) this.#end(cause);
  }

  #end(cause: string): void {
    const window = this.#windows.get(cause);
    if (window === undefined) return;
    window.stop();
    this.#windows.delete(cause);
    for (const [message, times] of window.repeated) if (times > 0) this.#log.error({ cause, times }, message);
  }
}

/** What is at the bottom of an error. */
function describeCause(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return String(cause);
}
