import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import type { Http, HttpRequest, HttpResponse } from '@sluice/sdk-common';

/** A connection that cannot be made in this time counts as failed. */
const connectTimeoutMs = 10_000;

/** Requests over Node's own client, with connections that are used again. */
export function createHttp(): Http {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  return {
    open: (request) => {
      const isSecure = request.url.startsWith('https:');
      const body = encodeBody(request);
      const outgoing = (isSecure ? https : http).request(request.url, {
        method: request.method,
        headers: { ...request.headers, ...body.headers },
        agent: isSecure ? agents.https : agents.http,
      });
      const response = new Promise<HttpResponse>((resolve, reject) => {
        outgoing.once('response', (incoming) => resolve(toResponse(incoming)));
        outgoing.on('error', reject);
        outgoing.once('socket', (socket) => {
          socket.setNoDelay(true);
          if (!socket.connecting) return;
          const giveUp = (): void => void outgoing.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
          socket.setTimeout(connectTimeoutMs, giveUp);
          // The connection outlives this request.
          socket.once(isSecure ? 'secureConnect' : 'connect', () => socket.setTimeout(0, giveUp));
        });
      });
      // Whoever aborted, or came too late to listen, does not care about the error any more.
      response.catch(() => undefined);
      outgoing.end(body.bytes);
      return { response, abort: () => outgoing.destroy(new Error('aborted')) };
    },
  };
}

function encodeBody({ body, gzip }: HttpRequest): {
  readonly bytes: Uint8Array | undefined;
  readonly headers: Record<string, string>;
} {
  if (body === undefined) return { bytes: undefined, headers: {} };
  const bytes = gzip === true ? gzipSync(body) : Buffer.from(body);
  return {
    bytes,
    headers: { 'content-length': String(bytes.length), ...(gzip === true && { 'content-encoding': 'gzip' }) },
  };
}

function toResponse(incoming: IncomingMessage): HttpResponse {
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    text: async () => {
      let text = '';
      for await (const chunk of decode(incoming)) text += chunk;
      return text;
    },
    chunks: () => decode(incoming),
    discard: () => {
      incoming.on('error', () => undefined);
      incoming.resume();
    },
  };
}

/** What is not UTF-8 ends the reading: a flag with other characters than were sent would be another flag. */
async function* decode(incoming: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of unpack(incoming)) yield decoder.decode(bytes as Uint8Array, { stream: true });
  yield decoder.decode();
}

function unpack(incoming: IncomingMessage): Readable {
  if (incoming.headers['content-encoding'] !== 'gzip') return incoming;
  // Whoever reads what is unpacked is told of every error.
  return pipeline(incoming, createGunzip(), () => undefined);
}
