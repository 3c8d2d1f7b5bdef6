import type { Clock } from '@sluice/sdk-common';

/** Resolves after a time; rejects with the signal's reason when that aborts before. */
export function sleep(clock: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const finish = (): void => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const cancel = clock.after(Math.ceil(ms), finish, true);
    signal.addEventListener('abort', abort, { once: true });
  });
}
