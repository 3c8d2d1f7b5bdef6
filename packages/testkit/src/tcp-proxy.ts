import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between two programs that a test can spoil. */
export interface TcpProxy {
  readonly port: number;
  /** From now on everything is swallowed, as by a cable that is cut: nobody hears of it. */
  swallow(): void;
  /** New connections work again; what went on the old ones stays lost. */
  heal(): void;
  /** Ends every connection, so that both sides hear of it. */
  disconnect(): void;
  /** From now on what the server says is lost, while it hears everything; until connections are ended. */
  muffle(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  let isMuffled = false;
  const server = createServer((near) => {
    const far = connect(target.port, target.host);
    let isLost = isSwallowing;
    lose.add(() => {
      isLost = true;
    });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!isLost && !(isMuffled && from === far)) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!isLost) to.destroy();
      });
    }
  });
  const lose = new Set<() => void>();
  const disconnect = (): void => {
    isMuffled = false;
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A TCP server's address is an object.
    port: (server.address() as AddressInfo).port,
    swallow: () => {
      isSwallowing = true;
      for (const cut of lose) cut();
    },
    heal: () => {
      isSwallowing = false;
    },
    disconnect,
    muffle: () => {
      isMuffled = true;
    },
    close: async () => {
      server.close();
      disconnect();
      await once(server, 'close');
    },
  };
}
