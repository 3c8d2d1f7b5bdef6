import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * How a provider misbehaves. `refuse`: it says no; `hang`: it never answers; `drop`: it takes the message, and ends the
 * connection instead of saying so.
 */
export type Fault = 'none' | 'refuse' | 'hang' | 'drop';

export interface FakeProvider {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * An e-mail provider as they are on the network, which delivers to nobody: `POST /messages` with an `idempotency-key`,
 * `GET /health`. For stories also `PUT /fault` and `GET /accepted`, which lists the keys of messages it would have delivered.
 */
export async function startFakeProvider(): Promise<FakeProvider> {
  let fault: Fault = 'none';
  const accepted: string[] = [];
  const known = new Set<string>();

  /** The same message again is answered, and not delivered once more. */
  function accept(key: string): void {
    if (!known.has(key)) accepted.push(key);
    known.add(key);
  }

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = (status: number, value?: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value ?? {}));
    };
    switch (`${request.method} ${request.url}`) {
      case 'GET /accepted':
        return answer(200, accepted);
      case 'PUT /fault':
        // Only stories ask for it.
        fault = body as Fault;
        return answer(200);
      case 'GET /health':
        return answer(fault === 'none' ? 200 : 503);
      case 'POST /messages':
        if (fault === 'refuse') return answer(503);
        if (fault === 'hang') return;
        accept(String(request.headers['idempotency-key']));
        if (fault !== 'drop') return answer(202);
        return void request.socket.destroy();
      default:
        return answer(404);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address with a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
