import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  closeListener,
  createListener,
  type Listener,
  type ListenerCertificate,
  listen,
  listenAt,
  toUrl,
} from './listener.ts';

export interface FrontSettings extends ListenerCertificate {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Processes that serve SDKs beside this one; 0: this one serves them itself. */
  readonly workers: number;
}

/** Where requests come in: at the server's own port, or at a socket to which its workers pass them on. */
export interface Front {
  /** The server, as others see it. */
  readonly url: string;
  /** Of the workers: the port that they listen at, and the socket behind them. Undefined: there are none. */
  readonly behindWorkers: { readonly port: number; readonly socketPath: string } | undefined;
  close(): Promise<void>;
}

export async function openFront(
  settings: FrontSettings,
  listener: Listener,
  platform: { readonly every: (periodMs: number, callback: () => void) => () => void },
): Promise<Front> {
  const { host, tlsCert, tlsKey, workers } = settings;
  const isSecure = tlsCert !== undefined;
  if (workers === 0) {
    const server = createListener({ tlsCert, tlsKey }, listener);
    const url = toUrl(await listen(server, settings), isSecure);
    return { url, behindWorkers: undefined, close: () => closeListener(server, platform) };
  }
  // Only this user may enter the folder, whatever the mode of the socket is.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const socketPath = join(folder, 'workers');
  const server = createListener({ tlsCert: undefined, tlsKey: undefined }, listener);
  await listenAt(server, socketPath);
  const address = await findFreeAddress(settings);
  return {
    url: toUrl({ ...address, address: host === 'localhost' ? host : address.address }, isSecure),
    behindWorkers: { port: address.port, socketPath },
    close: async () => {
      await closeListener(server, platform);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Workers share a port, so it has to be known before the first of them listens; throws when somebody has it. */
async function findFreeAddress({ host, port }: FrontSettings): Promise<Awaited<ReturnType<typeof listen>>> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen({ host, port }, () => resolve());
    });
    // A TCP server's address is an object.
    return probe.address() as Awaited<ReturnType<typeof listen>>;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
