import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  describeMalformation,
  encodeNotice,
  encodePoll,
  encodeSse,
  findNewestVersion,
  type Hello,
  isMalformation,
  leaseMs,
  nameWindow,
  parseReport,
  parseSelector,
  type Report,
  type Selector,
  type SseEvent,
  type WindowReport,
} from '@sluice/protocol';
import { WebSocketServer } from 'ws';
import type { Channel } from './channel.ts';
import type { Confirmation } from './confirmation.ts';
import { discardRest } from './discard-rest.ts';
import type { Fleet } from './fleet.ts';
import { describeForeign } from './foreign.ts';
import { openHttpStream } from './http-stream.ts';
import type { LoadGauge } from './load-gauge.ts';
import { paceFor } from './pace.ts';
import { type Body, BodyReader } from './read-body.ts';
import { encodeSocketFrame } from './socket-frame.ts';
import { SocketStream, type SocketStreamHost } from './socket-stream.ts';
import type { StreamKeeper } from './stream-keeper.ts';
import { answerUpgrade } from './upgrade.ts';
import type { Visitors } from './visitors.ts';

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
  /**
   * Takes in a window of telemetry; resolves when it is kept, or was before, or nobody wants it. Rejects when that is
   * not so, or not known: whoever sent it sends it again.
   */
  recordWindow(environmentId: string, report: WindowReport): Promise<void>;
  /** Asks whether the control plane knows of all who have arrived here by now. Rejects when nobody can be asked. */
  confirmArrivals(): Promise<Confirmation>;
  /** Seconds that a client should wait before it tries again; differs from call to call. */
  retryAfterSeconds(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  createId(): string;
  readonly logError: (error: unknown, message: string) => void;
  readonly logDebug: (message: string) => void;
}

export interface EventBatch {
  /** The same for a batch and its repetition; absent from old SDKs. */
  readonly payloadId: string | undefined;
  readonly events: unknown;
}

