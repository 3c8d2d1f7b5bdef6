import { createServer, request as openRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An address that stays while the servers behind it come and go. */
export interface TestFront {
  readonly url: string;
  /** Puts another server behind it, or none: what was open is cut. */
  turnTo(target: string | undefined): void;
  /** Resolves when the server that is behind it now has answered a GET with a status; of a path, if one is given. */
  untilAnswered(status: number, path?: string): Promise<void>;
}

/** `whenFinished` is given how to stop it. */
export async function startTestFront(
  target: string | undefined,
  whenFinished: (close: () => Promise<void> | void) => void,
): Promise<TestFront> {
  let behind = target;
  let answered: { readonly status: number; readonly path: string | undefined }[] = [];
  let tell = Promise.withResolvers<void>();

  const server = createServer((incoming, response) => {
    if (behind === undefined) {
      incoming.socket.destroy();
      return;
    }
    const { hostname, port } = new URL(behind);
    const { method, url, headers } = incoming;
    const outgoing = openRequest({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      const { statusCode = 502 } = answer;
      response.writeHead(statusCode, answer.headers);
      // A stream is there before its first event is.
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      if (method === 'GET') answered.push({ status: statusCode, path: url?.split('?')[0] });
      tell.resolve();
      tell = Promise.withResolvers();
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    // A TCP server's address is an object.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turnTo: (next) => {
      behind = next;
      answered = [];
      server.closeAllConnections();
    },
    untilAnswered: async (status, path) => {
      const isIt = (each: (typeof answered)[number]): boolean =>
        each.status === status && (path === undefined || each.path === path);
      while (!answered.some(isIt)) await tell.promise;
    },
  };
}
