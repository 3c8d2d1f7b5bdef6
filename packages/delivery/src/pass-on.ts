import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { sendProblem } from './data-plane.ts';

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

/** Lets a server that listens on a Unix socket answer a request. */
export function passOn(socketPath: string, request: IncomingMessage, response: ServerResponse): void {
  const outgoing = openRequest({
    socketPath,
    method: request.method,
    path: request.url,
    headers: {
      ...withoutConnection(request.headers),
      'x-forwarded-for': [request.headers['x-forwarded-for'], request.socket.remoteAddress].filter(Boolean).join(', '),
      ...(request.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    },
  });
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else {
      response.setHeader('retry-after', '2');
      sendProblem(response, 503, 'unavailable', 'the server behind this worker does not answer; try again');
    }
  });
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheConnection.has(name)));
}
