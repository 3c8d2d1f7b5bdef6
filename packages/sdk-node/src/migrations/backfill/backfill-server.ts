import type {
  BackfillClaim,
  BackfillLease,
  BackfillPace,
  BackfillStanding,
  BackfillTally,
  BackfillVerification,
} from '@sluice/protocol';
import { createBackoff } from '@sluice/protocol';
import { answerWithin, type Platform, type PostOptions } from '@sluice/sdk-common';
import { SluiceError } from '../../errors.ts';
import { sleep } from './sleep.ts';

export interface BackfillProgressReport {
  readonly cursor: string | undefined;
  readonly isCopied: boolean;
  readonly tally: BackfillTally;
  readonly pace?: BackfillPace;
  readonly isReleased?: boolean;
}

type Held = Pick<BackfillLease, 'position' | 'fence'>;

/** What the workers of a backfill tell the server, and hear from it. All reject with a SluiceError. */
export interface BackfillServer {
  claim(worker: string, except: readonly number[], signal: AbortSignal): Promise<BackfillClaim>;
  /** Says where ranges end; nothing happens where somebody else has. */
  propose(upperBounds: readonly string[], signal: AbortSignal): Promise<void>;
  /** Resolves with undefined when the range is another's by now. */
  report(held: Held, report: BackfillProgressReport, signal: AbortSignal): Promise<BackfillStanding | undefined>;
  verify(
    held: Held,
    verification: BackfillVerification,
    signal: AbortSignal,
  ): Promise<{ readonly state: 'verified' | 'dirty' } | undefined>;
}

const timeoutMs = 10_000;
/** A server that restarts is away for seconds; a lease lasts a minute. */
const patienceMs = 60_000;

/** The server at an address, asked again while it cannot be reached. */
export function createBackfillServer(
  migration: string,
  { baseUrl, headers }: PostOptions,
  { http, clock, random }: Pick<Platform, 'http' | 'clock' | 'random'>,
): BackfillServer {
  async function ask(what: string, body: object, signal: AbortSignal): Promise<Answer> {
    const exchange = http.open({
      method: 'POST',
      url: `${baseUrl}/sdk/v1/migrations/${encodeURIComponent(migration)}/backfill/${what}`,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const abort = (): void => exchange.abort();
    signal.addEventListener('abort', abort);
    const answer = answerWithin({ timeoutMs, clock }, exchange, async (response): Promise<Answer> => {
      const text = await response.text();
      if (response.status === 200) return { kind: 'done', body: JSON.parse(text) };
      const problem = `the server answered ${response.status}: ${describeProblem(text)}`;
      const isTransient = response.status === 408 || response.status === 429 || response.status >= 500;
      if (isTransient) throw new Error(problem);
      return { kind: response.status === 409 ? 'conflict' : 'refused', problem };
    });
    return answer.finally(() => signal.removeEventListener('abort', abort));
  }

  async function askOften(what: string, body: object, signal: AbortSignal): Promise<Answer> {
    const backoff = createBackoff({ firstMs: 500, mostMs: 5000 }, { random });
    const until = clock.elapsed() + patienceMs;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask(what, body, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (clock.elapsed() >= until)
          throw new SluiceError('backfill', `migration ${migration}: backfill: the server cannot be asked`, error);
      }
      await sleep(clock, backoff.next() + 1, signal);
    }
  }

  /** `T`: what the server answers, as its own parsers of what it is told say. */
  async function get<T>(what: string, body: object, signal: AbortSignal): Promise<T> {
    const answer = await askOften(what, body, signal);
    // The server is the one whose flags are followed too.
    if (answer.kind === 'done') return answer.body as T;
    throw new SluiceError('backfill', `migration ${migration}: backfill: ${answer.problem}`);
  }

  async function getHeld<T>(what: string, body: object, signal: AbortSignal): Promise<T | undefined> {
    const answer = await askOften(what, body, signal);
    if (answer.kind === 'conflict') return undefined;
    if (answer.kind === 'done') return answer.body as T;
    throw new SluiceError('backfill', `migration ${migration}: backfill: ${answer.problem}`);
  }

  return {
    claim: (worker, except, signal) => get('claim', { worker, except }, signal),
    propose: async (upperBounds, signal) => void (await get('ranges', { upperBounds }, signal)),
    report: ({ position, fence }, report, signal) =>
      getHeld('progress', { position, fence, ...report, ...fitPace(report) }, signal),
    verify: ({ position, fence }, verification, signal) =>
      getHeld('verification', { position, fence, verification: fitFindings(verification) }, signal),
  };
}

/** What the server takes of a text; more, or what no database keeps, would make it refuse all that comes with it. */
const longest = { reason: 1000, key: 4096 };

function fitPace({ pace }: BackfillProgressReport): Pick<BackfillProgressReport, 'pace'> {
  return pace?.reason === undefined ? {} : { pace: { ...pace, reason: fitText(pace.reason, longest.reason) } };
}

function fitFindings(verification: BackfillVerification): BackfillVerification {
  const reported = verification.reported.map(({ key, reason }) => ({
    key: fitText(key, longest.key),
    reason: fitText(reason, longest.reason),
  }));
  return { ...verification, reported };
}

function fitText(text: string, most: number): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replaceAll('\0', '').toWellFormed();
}

type Answer =
  | { readonly kind: 'done'; readonly body: unknown }
  | { readonly kind: 'conflict' | 'refused'; readonly problem: string };

function describeProblem(text: string): string {
  try {
    const { title }: { readonly title?: unknown } = JSON.parse(text);
    return String(title);
  } catch {
    return text.slice(0, 200);
  }
}
