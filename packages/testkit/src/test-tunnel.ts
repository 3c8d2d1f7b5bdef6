import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Carries bytes between a client and a server, as a network does, for better or worse. */
export interface TestTunnel {
  readonly url: string;
  /**
   * What becomes of bytes: they get through, or are swallowed without a word to anybody, on connections old and new.
   */
  bytes: 'pass' | 'swallow';
  /** Connections that were made through it. */
  readonly connections: number;
  /** Leads connections that are made from now on to another server. */
  lead(target: string): void;
  /** Cuts every connection. */
  cut(): void;
}

/** `whenFinished` is given how to stop it. */
export async function startTestTunnel(
  target: string,
  whenFinished: (close: () => Promise<void> | void) => void,
): Promise<TestTunnel> {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    connections++;
    const far = connect(Number(port), hostname);
    keep(near);
    keep(far);
    carry(near, far);
    carry(far, near);
  });
  function carry(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (tunnel.bytes === 'pass') to.write(chunk);
    });
    // Who swallows bytes swallows the end of a connection as well.
    from.on('close', () => {
      if (tunnel.bytes === 'pass') to.destroy();
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tunnel = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: 'pass' as TestTunnel['bytes'],
    get connections() {
      return connections;
    },
    lead: (to: string) => {
      ({ hostname, port } = new URL(to));
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  whenFinished(() => {
    tunnel.cut();
    server.close();
  });
  return tunnel;
}
