import { readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** Who answers requests, and requests for another protocol. */
export interface Listener {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface ListenerAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Others listen at the same port too; the kernel spreads connections over them. */
  readonly isShared?: boolean;
}

export interface ListenerCertificate {
  /** Files; undefined: HTTP, not HTTPS. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** A certificate or its key cannot be used. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** Some clients offer protocols that nobody here speaks; their requests are answered as any. */
const options: ServerOptions = {
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
};
/** Connections that wait to be accepted: all instances of a fleet may come back at once. */
const backlog = 4096;

/** Connections of a server that speak another protocol by now: the server itself does not know them any more. */
const upgraded = new WeakMap<Server, ReadonlySet<Duplex>>();

/** An HTTP server, or an HTTPS one where there is a certificate; throws a sentence when that is no good. */
export function createListener({ tlsCert, tlsKey }: ListenerCertificate, { request, upgrade }: Listener): Server {
  const server =
    tlsCert === undefined || tlsKey === undefined
      ? createHttpServer(options)
      : createServerWithCertificate(tlsCert, tlsKey);
  const sockets = new Set<Duplex>();
  upgraded.set(server, sockets);
  return server.on('request', request).on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    upgrade(asked, socket, head);
  });
}

function createServerWithCertificate(tlsCert: string, tlsKey: string): Server {
  try {
    return createHttpsServer({ ...options, cert: readFileSync(tlsCert), key: readFileSync(tlsKey) });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError(`--tls-cert ${tlsCert} and --tls-key ${tlsKey} cannot be used: ${found}`, { cause });
  }
}

/** Starts to listen; returns at which port. */
export async function listen(server: Server, { host, port, isShared = false }: ListenerAddress): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog, reusePort: isShared }, () => resolve());
  });
  // A TCP server's address is an object.
  return server.address() as AddressInfo;
}

/** Starts to listen at a Unix socket. */
export async function listenAt(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, () => resolve());
  });
}

/** `http://127.0.0.1:7400` */
export function toUrl({ address, family, port }: AddressInfo, isSecure: boolean): string {
  return `${isSecure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Requests that are being answered may take so long to finish. */
const drainMs = 10_000;

/** Closes idle connections at once, and those that are busy when they are done, or when that takes too long. */
export async function closeListener(
  server: Server,
  { every }: { readonly every: (periodMs: number, callback: () => void) => () => void },
): Promise<void> {
  // Whoever is answered from now on need not wait for another request of the same client.
  Object.assign(server, { keepAliveTimeout: 1, keepAliveTimeoutBuffer: 1 });
  const stopWaiting = every(drainMs, () => {
    server.closeAllConnections();
    for (const socket of upgraded.get(server) ?? []) socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  stopWaiting();
}
