/**
 * A program: what SDKs connect to. Streams the flags in both of LaunchDarkly's protocols, takes whatever is posted, and
 * has no news for who polls. In a process of its own, so that taking events costs the subjects nothing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeFdv1Put, encodeSse, encodeTransfer, sseHeartbeat } from '@sluice/protocol';
import { payload } from './flags.ts';

/** SDKs take a stream for dead that is silent for too long. */
const heartbeatMs = 20_000;

const streams: Readonly<Record<string, string>> = {
  '/sdk/stream': encodeTransfer(payload, 'xfer-full', 'payload-missing').map(encodeSse).join(''),
  '/all': encodeSse(encodeFdv1Put(payload)),
};

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const stream = streams[pathname];
  if (request.method === 'POST') swallow(request, response);
  else if (stream === undefined) response.writeHead(304).end();
  else send(stream, response);
});

server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}` });
});
process.on('disconnect', () => process.exit());

function swallow(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on('end', () => response.writeHead(202).end());
}

function send(stream: string, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(stream);
  const heartbeat = setInterval(() => response.write(sseHeartbeat), heartbeatMs);
  response.on('close', () => clearInterval(heartbeat));
}
