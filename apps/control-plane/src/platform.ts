import { randomBytes } from 'node:crypto';
import type { RegexCompiler } from '@sluice/engine';
import { RE2JS } from 're2js';

/** What the server takes from the machine; tests bring their own. */
export interface Platform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls back every `periodMs` until the returned function is called. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

export const nodePlatform: Platform = {
  now: () => Date.now(),
  random: () => Math.random(),
  randomBytes: (count) => randomBytes(count),
  every: (periodMs, callback) => {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Regular expressions that take linear time. */
export const regex: RegexCompiler = (pattern) => {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
};