/** What the data plane shares with the rest of its process. */
export interface DataPlaneParts {
  readonly keeper: StreamKeeper;
  readonly load: Pick<LoadGauge, 'letIn'>;
  readonly fleet: Fleet;
  readonly visitors: Visitors;
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
/** Batches that come by a socket are of SDKs of ours, which make no larger ones. */
const messageLimitBytes = 16 * 1024 * 1024;
/** What an instance says of itself is short, even where it refuses a hundred objects; a window may be longer. */
const reportLimitBytes = 4 * 1024 * 1024;
/** Of all bodies that are being read at a time: whoever comes when that is used up is told to try again. */
const bodiesBytes = 4 * bodyLimitBytes;
const socketPath = '/sdk/v1/socket';
/** Foreign SDKs poll every 30 seconds unless told otherwise; who has not for so long is gone. */
const pollLeaseMs = 120_000;

/** The endpoints that SDKs use. */
export class DataPlane {
  readonly #host: DataPlaneHost;
  readonly #parts: DataPlaneParts;
  readonly #routes: Readonly<Record<string, Handler>>;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: messageLimitBytes,
  });
  readonly #bodies = new BodyReader(bodiesBytes);
  readonly #socketHost: SocketStreamHost;
  /** Instances that reported over a socket, those at visitors aside. */
  #sockets = 0;
  readonly #channelsOfSockets = new Set<Channel>();
  /** The spread that every socket has heard of, or a longer one. */
  #announcedMs = paceFor(0).spreadMs;

  constructor(host: DataPlaneHost, parts: DataPlaneParts) {
    this.#host = host;
    this.#parts = parts;
    this.#socketHost = {
      ...parts,
      greeting: () => encodeSocketFrame(this.#greeting()),
      recordEvents: (environmentId, batch) => this.#recordBatch(environmentId, batch, undefined),
      recordWindow: (environmentId, report) => host.recordWindow(environmentId, report),
      noteUnkept: (error) => this.#noteUnkept(error),
      renew: (...asked) => this.#renew(...asked),
      now: () => host.now(),
      noteMalformed: (problem) => host.logDebug(`a socket of an SDK brought what is not understood: ${problem}`),
    };
    this.#routes = {
      'GET /all': (exchange) => this.#stream(exchange, 'fdv1', undefined),
      'GET /sdk/stream': (exchange) => this.#stream(exchange, 'fdv2', readBasis(exchange.query)),
      'GET /sdk/latest-all': (exchange) => this.#poll(exchange, 'fdv1', (channel) => channel.encodeAll()),
      'GET /sdk/poll': (exchange) => {
        const basis = readBasis(exchange.query);
        return this.#poll(exchange, `fdv2 ${basis?.epoch}:${basis?.version}`, (channel, isForeign) =>
          channel.encodePoll(basis, isForeign ? [] : [encodeNotice(paceFor(0))]),
        );
      },
      [`GET ${socketPath}`]: (exchange) => wantUpgrade(exchange),
      'POST /sdk/v1/reports': (exchange) => this.#takeReports(exchange),
      'POST /bulk': (exchange) => this.#recordEvents(exchange),
      'POST /diagnostic': (exchange) => this.#acceptDiagnostic(exchange),
    };
  }

  /** Whether a request is one for SDKs; if so it is answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { path, query } = readUrl(request);
    const route = this.#routes[`${request.method} ${path}`];
    if (route === undefined) return false;
    this.#answer(route, request, response, query).catch((error: unknown) => this.#fail(request, response, error));
    return true;
  }

  /** Whether a request for another protocol is one of an SDK's for a socket; if so it is answered. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { path, query } = readUrl(request);
    if (path !== socketPath) return false;
    // Nobody else listens while the key is looked up, and an error that nobody hears ends the process.
    socket.on('error', () => undefined);
    if (!this.#parts.load.letIn()) {
      this.#putOffUpgrade(socket, 'there are more connections than can be served now; try again');
      return true;
    }
    this.#openSocket(request, socket, head, readBasis(query)).catch((error: unknown) => {
      this.#host.logError(error, 'a socket of an SDK could not be opened');
      this.#putOffUpgrade(socket, 'this cannot be answered now; try again');
    });
    return true;
  }

  #putOffUpgrade(socket: Duplex, detail: string): void {
    const headers = { 'retry-after': String(this.#host.retryAfterSeconds()) };
    answerUpgrade(socket, { status: 503, code: 'unavailable', detail, headers });
  }

  async #answer(
    route: Handler,
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> {
    const admission = await this.#admit(request);
    if ('found' in admission) {
      discardRest(request);
      return refuseKey(response, admission.found);
    }
    await route({ request, response, query, admission });
  }

  async #admit(request: IncomingMessage): Promise<Admission | { readonly found: string }> {
    const sdkKey = readSdkKey(request);
    if (sdkKey === undefined) return { found: 'none' };
    const admission = await this.#host.admit(sdkKey);
    return admission === 'unknown' ? { found: 'one that is not known' } : admission;
  }

  async #openSocket(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    basis: Selector | undefined,
  ): Promise<void> {
    const admission = await this.#admit(request);
    if ('found' in admission) return refuseKeyOfUpgrade(socket, admission.found);
    const channel = await this.#host.channel(admission.environmentId);
    if (this.#host.isRevoked(admission.credentialId)) return refuseKeyOfUpgrade(socket, 'one that was revoked');
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#sockets++;
      webSocket.once('close', () => this.#sockets--);
      this.#channelsOfSockets.add(channel);
      this.#announcePace();
      // Node gives a connection of its own to each upgrade.
      const connection = socket as Socket;
      new SocketStream(this.#socketHost, { channel, webSocket, socket: connection, basis, ...admission });
    });
  }

  async #stream(
    { request, response, admission }: Exchange,
    protocol: 'fdv1' | 'fdv2',
    basis: Selector | undefined,
  ): Promise<void> {
    const { environmentId, credentialId } = admission;
    const { keeper, fleet, load } = this.#parts;
    if (!load.letIn()) return this.#putOff(response, 'there are more streams than can be served now; try again');
    const channel = await this.#host.channel(environmentId);
    if (this.#host.isRevoked(credentialId)) return refuseKey(response, 'one that was revoked');
    if (response.destroyed) return;
    const foreign = describeForeign(request, 'stream', () => this.#host.createId());
    const member = foreign === undefined ? undefined : fleet.join(environmentId, foreign);
    openHttpStream(keeper, {
      channel,
      request,
      response,
      protocol,
      basis,
      environmentId,
      credentialId,
      ...(member === undefined
        ? { greeting: protocol === 'fdv2' ? this.#greeting() : undefined }
        : {
            onLeft: (version) => fleet.deliver([member], version),
            onClose: () => fleet.lose([member], 0),
          }),
    });
  }

  async #poll(
    { request, response, admission }: Exchange,
    form: string,
    encode: (channel: Channel, isForeign: boolean) => Uint8Array,
  ): Promise<void> {
    const { environmentId } = admission;
    const channel = await this.#host.channel(environmentId);
    const { epoch, version } = channel.selector;
    const foreign = describeForeign(request, 'poll', () => '');
    if (foreign !== undefined && foreign.key !== '')
      this.#parts.visitors.note(environmentId, foreign, version, pollLeaseMs);
    const etag = `"${epoch}:${version}/${form}${foreign === undefined ? '/own' : ''}"`;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'x-ld-envid': environmentId,
      etag,
    });
    response.end(encode(channel, foreign !== undefined));
  }

  async #takeReports({ request, response, admission }: Exchange): Promise<void> {
    const body = await this.#bodies.read(request, reportLimitBytes);
    if (body.kind === 'refused') return this.#refuse(response, body);
    const reports = parseReports(body.value);
    if (typeof reports === 'string') return sendProblem(response, 400, 'invalid-request', reports);
    const { hello, rest } = reports;
    const { environmentId } = admission;
    const isHeard = this.#parts.visitors.take(environmentId, hello, rest, leaseMs);
    const taken = await this.#takeWindows(environmentId, rest);
    const renewal = isHeard ? rest.find((report) => report.kind === 'renewal') : undefined;
    const lease = renewal && (await this.#renew(environmentId, renewal.mark));
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(encodePoll([encodeNotice(this.#pace()), ...taken, ...(lease === undefined ? [] : [lease])]));
  }

  /** The answer to a renewal of an instance that has arrived here; undefined: there is none, as nobody above knows. */
  async #renew(environmentId: string, mark: number): Promise<SseEvent | undefined> {
    try {
      const { at, states } = await this.#host.confirmArrivals();
      const state = states[environmentId];
      if (state === undefined) return undefined;
      return encodeNotice({ event: 'lease', mark, ageMs: this.#parts.keeper.now() - at, state });
    } catch (error) {
      this.#host.logDebug(`a lease could not be renewed: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** Says which windows are kept; of the others nothing. */
  async #takeWindows(environmentId: string, reports: readonly Report[]): Promise<readonly SseEvent[]> {
    const taken = reports.map(async (report): Promise<readonly SseEvent[]> => {
      if (report.kind !== 'telemetry') return [];
      try {
        await this.#host.recordWindow(environmentId, report);
      } catch (error) {
        this.#noteUnkept(error);
        return [];
      }
      return [encodeNotice({ event: 'taken', id: nameWindow(report), status: 202, at: this.#host.now() })];
    });
    return (await Promise.all(taken)).flat();
  }

  #noteUnkept(error: unknown): void {
    this.#host.logDebug(`a window could not be kept: ${error instanceof Error ? error.message : String(error)}`);
  }

  async #recordEvents({ request, response, admission }: Exchange): Promise<void> {
    const body = await this.#bodies.read(request, bodyLimitBytes);
    if (body.kind === 'refused') return this.#refuse(response, body);
    const payloadId = request.headers['x-launchdarkly-payload-id'];
    const batch = { payloadId: typeof payloadId === 'string' ? payloadId : undefined, events: body.value };
    const status = this.#recordBatch(
      admission.environmentId,
      batch,
      describeForeign(request, 'events', () => ''),
    );
    response.writeHead(status).end();
  }

  /** Accepted whatever is in it: SDKs send diagnostics before anything else and must not be disturbed. */
  async #acceptDiagnostic({ request, response }: Exchange): Promise<void> {
    const body = await this.#bodies.read(request, bodyLimitBytes);
    if (body.kind === 'refused' && body.status !== 400) return this.#refuse(response, body);
    response.writeHead(202).end();
  }

  #refuse(response: ServerResponse, { status, code, message }: Extract<Body, { kind: 'refused' }>): void {
    if (status === 503) this.#putOff(response, message);
    else sendProblem(response, status, code, message);
  }

  #recordBatch(environmentId: string, batch: EventBatch, foreign: { readonly session: string } | undefined): number {
    this.#host.recordEvents(environmentId, batch);
    const newest = foreign === undefined || foreign.session === '' ? undefined : findNewestVersion(batch.events);
    if (foreign !== undefined && newest !== undefined) this.#parts.fleet.infer(environmentId, foreign.session, newest);
    return 202;
  }

  /** That reports are wanted, and how. */
  #greeting(): Uint8Array {
    return Buffer.from(encodeSse(encodeNotice(this.#pace())));
  }

  /** Who came when there were few instances hears of it when there are many, each time that they have doubled. */
  #announcePace(): void {
    const pace = this.#pace();
    if (pace.spreadMs < this.#announcedMs) this.#announcedMs = pace.spreadMs;
    if (pace.spreadMs < 2 * this.#announcedMs) return;
    this.#announcedMs = pace.spreadMs;
    for (const channel of this.#channelsOfSockets) channel.tell(encodeNotice(pace), () => true);
  }

  #pace(): ReturnType<typeof paceFor> {
    return paceFor(this.#sockets + this.#parts.visitors.size);
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // Whoever asked went away in the middle of it.
    if (request.destroyed && !request.complete) return;
    this.#host.logError(error, 'a request of an SDK could not be answered');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    this.#putOff(response, 'this cannot be answered now; try again');
  }

  #putOff(response: ServerResponse, detail: string): void {
    response.setHeader('retry-after', String(this.#host.retryAfterSeconds()));
    sendProblem(response, 503, 'unavailable', detail);
  }
}

/** Who reports and what; a sentence when that is not understood. Kinds of reports that are not known are skipped. */
function parseReports(body: unknown): { readonly hello: Hello; readonly rest: readonly Report[] } | string {
  if (!Array.isArray(body)) return 'expected a list of reports';
  const reports: Report[] = [];
  for (const [index, entry] of body.entries()) {
    const report = parseReport(entry, `[${index}]`);
    if (report === undefined) continue;
    if (isMalformation(report)) return describeMalformation(report);
    reports.push(report);
  }
  const [hello, ...rest] = reports;
  return hello?.kind === 'hello' ? { hello, rest } : 'expected the first report to be of kind hello';
}

/** A proxy on the way has taken the wish for a WebSocket out; our SDK then takes a stream. */
async function wantUpgrade({ response }: Exchange): Promise<void> {
  response.setHeader('upgrade', 'websocket');
  sendProblem(response, 426, 'upgrade-required', 'expected a WebSocket, got a request without Upgrade');
}

export function refuseKey(response: ServerResponse, found: string): void {
  sendProblem(response, 401, 'unauthorized', `expected an SDK key in Authorization, got ${found}`);
}

function refuseKeyOfUpgrade(socket: Duplex, found: string): void {
  const detail = `expected an SDK key in Authorization, got ${found}`;
  answerUpgrade(socket, { status: 401, code: 'unauthorized', detail });
}

function readUrl({ url = '/' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf('?');
  return {
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
  };
}

/** SDKs send the bare key; very old ones put `api_key` before it. */
export function readSdkKey(request: Pick<IncomingMessage, 'headers'>): string | undefined {
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
