import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Somebody who asks for one page after the other, several at a time. */
export interface Customer {
  readonly account: string;
  readonly inFlight: number;
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  /** The path of the request with that number. */
  readonly pathOf: (index: number) => string;
}

export interface Answer {
  readonly account: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Of when it was asked for, by the clock that was given. */
  readonly startedAt: number;
  readonly tookMs: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly customers: readonly Customer[];
  /** Milliseconds; need not be the time of day. */
  readonly now: () => number;
  /** Ends the load; it ends by itself after `maxSeconds`. */
  readonly signal: AbortSignal;
  readonly maxSeconds: number;
  readonly onAnswer: (answer: Answer) => void;
}

/** Sends requests over connections that are kept until it is stopped. Failures to connect make it reject. */
export async function runLoad({ url, customers, now, signal, maxSeconds, onAnswer }: LoadOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: customers.reduce((sum, { inFlight }) => sum + inFlight, 0) });
  const endsAt = now() + maxSeconds * 1000;
  const goesOn = (): boolean => !signal.aborted && now() < endsAt;

  async function shop({ account, pauseMs, pathOf }: Customer, next: () => number): Promise<void> {
    while (goesOn()) {
      const startedAt = now();
      const answer = await ask(agent, url + pathOf(next()), account);
      onAnswer({ account, ...answer, startedAt, tookMs: now() - startedAt });
      if (pauseMs > 0) await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  try {
    await Promise.all(
      customers.flatMap((customer) => {
        let count = 0;
        return Array.from({ length: customer.inFlight }, () => shop(customer, () => count++));
      }),
    );
  } finally {
    agent.destroy();
  }
}

/** Asks for one page. */
export function ask(
  agent: Agent | undefined,
  url: string,
  account: string,
): Promise<Pick<Answer, 'status' | 'retryAfter'>> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { 'x-account': account } }, (response) => {
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }),
      );
      response.resume();
    })
      .on('error', reject)
      .end();
  });
}
