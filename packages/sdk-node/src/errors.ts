/**
 * `invalid-options`: when something is created, or asked in a way that cannot be right. Why a valve has no answer:
 * `timeout`: its mode did not answer in time; `breaker-open`: the mode failed too often, and nothing is there to fall
 * back to; `mode-missing`: what is served is not in this build, nor is anything more severe. Why providers sent
 * nothing: `invalid-message`: the message has no key; `journal`: it cannot be read or written. `unknown-message`: no such
 * message is in doubt. Why a migration did nothing: `lease`: it is strict, and what this process knows of its stage may
 * be old (a write that took too long is in the old store all the same, and its message says so); `stale`: the store has a version from so far ahead that somebody's clock is wrong. `backfill`:
 * the server refuses one, or it or a store does not work.
 */
export type SluiceErrorCode =
  | 'invalid-options'
  | 'timeout'
  | 'breaker-open'
  | 'mode-missing'
  | 'invalid-message'
  | 'unknown-message'
  | 'journal'
  | 'lease'
  | 'stale'
  | 'backfill';

/** What the SDK throws. Evaluating never does, and whether a client is well is told by its status. */
export class SluiceError extends Error {
  readonly code: SluiceErrorCode;

  constructor(code: SluiceErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SluiceError';
    this.code = code;
  }
}
