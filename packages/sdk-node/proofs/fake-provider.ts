/**
 * A provider in a process of its own: `node fake-provider.ts SEED`. It takes messages by HTTP, keeps which ones it
 * accepted, recognises those that it gets again by their key where it is told so, and fails in every way there is.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRandom } from '@sluice/testkit';

/** Of a hundred messages. The rest is accepted and answered. */
const faults = [
  ['refuse', 2],
  ['hang', 0.3],
  ['accept and hang', 0.4],
  ['reset', 0.5],
  ['accept and reset', 0.7],
] as const;
type Fault = (typeof faults)[number][0];

const seed = Number(process.argv[2]);
/** Now and then nobody can connect; mostly at other times than to other providers. */
const outage = { everyMs: 1100 + 170 * seed, forMs: 150 };

const random = createRandom(seed);
const honoursKeys = process.argv[3] === 'honours-keys';
/** How often each message was accepted. */
const accepted = new Map<string, number>();
let isHealthy = false;

function pickFault(): Fault | undefined {
  let place = random.next() * 100;
  for (const [fault, share] of faults) {
    if (place < share) return fault;
    place -= share;
  }
  return undefined;
}

function accept(key: string): void {
  const times = accepted.get(key) ?? 0;
  if (times === 0 || !honoursKeys) accepted.set(key, times + 1);
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.end(JSON.stringify([...accepted]));
    return;
  }
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const key = await text(request);
  const fault = isHealthy ? undefined : pickFault();
  if (fault === undefined || fault.startsWith('accept')) accept(key);
  if (fault === undefined) response.writeHead(202).end();
  else if (fault === 'refuse') response.writeHead(503).end();
  else if (fault.endsWith('reset')) request.socket.resetAndDestroy();
  // Whoever hangs says nothing, and waits until the other side has enough.
}

const server = createServer((request, response) => {
  // A message that was cut off on its way was not accepted.
  take(request, response).catch(() => undefined);
});

async function listen(port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const port = await listen(0);
process.send?.({ port });
// From then on it fails no more.
process.on('message', () => {
  isHealthy = true;
  process.send?.('healthy');
});
process.on('disconnect', () => process.exit());

setInterval(() => {
  if (isHealthy || !server.listening) return;
  server.close();
  server.closeIdleConnections();
  setTimeout(() => void listen(port), outage.forMs);
}, outage.everyMs);
