import type { HttpResponse, Platform } from '../platform.ts';
import { isRecoverable, parseRetryAfter, type Send, type SourceFailure } from './source.ts';

/** Opens a connection that brings events, from where the client is. */
export type Dial = (state: string | undefined) => Call;

export interface Call {
  /** Rejects when no connection can be made, and when aborted. */
  readonly answer: Promise<CallAnswer>;
  abort(): void;
}

export type CallAnswer =
  | {
      readonly kind: 'open';
      readonly chunks: AsyncIterable<string>;
      /** Absent: this connection only brings. */
      readonly send?: Send;
    }
  | { readonly kind: 'failed'; readonly failure: SourceFailure; readonly retryAfterMs: number | undefined };

export interface DialOptions {
  readonly protocol: 'fdv1' | 'fdv2';
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Server-sent events over HTTP: goes through every proxy. */
export function dialStream({ protocol, baseUrl, headers }: DialOptions, { http }: Pick<Platform, 'http'>): Dial {
  const path = protocol === 'fdv1' ? '/all' : '/sdk/stream';
  return (state) => {
    const exchange = http.open({
      method: 'GET',
      url: protocol === 'fdv1' ? baseUrl + path : withBasis(baseUrl + path, state),
      headers: { ...headers, accept: 'text/event-stream', 'cache-control': 'no-cache' },
    });
    return { answer: exchange.response.then(readResponse), abort: () => exchange.abort() };
  };
}

/** The same events over a WebSocket, which carries what we have to say as well. */
export function dialSocket(
  { baseUrl, headers }: Omit<DialOptions, 'protocol'>,
  { sockets }: Pick<Platform, 'sockets'>,
): Dial {
  const url = `${baseUrl.replace(/^http/, 'ws')}/sdk/v1/socket`;
  return (state) => {
    const exchange = sockets.open({ url: withBasis(url, state), headers });
    const answer = exchange.answer.then((answered): CallAnswer => {
      switch (answered.kind) {
        case 'open':
          return { kind: 'open', chunks: answered.socket.chunks(), send: (text) => answered.socket.send(text) };
        case 'answered':
          return failedWith(answered.status, (name) => answered.header(name), isOpenable);
        case 'broken':
          return { kind: 'failed', failure: { kind: 'unfit', message: answered.message }, retryAfterMs: undefined };
        default:
          return answered satisfies never;
      }
    });
    return { answer, abort: () => exchange.abort() };
  };
}

function readResponse(response: HttpResponse): CallAnswer {
  if (response.status === 200) return { kind: 'open', chunks: response.chunks() };
  response.discard();
  return failedWith(
    response.status,
    (name) => response.header(name),
    () => true,
  );
}

/** Whether an answer is about the server or our key; else it says that sockets do not get through to it. */
function isOpenable(status: number): boolean {
  return status === 401 || status === 403 || status === 408 || status === 429 || (status >= 500 && status !== 501);
}

function failedWith(
  status: number,
  header: (name: string) => string | undefined,
  isAboutUs: (status: number) => boolean,
): CallAnswer {
  const retryAfterMs = parseRetryAfter(header('retry-after'));
  if (!isAboutUs(status)) {
    const message = `no socket can be opened: the server, or a proxy before it, answered ${status}`;
    return { kind: 'failed', failure: { kind: 'unfit', message, status }, retryAfterMs };
  }
  return {
    kind: 'failed',
    failure: {
      kind: isRecoverable(status) ? 'status' : 'rejected',
      message: status === 401 ? 'the server does not know this SDK key (401)' : `the server answered ${status}`,
      status,
    },
    retryAfterMs,
  };
}

function withBasis(url: string, state: string | undefined): string {
  return state === undefined ? url : `${url}?basis=${encodeURIComponent(state)}`;
}
