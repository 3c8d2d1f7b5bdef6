import { randomBytes, randomUUID } from 'node:crypto';

/** What the edge takes from the machine; tests bring their own. */
export interface EdgePlatform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds from anywhere, never going backwards. */
  readonly elapsed: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly createId: () => string;
  /** A text that nobody can guess. */
  readonly createSecret: () => string;
  /** Calls back every `periodMs` until the returned function is called. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  /** Calls back once after a delay, unless the returned function is called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** Calls back in a later turn of the event loop, after whatever waits for it. */
  readonly later: (callback: () => void) => void;
}

export const nodeEdgePlatform: EdgePlatform = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  createId: () => randomUUID(),
  createSecret: () => randomBytes(32).toString('base64url'),
  every: (periodMs, callback) => {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  later: (callback) => void setImmediate(callback),
};
