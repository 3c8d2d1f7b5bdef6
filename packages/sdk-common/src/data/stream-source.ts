import {
  createBackoff,
  createFdv1Receiver,
  createFdv2Receiver,
  createSseParser,
  type ReceiverAction,
} from '@sluice/protocol';
import type { Platform } from '../platform.ts';
import type { Call, CallAnswer, Dial } from './dial.ts';
import type { Source, SourceFailure, SourceSink } from './source.ts';
import { createTurns } from './turns.ts';

export interface StreamOptions {
  readonly protocol: 'fdv1' | 'fdv2';
  readonly dial: Dial;
  readonly firstRetryMs: number;
  /** A connection whose first byte takes longer does not get through; undefined: the watchdog sees to it. */
  readonly firstByteMs?: number;
}

/** A connection that brings no byte for so long is dead, whatever it says; servers send something every 25 s. */
const silentMs = 45_000;
/** A connection that worked for so long starts again with the shortest delay. */
const healthyMs = 60_000;
const longestRetryMs = 30_000;
/** When the server says that we are wrong, we still ask now and then: whoever revoked a key by mistake gives it back. */
const rejectedRetryMs = { least: 150_000, most: 300_000 };
/** What does not get through is tried a few times as usual, then rarely: proxies change, but not every second. */
const unfitRetryMs = { least: 240_000, most: 360_000 };
const unfitTriedSoon = 3;

/** Keeps one connection open, and opens it again whenever it ends. */
export function createStreamSource(options: StreamOptions, sink: SourceSink, platform: Platform): Source {
  const { clock, random } = platform;
  const backoff = createBackoff({ firstMs: options.firstRetryMs, mostMs: longestRetryMs }, platform);
  let call: Call | undefined;
  let cancelTimer = (): void => undefined;
  let closed = false;
  let unfits = 0;

  function connect(): void {
    if (closed) return;
    const made = options.dial(sink.state);
    call = made;
    const startedAt = clock.elapsed();
    run(made).then(
      (end) => onEnd(made, end, startedAt),
      (error: unknown) => onEnd(made, { failure: toFailure(error), retryAfterMs: undefined }, startedAt),
    );
  }

  /** Reads a connection to its end; what went wrong is the result, not an exception, where we know what it was. */
  async function run(made: Call): Promise<ConnectionEnd> {
    const watchdog = startWatchdog(made);
    let hasLine = false;
    try {
      const answer = await made.answer;
      watchdog.feed();
      if (answer.kind === 'failed') return answer;
      if (options.firstByteMs !== undefined) watchdog.expect(options.firstByteMs);
      if (answer.send !== undefined && !closed) {
        hasLine = true;
        sink.line(answer.send);
      }
      return { failure: await readEvents(answer, watchdog), retryAfterMs: undefined };
    } catch (error) {
      if (watchdog.bark === undefined) throw error;
      return { failure: watchdog.bark, retryAfterMs: undefined };
    } finally {
      watchdog.stop();
      made.abort();
      // Another source may have a line: only what was given is taken back.
      if (hasLine && !closed && call === made) sink.line(undefined);
    }
  }

  async function readEvents(
    { chunks }: Extract<CallAnswer, { kind: 'open' }>,
    watchdog: Watchdog,
  ): Promise<SourceFailure> {
    const parser = createSseParser();
    const receiver = options.protocol === 'fdv1' ? createFdv1Receiver() : createFdv2Receiver();
    const turns = createTurns(clock);
    for await (const chunk of chunks) {
      watchdog.feed();
      unfits = 0;
      for (const event of parser.push(chunk)) {
        const failure = await act(receiver.receiveText(event));
        if (failure !== undefined) return failure;
        await turns.giveWay();
      }
    }
    return watchdog.bark ?? { kind: 'network', message: 'the server ended the connection' };
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
      case 'notice':
        sink.notice(action.notice);
        return undefined;
      case 'goodbye':
        return { kind: 'network', message: `the server is closing the connection: ${action.reason}` };
      case 'refused':
        return { kind: 'refused', message: action.problem };
      default:
        return action satisfies never;
    }
  }

  function onEnd(ended: Call, { failure, retryAfterMs }: ConnectionEnd, startedAt: number): void {
    if (closed || call !== ended) return;
    call = undefined;
    if (clock.elapsed() - startedAt >= healthyMs) backoff.reset();
    sink.fail(failure);
    cancelTimer = clock.after(Math.max(delayAfter(failure), retryAfterMs ?? 0), connect);
  }

  function delayAfter({ kind }: SourceFailure): number {
    if (kind === 'rejected') return between(rejectedRetryMs);
    if (kind === 'unfit' && ++unfits >= unfitTriedSoon) return between(unfitRetryMs);
    return backoff.next();
  }

  function between({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + random() * (most - least);
  }

  interface Watchdog {
    /** Why it ended the connection; undefined: it did not. */
    readonly bark: SourceFailure | undefined;
    feed(): void;
    /** The next byte has to come sooner than others. */
    expect(withinMs: number): void;
    stop(): void;
  }

  /** Ends a connection that stays silent. Looked at every few seconds: a timer for each chunk would cost more. */
  function startWatchdog(made: Call): Watchdog {
    let fedAt = clock.elapsed();
    let bark: SourceFailure | undefined;
    let stop = clock.after(silentMs, look);
    let stopExpecting = (): void => undefined;
    function look(): void {
      const silentForMs = clock.elapsed() - fedAt;
      if (silentForMs < silentMs) stop = clock.after(silentMs - silentForMs, look);
      else end({ kind: 'silent', message: `the connection brought nothing for ${silentMs / 1000} s` });
    }
    function end(failure: SourceFailure): void {
      bark = failure;
      made.abort();
    }
    return {
      get bark() {
        return bark;
      },
      feed: () => {
        fedAt = clock.elapsed();
        stopExpecting();
      },
      expect: (withinMs) => {
        const message = `the connection opened and brought nothing within ${withinMs / 1000} s`;
        stopExpecting = clock.after(withinMs, () => end({ kind: 'unfit', message }));
      },
      stop: () => {
        stop();
        stopExpecting();
      },
    };
  }

  return {
    start: connect,
    close: () => {
      closed = true;
      cancelTimer();
      call?.abort();
    },
  };
}

interface ConnectionEnd {
  readonly failure: SourceFailure;
  readonly retryAfterMs: number | undefined;
}

function toFailure(error: unknown): SourceFailure {
  return { kind: 'network', message: error instanceof Error ? error.message : String(error) };
}
