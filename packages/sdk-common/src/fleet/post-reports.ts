import { type Notice, parseNotices, type Report } from '@sluice/protocol';
import { answerWithin } from '../answer-within.ts';
import { isRecoverable } from '../data/source.ts';
import type { HttpResponse, Platform } from '../platform.ts';

/** Posts reports; resolves with what the server has to say in return, with nothing when it could not be reached. */
export type PostReports = (reports: readonly Report[]) => Promise<readonly Notice[]>;

export interface PostOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

const timeoutMs = 10_000;
/** A server that does not take reports is not asked again for so long. */
const rejectedMs = 300_000;

/** Reports by HTTP, for instances that have no socket. What is lost is made good by the next heartbeat. */
export function createPostReports(
  { baseUrl, headers }: PostOptions,
  { http, clock }: Pick<Platform, 'http' | 'clock'>,
): PostReports {
  let quietUntil = Number.NEGATIVE_INFINITY;

  async function read(response: HttpResponse): Promise<readonly Notice[]> {
    if (response.status === 200) return parseNotices(await response.text());
    response.discard();
    if (!isRecoverable(response.status)) quietUntil = clock.elapsed() + rejectedMs;
    return [];
  }

  return async (reports) => {
    if (clock.elapsed() < quietUntil) return [];
    const exchange = http.open({
      method: 'POST',
      url: `${baseUrl}/sdk/v1/reports`,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(reports),
    });
    try {
      return await answerWithin({ timeoutMs, clock }, exchange, read);
    } catch {
      // The server, or the way to it, is gone; the status tells of that already.
      return [];
    }
  };
}
