import { randomBytes } from 'node:crypto';
import type { RegexCompiler } from '@sluice/engine';
import { RE2JS } from 're2js';

/** What the server takes from the machine; tests bring their own. */
export interface Platform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds from anywhere, never going backwards. */
  readonly elapsed: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls back every `periodMs` until the returned function is called. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  /** Calls back once after a delay, unless the returned function is called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** Calls back in a later turn of the event loop, after whatever waits for it. */
  readonly later: (callback: () => void) => void;
}

export const nodePlatform: Platform = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  randomBytes: (count) => randomBytes(count),
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

/** Lets whatever else there is to do be done first. */
export function nextTurn({ later }: Pick<Platform, 'later'>): Promise<void> {
  return new Promise((resolve) => later(resolve));
}

/** Regular expressions that take linear time. */
export const regex: RegexCompiler = (pattern) => {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
};
