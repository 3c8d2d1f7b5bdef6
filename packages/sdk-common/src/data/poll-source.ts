import {
  createFdv2Receiver,
  describeMalformation,
  parseFdv1All,
  parsePollEvents,
  type ReceiverAction,
} from '@sluice/protocol';
import { answerWithin } from '../answer-within.ts';
import type { HttpExchange, HttpResponse, Platform } from '../platform.ts';
import { isRecoverable, parseRetryAfter, type Source, type SourceFailure, type SourceSink } from './source.ts';
import { createTurns } from './turns.ts';

export interface PollOptions {
  readonly protocol: 'fdv1' | 'fdv2';
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly periodMs: number;
}

/** When the server says that we are wrong, we still ask now and then. */
const rejectedPeriodMs = 300_000;
/** A large payload over a slow line takes its time. */
const timeoutMs = 60_000;

/** Asks for data again and again, with a delay that varies by a tenth so that clients do not ask in step. */
export function createPollSource(options: PollOptions, sink: SourceSink, platform: Platform): Source {
  const { clock, http, random } = platform;
  let exchange: HttpExchange | undefined;
  let cancelTimer = (): void => undefined;
  let closed = false;
  /** Of the last answer, and the URL that it was given for. */
  let etag: { readonly url: string; readonly value: string } | undefined;

  async function poll(): Promise<void> {
    const url = urlOf(options, sink.state);
    const opened = http.open({
      method: 'GET',
      url,
      headers: {
        ...options.headers,
        'accept-encoding': 'gzip',
        ...(etag?.url === url && { 'if-none-match': etag.value }),
      },
    });
    exchange = opened;
    let delayMs = options.periodMs;
    try {
      delayMs = await answerWithin({ timeoutMs, clock }, opened, (response) => read(response, url));
    } catch (error) {
      sink.fail({ kind: 'network', message: error instanceof Error ? error.message : String(error) });
    }
    if (!closed) cancelTimer = clock.after(delayMs * (0.9 + 0.2 * random()), start);
  }

  function start(): void {
    // Every failure within is told to the sink.
    if (!closed) void poll();
  }

  /** Returns how long to wait before the next poll, in milliseconds. */
  async function read(response: HttpResponse, url: string): Promise<number> {
    if (response.status === 304) {
      response.discard();
      sink.confirm();
    } else if (response.status === 200) {
      const failure = await take(await response.text());
      const value = response.header('etag');
      if (failure !== undefined) sink.fail(failure);
      else if (value !== undefined) etag = { url, value };
    } else {
      return afterStatus(response);
    }
    return options.periodMs;
  }

  function afterStatus(response: HttpResponse): number {
    const { status } = response;
    response.discard();
    const kind = isRecoverable(status) ? 'status' : 'rejected';
    const message = status === 401 ? 'the server does not know this SDK key (401)' : `the server answered ${status}`;
    sink.fail({ kind, message, status });
    const asked = parseRetryAfter(response.header('retry-after')) ?? 0;
    return Math.max(kind === 'rejected' ? rejectedPeriodMs : options.periodMs, asked);
  }

  async function take(text: string): Promise<SourceFailure | undefined> {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (error) {
      return {
        kind: 'refused',
        message: `the poll's answer must be JSON: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
    if (options.protocol === 'fdv1') return act(parseFdv1All(body));
    const events = parsePollEvents(body);
    if ('expected' in events) return { kind: 'refused', message: describeMalformation(events) };
    const receiver = createFdv2Receiver();
    const turns = createTurns(clock);
    let isComplete = false;
    for (const event of events) {
      const action = receiver.receive(event);
      const failure = await act(action);
      if (failure !== undefined) return failure;
      isComplete ||= action.kind === 'commit' || action.kind === 'up-to-date';
      await turns.giveWay();
    }
    return isComplete ? undefined : { kind: 'refused', message: 'the poll brought no complete transfer' };
  }

  async function act(action: ReceiverAction): Promise<SourceFailure | undefined> {
    switch (action.kind) {
      case 'commit':
        await sink.commit(action.transfer);
        return undefined;
      case 'up-to-date':
        sink.confirm();
        return undefined;
      case 'notice':
        sink.notice(action.notice);
        return undefined;
      case 'refused':
        return { kind: 'refused', message: action.problem };
      case 'nothing':
      case 'goodbye':
        return undefined;
      default:
        return action satisfies never;
    }
  }

  return {
    start,
    close: () => {
      closed = true;
      cancelTimer();
      exchange?.abort();
    },
  };
}

function urlOf({ protocol, baseUrl }: PollOptions, state: string | undefined): string {
  if (protocol === 'fdv1') return `${baseUrl}/sdk/latest-all`;
  return state === undefined ? `${baseUrl}/sdk/poll` : `${baseUrl}/sdk/poll?basis=${encodeURIComponent(state)}`;
}
