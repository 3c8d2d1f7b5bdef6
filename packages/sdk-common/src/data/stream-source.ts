import { createFdv1Receiver, createFdv2Receiver, createSseParser, type ReceiverAction } from '@sluice/protocol';
import type { HttpExchange, HttpResponse, Platform } from '../platform.ts';
import { createBackoff } from './backoff.ts';
import { isRecoverable, parseRetryAfter, type Source, type SourceFailure, type SourceSink } from './source.ts';
import { createTurns } from './turns.ts';

export interface StreamOptions {
  readonly protocol: 'fdv1' | 'fdv2';
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly firstRetryMs: number;
}

/** A stream that brings no byte for so long is dead, whatever its connection says; servers send something every 25 s. */
const silentMs = 45_000;
/** A stream that worked for so long starts again with the shortest delay. */
const healthyMs = 60_000;
const longestRetryMs = 30_000;
/** When the server says that we are wrong, we still ask now and then: whoever revoked a key by mistake gives it back. */
const rejectedRetryMs = { least: 150_000, most: 300_000 };

/** Keeps one stream open, and opens it again whenever it ends. */
export function createStreamSource(options: StreamOptions, sink: SourceSink, platform: Platform): Source {
  const { clock, http, random } = platform;
  const backoff = createBackoff({ firstMs: options.firstRetryMs, mostMs: longestRetryMs }, platform);
  let exchange: HttpExchange | undefined;
  let cancelTimer = (): void => undefined;
  let closed = false;

  function connect(): void {
    if (closed) return;
    const opened = http.open({
      method: 'GET',
      url: urlOf(options, sink.state),
      headers: { ...options.headers, accept: 'text/event-stream', 'cache-control': 'no-cache' },
    });
    exchange = opened;
    const startedAt = clock.elapsed();
    run(opened).then(
      (end) => onEnd(opened, end, startedAt),
      (error: unknown) => onEnd(opened, { failure: toFailure(error), retryAfterMs: undefined }, startedAt),
    );
  }

  /** Reads a stream to its end; what went wrong is the result, not an exception, where we know what it was. */
  async function run(opened: HttpExchange): Promise<StreamEnd> {
    const watchdog = startWatchdog(opened);
    try {
      const response = await opened.response;
      watchdog.feed();
      if (response.status !== 200) return endOf(response);
      return { failure: await readEvents(response, watchdog), retryAfterMs: undefined };
    } catch (error) {
      if (!watchdog.barked) throw error;
      return {
        failure: { kind: 'silent', message: `the stream brought nothing for ${silentMs / 1000} s` },
        retryAfterMs: undefined,
      };
    } finally {
      watchdog.stop();
      opened.abort();
    }
  }

  async function readEvents(response: HttpResponse, watchdog: Watchdog): Promise<SourceFailure> {
    const parser = createSseParser();
    const receiver = options.protocol === 'fdv1' ? createFdv1Receiver() : createFdv2Receiver();
    const turns = createTurns(clock);
    for await (const chunk of response.chunks()) {
      watchdog.feed();
      for (const event of parser.push(chunk)) {
        const failure = await act(receiver.receiveText(event));
        if (failure !== undefined) return failure;
        await turns.giveWay();
      }
    }
    return { kind: 'network', message: 'the server ended the stream' };
  }

  async function act(action: ReceiverAction): Promise<SourceFailure | undefined> {
    switch (action.kind) {
      case 'nothing':
        return undefined;
      case 'commit':
        await sink.commit(action.transfer);
        return undefined;
      case 'up-to-date':
        sink.confirm();
        return undefined;
      case 'goodbye':
        return { kind: 'network', message: `the server is closing the stream: ${action.reason}` };
      case 'refused':
        return { kind: 'refused', message: action.problem };
      default:
        return action satisfies never;
    }
  }

  function onEnd(ended: HttpExchange, { failure, retryAfterMs }: StreamEnd, startedAt: number): void {
    if (closed || exchange !== ended) return;
    exchange = undefined;
    if (clock.elapsed() - startedAt >= healthyMs) backoff.reset();
    sink.fail(failure);
    const { least, most } = rejectedRetryMs;
    const delayMs = failure.kind === 'rejected' ? least + random() * (most - least) : backoff.next();
    cancelTimer = clock.after(Math.max(delayMs, retryAfterMs ?? 0), connect);
  }

  interface Watchdog {
    readonly barked: boolean;
    feed(): void;
    stop(): void;
  }

  /** Ends the stream when it stays silent. Looked at every few seconds: a timer for each chunk would cost more. */
  function startWatchdog(opened: HttpExchange): Watchdog {
    let fedAt = clock.elapsed();
    let barked = false;
    let stop = clock.after(silentMs, look);
    function look(): void {
      const silentForMs = clock.elapsed() - fedAt;
      if (silentForMs < silentMs) {
        stop = clock.after(silentMs - silentForMs, look);
        return;
      }
      barked = true;
      opened.abort();
    }
    return {
      get barked() {
        return barked;
      },
      feed: () => {
        fedAt = clock.elapsed();
      },
      stop: () => stop(),
    };
  }

  return {
    start: connect,
    close: () => {
      closed = true;
      cancelTimer();
      exchange?.abort();
    },
  };
}

interface StreamEnd {
  readonly failure: SourceFailure;
  readonly retryAfterMs: number | undefined;
}

function endOf(response: HttpResponse): StreamEnd {
  const { status } = response;
  response.discard();
  return {
    failure: {
      kind: isRecoverable(status) ? 'status' : 'rejected',
      message: status === 401 ? 'the server does not know this SDK key (401)' : `the server answered ${status}`,
      status,
    },
    retryAfterMs: parseRetryAfter(response.header('retry-after')),
  };
}

function toFailure(error: unknown): SourceFailure {
  return { kind: 'network', message: error instanceof Error ? error.message : String(error) };
}

function urlOf({ protocol, baseUrl }: StreamOptions, state: string | undefined): string {
  if (protocol === 'fdv1') return `${baseUrl}/all`;
  return state === undefined ? `${baseUrl}/sdk/stream` : `${baseUrl}/sdk/stream?basis=${encodeURIComponent(state)}`;
}
