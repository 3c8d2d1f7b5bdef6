import type { Clock, HttpExchange, HttpResponse } from './platform.ts';

/** How long an answer may take, and who knows when it has. */
export interface Patience {
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Gives the response to `use`, and resolves with its result. An exchange that is not over in time is aborted and
 * rejects: a server that accepts a request and then says nothing must not be waited for.
 */
export async function answerWithin<T>(
  { timeoutMs, clock }: Patience,
  exchange: HttpExchange,
  use: (response: HttpResponse) => T | Promise<T>,
): Promise<T> {
  let isLate = false;
  const cancel = clock.after(timeoutMs, () => {
    isLate = true;
    exchange.abort();
  });
  try {
    return await use(await exchange.response);
  } catch (error) {
    if (isLate) throw new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    cancel();
  }
}
