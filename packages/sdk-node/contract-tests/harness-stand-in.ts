import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Arrivals } from '@sluice/testkit';

/** A request that the SDK made, in full. */
export interface RecordedRequest {
  readonly method: string;
  /** Below the endpoint's address. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. */
  readonly body: string;
}

export type Handler = (request: RecordedRequest, response: ServerResponse) => void;

/** One of the stand-in's services: a streaming, polling, events or callback endpoint. */
export interface Endpoint {
  readonly url: string;
  readonly requests: Arrivals<RecordedRequest>;
}

/** What the SDK and the contract-test service see of LaunchDarkly's sdk-test-harness: its mock endpoints. */
export interface StandIn {
  /** Answers the first request with the first handler and so on; the last answers all that follow. */
  serve(...handlers: readonly [Handler, ...Handler[]]): Endpoint;
  close(): Promise<void>;
}

export async function startStandIn(): Promise<StandIn> {
  const endpoints = new Map<string, (request: RecordedRequest, response: ServerResponse) => void>();
  const server = createServer((incoming, response) => void dispatch(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address.
  const { port } = server.address() as AddressInfo;

  async function dispatch(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://stand-in');
    const [, name = '', path = ''] = /^\/endpoints\/(\d+)(.*)$/.exec(pathname) ?? [];
    const body = await readBody(incoming);
    const accept = endpoints.get(name);
    if (accept === undefined) response.writeHead(404).end();
    else accept({ method: incoming.method ?? '', path, query, headers: incoming.headers, body }, response);
  }

  return {
    serve: (...handlers) => {
      const requests = new Arrivals<RecordedRequest>();
      const name = String(endpoints.size + 1);
      let count = 0;
      endpoints.set(name, (request, response) => {
        handlers[Math.min(count++, handlers.length - 1)]?.(request, response);
        requests.add(request);
      });
      return { url: `http://127.0.0.1:${port}/endpoints/${name}`, requests };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Answers with nothing but a status. */
export function withStatus(status: number, headers: Readonly<Record<string, string>> = {}): Handler {
  return (_, response) => void response.writeHead(status, headers).end();
}

export function withJson(body: unknown, headers: Readonly<Record<string, string>> = {}): Handler {
  return (_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function withGzippedJson(body: unknown): Handler {
  return (_, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify(body)));
}

export const breakConnection: Handler = (_, response) => void response.destroy();

/** An event of a stream; `data` that is text goes out as it is. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Streams that stay open, all with the same events. */
export interface MockStream {
  readonly handler: Handler;
  send(...events: readonly StreamEvent[]): void;
  /** Ends the streams as a server does that shuts down. */
  end(): void;
}

export function createMockStream(...initial: readonly StreamEvent[]): MockStream {
  const open = new Set<ServerResponse>();
  return {
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(initial.map(encode).join('') || ':\n\n');
      open.add(response);
      response.on('close', () => open.delete(response));
    },
    send: (...events) => {
      for (const response of open) response.write(events.map(encode).join(''));
    },
    end: () => {
      for (const response of open) response.end();
    },
  };
}

function encode({ event, data }: StreamEvent): string {
  return `event: ${event}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
