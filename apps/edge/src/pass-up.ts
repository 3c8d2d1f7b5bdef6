import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { type DataPlaneHost, discardRest, passOn, readSdkKey, refuseKey, sendProblem } from '@sluice/delivery';

export interface PassUpOptions {
  /** The server, or edge, above this one. */
  readonly upstream: string;
  readonly host: Pick<DataPlaneHost, 'admit' | 'retryAfterSeconds' | 'logError'>;
  /** Calls back once after a delay, unless the returned function is called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** What only a server with a database can answer: how far the backfill of a migration is. */
const isForAbove = /^POST \/sdk\/v1\/migrations\/[^/?]+\/backfill\/[a-z]+$/;
/** The server takes no longer bodies either. */
const bodyLimitBytes = 5 * 1024 * 1024;
/** Our SDK waits for no longer. */
const timeoutMs = 10_000;
/** So many may be under way: workers of a backfill are few, and wait for each answer. */
const mostAtOnce = 256;

/** Passes on what SDKs ask of the server, with their key, to what is above an edge. */
export class PassUp {
  readonly #options: PassUpOptions;
  #underWay = 0;

  constructor(options: PassUpOptions) {
    this.#options = options;
  }

  /** Whether a request is for what is above; if so it is answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!isForAbove.test(`${request.method} ${request.url}`)) return false;
    if (this.#underWay >= mostAtOnce) {
      discardRest(request);
      this.#putOff(response, 'there are more requests for the server above than are passed on at once; try again');
      return true;
    }
    this.#underWay++;
    response.once('close', () => this.#underWay--);
    this.#pass(request, response).catch((error: unknown) => {
      discardRest(request);
      this.#options.host.logError(error, 'a request for the server above could not be passed on');
      this.#putOff(response, 'this cannot be answered now; try again');
    });
    return true;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sdkKey = readSdkKey(request);
    const admission = sdkKey === undefined ? 'unknown' : await this.#options.host.admit(sdkKey);
    if (admission === 'unknown') {
      discardRest(request);
      refuseKey(response, sdkKey === undefined ? 'none' : 'one that is not known');
      return;
    }
    if (response.destroyed) return;
    if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) {
      discardRest(request);
      refuseLong(response);
      return;
    }
    const outgoing = passOn({ url: this.#options.upstream }, request, response, () =>
      this.#putOff(response, 'the server above this edge does not answer; try again'),
    );
    const cancel = this.#options.after(timeoutMs, () => outgoing.destroy(new Error('it takes too long')));
    response.once('close', cancel);
    limitBody(request, response, outgoing);
  }

  #putOff(response: ServerResponse, detail: string): void {
    response.setHeader('retry-after', String(this.#options.host.retryAfterSeconds()));
    sendProblem(response, 503, 'unavailable', detail);
  }
}

/** A body goes on as it comes, so that none has to be kept here. */
function limitBody(request: IncomingMessage, response: ServerResponse, outgoing: ClientRequest): void {
  let sizeBytes = 0;
  request.on('data', (chunk: Uint8Array) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= bodyLimitBytes || response.headersSent) return;
    refuseLong(response);
    outgoing.destroy();
  });
}

function refuseLong(response: ServerResponse): void {
  sendProblem(response, 413, 'too-large', `expected a body of at most ${bodyLimitBytes} bytes, got more`);
}
