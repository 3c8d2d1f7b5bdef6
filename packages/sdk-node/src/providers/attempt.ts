import type { Clock } from '@sluice/sdk-common';
import { findFailure, isDefinite } from './not-accepted.ts';

/** How one call of a provider ended. */
export type Answer =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'not-accepted' | 'unknown'; readonly error: unknown };

export interface AttemptOptions {
  readonly timeoutMs: number;
  /** Whoever sends may give up. */
  readonly signal: AbortSignal | undefined;
}

/** Calls a provider and waits no longer than it may take; never rejects. What comes later is not looked at. */
export function attempt(
  call: (signal: AbortSignal) => Promise<unknown>,
  { timeoutMs, signal }: AttemptOptions,
  clock: Clock,
): Promise<Answer> {
  return new Promise((resolve) => {
    const controller = new AbortController();
    const stop = (error: unknown): void => {
      finish({ outcome: 'unknown', error });
      controller.abort(error);
    };
    const giveUp = (): void => stop(new Error('whoever sent it gave up'));
    const cancel = clock.after(timeoutMs, () => stop(new Error(`no answer within ${timeoutMs} ms`)), true);
    const finish = (answer: Answer): void => {
      cancel();
      signal?.removeEventListener('abort', giveUp);
      resolve(answer);
    };
    signal?.addEventListener('abort', giveUp);
    // A function that throws at once is answered like one that rejects.
    new Promise((settle) => settle(call(controller.signal))).then(throwFailure).then(
      () => finish({ outcome: 'sent' }),
      (error: unknown) => finish({ outcome: isDefinite(error) ? 'not-accepted' : 'unknown', error }),
    );
  });
}

function throwFailure(answer: unknown): void {
  const failure = findFailure(answer);
  if (failure !== undefined) throw failure;
}
