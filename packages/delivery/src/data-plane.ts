import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseSelector, type Selector } from '@sluice/protocol';
import type { Channel, StreamProtocol } from './channel.ts';
import { readBody } from './read-body.ts';
import { openStream, type StreamKeeper } from './stream-keeper.ts';

/** Whose key it is. */
export interface Admission {
  readonly environmentId: string;
  readonly credentialId: string;
}

/** What the data plane needs from the program that serves it: a control plane or an edge. */
export interface DataPlaneHost {
  /**
   * Finds the environment of an SDK key. `unknown` only when all keys were looked at and this one is not among them:
   * clients that hear it stop for good. Not knowing is a rejection, and answered so that clients try again.
   */
  admit(sdkKey: string): Promise<Admission | 'unknown'>;
  /** Whether a credential was revoked after it was admitted. */
  isRevoked(credentialId: string): boolean;
  channel(environmentId: string): Promise<Channel>;
  /** Takes in the events of one request. */
  recordEvents(environmentId: string, batch: EventBatch): void;
  /** Seconds that a client should wait before it tries again; differs from call to call. */
  retryAfterSeconds(): number;
  readonly logError: (error: unknown, message: string) => void;
}

export interface EventBatch {
  /** The same for a batch and its repetition; absent from old SDKs. */
  readonly payloadId: string | undefined;
  readonly events: unknown;
}

type Handler = (exchange: Exchange) => Promise<void>;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly admission: Admission;
}

/** A batch of 10,000 events is 3 MB or so; contexts may be large. */
const bodyLimitBytes = 64 * 1024 * 1024;

/** The endpoints that SDKs use. */
export class DataPlane {
  readonly #host: DataPlaneHost;
  readonly #keeper: StreamKeeper;
  readonly #routes: Readonly<Record<string, Handler>>;

  constructor(host: DataPlaneHost, keeper: StreamKeeper) {
    this.#host = host;
    this.#keeper = keeper;
    this.#routes = {
      'GET /all': (exchange) => this.#stream(exchange, 'fdv1', undefined),
      'GET /sdk/stream': (exchange) => this.#stream(exchange, 'fdv2', readBasis(exchange.query)),
      'GET /sdk/latest-all': (exchange) => this.#poll(exchange, 'fdv1', (channel) => channel.encodeAll()),
      'GET /sdk/poll': (exchange) => {
        const basis = readBasis(exchange.query);
        return this.#poll(exchange, `fdv2 ${basis?.epoch}:${basis?.version}`, (channel) => channel.encodePoll(basis));
      },
      'POST /bulk': (exchange) => this.#recordEvents(exchange),
      'POST /diagnostic': (exchange) => acceptDiagnostic(exchange),
    };
  }

  /** Whether a request is one for SDKs; if so it is answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const route = this.#routes[`${request.method} ${path}`];
    if (route === undefined) return false;
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    this.#answer(route, request, response, query).catch((error: unknown) => this.#fail(request, response, error));
    return true;
  }

  async #answer(
    route: Handler,
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> {
    const sdkKey = readSdkKey(request);
    const admission = sdkKey === undefined ? 'unknown' : await this.#host.admit(sdkKey);
    if (admission === 'unknown') {
      request.resume();
      return refuseKey(response, sdkKey === undefined ? 'none' : 'one that is not known');
    }
    await route({ request, response, query, admission });
  }

  async #stream(
    { request, response, admission }: Exchange,
    protocol: StreamProtocol,
    basis: Selector | undefined,
  ): Promise<void> {
    const channel = await this.#host.channel(admission.environmentId);
    if (this.#host.isRevoked(admission.credentialId)) return refuseKey(response, 'one that was revoked');
    if (!response.destroyed) openStream(this.#keeper, { channel, request, response, protocol, basis, ...admission });
  }

  async #poll(
    { request, response, admission }: Exchange,
    form: string,
    encode: (channel: Channel) => Uint8Array,
  ): Promise<void> {
    const channel = await this.#host.channel(admission.environmentId);
    const { epoch, version } = channel.selector;
    const etag = `"${epoch}:${version}/${form}"`;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'x-ld-envid': admission.environmentId,
      etag,
    });
    response.end(encode(channel));
  }

  async #recordEvents({ request, response, admission }: Exchange): Promise<void> {
    const body = await readBody(request, bodyLimitBytes);
    if (body.kind === 'refused') return sendProblem(response, body.status, body.code, body.message);
    const payloadId = request.headers['x-launchdarkly-payload-id'];
    this.#host.recordEvents(admission.environmentId, {
      payloadId: typeof payloadId === 'string' ? payloadId : undefined,
      events: body.value,
    });
    response.writeHead(202).end();
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // Whoever asked went away in the middle of it.
    if (request.destroyed && !request.complete) return;
    this.#host.logError(error, 'a request of an SDK could not be answered');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.setHeader('retry-after', String(this.#host.retryAfterSeconds()));
    sendProblem(response, 503, 'unavailable', 'this cannot be answered now; try again');
  }
}

/** Accepted whatever is in it: SDKs send diagnostics before anything else and must not be disturbed. */
async function acceptDiagnostic({ request, response }: Exchange): Promise<void> {
  const body = await readBody(request, bodyLimitBytes);
  if (body.kind === 'refused' && body.status === 413)
    return sendProblem(response, body.status, body.code, body.message);
  response.writeHead(202).end();
}

function refuseKey(response: ServerResponse, found: string): void {
  sendProblem(response, 401, 'unauthorized', `expected an SDK key in Authorization, got ${found}`);
}

/** SDKs send the bare key; very old ones put `api_key` before it. */
function readSdkKey(request: IncomingMessage): string | undefined {
  const key = request.headers.authorization?.replace(/^api_key /, '').trim();
  return key === '' ? undefined : key;
}

/** Clients do not escape the selector, so it is read as it stands. */
function readBasis(query: URLSearchParams): Selector | undefined {
  return parseSelector(query.get('basis'));
}

export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json; charset=utf-8' });
  response.end(JSON.stringify({ type: 'about:blank', status, code, title: detail }));
}
