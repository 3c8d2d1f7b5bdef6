import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { Settings } from '../settings.ts';
import type { Listener } from './gate.ts';

/** An HTTP server, or an HTTPS one where there is a certificate; throws `invalid-settings` when that is no good. */
export function createListener({ tlsCert, tlsKey }: Settings, { request, upgrade }: Listener): Server {
  const server =
    tlsCert === undefined || tlsKey === undefined
      ? createHttpServer(options)
      : createServerWithCertificate(tlsCert, tlsKey);
  return server.on('request', request).on('upgrade', upgrade);
}

function createServerWithCertificate(tlsCert: string, tlsKey: string): Server {
  try {
    return createHttpsServer({ ...options, cert: readFileSync(tlsCert), key: readFileSync(tlsKey) });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const message = `--tls-cert ${tlsCert} and --tls-key ${tlsKey} cannot be used: ${found}`;
    throw new ServerError('invalid-settings', message, { cause });
  }
}

/** Some clients offer protocols that nobody here speaks; their requests are answered as any. */
const options: ServerOptions = {
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
};

/** Starts to listen; returns where. */
export async function listen(server: Server, { host, port, tlsCert }: Settings): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  // A TCP server's address is an object.
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${tlsCert === undefined ? 'http' : 'https'}://${name}:${address.port}`;
}

/** Requests that are being answered may take so long to finish. */
const drainMs = 10_000;

/** Closes idle connections at once, and those that are busy when they are done. */
export async function closeListener(server: Server, { every }: Pick<Platform, 'every'>): Promise<void> {
  // Whoever is answered from now on need not wait for another request of the same client.
  Object.assign(server, { keepAliveTimeout: 1, keepAliveTimeoutBuffer: 1 });
  const stopWaiting = every(drainMs, () => server.closeAllConnections());
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  stopWaiting();
}
