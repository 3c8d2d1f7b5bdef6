import { type ClientRequest, type IncomingMessage, request as openHttp, type ServerResponse } from 'node:http';
import { request as openHttps } from 'node:https';
import { discardRest } from './discard-rest.ts';

/** What is about one connection and not about the request: RFC 9110, section 7.6.1. */
const ofTheConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Where a server listens: at a Unix socket, or at an address, below which paths are those that are asked for. */
export type Destination = { readonly socketPath: string } | { readonly url: string };

/**
 * Lets another server answer a request; calls `fail` when that does not, as long as nothing was answered. Destroying
 * what is returned gives up.
 */
export function passOn(
  to: Destination,
  request: IncomingMessage,
  response: ServerResponse,
  fail: () => void,
): ClientRequest {
  const outgoing = open(to, request);
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  outgoing.on('error', () => {
    // Whoever gave up has answered.
    if (response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else fail();
  });
  response.on('close', () => {
    outgoing.destroy();
    // Whoever is still sending reads the answer afterwards.
    if (!request.complete) discardRest(request.unpipe());
  });
  request.pipe(outgoing);
  return outgoing;
}

function open(to: Destination, { method, url = '/', headers, socket }: IncomingMessage): ClientRequest {
  const { host, ...others } = withoutConnection(headers);
  const passed = {
    ...others,
    'x-forwarded-for': [headers['x-forwarded-for'], socket.remoteAddress].filter(Boolean).join(', '),
    ...(headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
  };
  if ('socketPath' in to) return openHttp({ ...to, method, path: url, headers: { ...passed, host } });
  // As it came: what a URL makes of a path may be another one.
  const { protocol, hostname, port, pathname } = new URL(to.url);
  const where = { hostname: hostname.replace(/^\[|\]$/g, ''), port, path: pathname.replace(/\/+$/, '') + url };
  return (protocol === 'https:' ? openHttps : openHttp)({ ...where, method, headers: passed });
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheConnection.has(name)));
}
