import { createServer, type IncomingMessage, request as openRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** Stands between a client and a server, as proxies do, and lets WebSockets through or not. */
export interface TestProxy {
  readonly url: string;
  /**
   * What becomes of a wish for a WebSocket: it gets through, is refused, is taken out of the request, ends the
   * connection, or is never answered.
   */
  upgrades: 'pass' | 'refuse' | 'strip' | 'cut' | 'swallow';
}

/** `whenFinished` is given how to stop it. */
export async function startTestProxy(
  target: string,
  whenFinished: (close: () => Promise<void> | void) => void,
): Promise<TestProxy> {
  const { hostname, port } = new URL(target);
  const forward = ({ method, url, headers }: IncomingMessage, keepsUpgrade: boolean) => {
    const { upgrade: _, connection: __, ...rest } = headers;
    return openRequest({ hostname, port, method, path: url, headers: keepsUpgrade ? headers : rest, agent: false });
  };
  const server = createServer((incoming, response) => {
    const outgoing = forward(incoming, false);
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  const sockets = new Set<Duplex>();
  server.on('upgrade', (incoming, socket, head) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    switch (proxy.upgrades) {
      case 'refuse':
        socket.end(answerWith(400));
        return;
      case 'strip':
        forward(incoming, false)
          .on('response', (answer) => {
            answer.resume();
            socket.end(answerWith(answer.statusCode ?? 502));
          })
          .end();
        return;
      case 'cut':
        socket.destroy();
        return;
      case 'swallow':
        return;
      case 'pass':
        passOn(incoming, socket, head);
        return;
      default:
        proxy.upgrades satisfies never;
    }
  });

  function passOn(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const outgoing = forward(incoming, true);
    outgoing.on('error', () => socket.destroy());
    outgoing.on('response', (answer) => {
      answer.resume();
      socket.end(answerWith(answer.statusCode ?? 502));
    });
    outgoing.on('upgrade', ({ rawHeaders }, other, rest) => {
      const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.write(rest);
      other.write(head);
      other.on('error', () => socket.destroy());
      other.on('close', () => socket.destroy());
      socket.on('close', () => other.destroy());
      other.pipe(socket).pipe(other);
    });
    outgoing.end();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const proxy: TestProxy = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, upgrades: 'pass' };
  return proxy;
}

function answerWith(status: number): string {
  return `HTTP/1.1 ${status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
}
