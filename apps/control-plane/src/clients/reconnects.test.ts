import type { FleetView } from '@sluice/api-client';
import { openTestSocket, startTestServer, type TestServer, type TestSocket, until } from '@sluice/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const times = 1000;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterAll(() => server.close());

const readFleet = async (): Promise<FleetView> => (await server.api('GET', `${production}/fleet`)).body;

/** As an SDK does: it resumes from what it has, and says who it is. */
async function connect(connection: number, basis: string | undefined): Promise<{ socket: TestSocket; state: string }> {
  const query = basis === undefined ? '' : `?basis=${encodeURIComponent(basis)}`;
  const socket = await openTestSocket(`${server.url}/sdk/v1/socket${query}`, server.sdkKey);
  const events = await socket.until(basis === undefined ? 'payload-transferred' : 'server-intent');
  const last = JSON.parse(events.at(-1)?.data ?? '');
  const state = basis ?? last.state;
  socket.send({ kind: 'hello', key: 'web-1', session: 's-1', connection, via: 'socket', running: { state } });
  return { socket, state };
}

test('an instance that connects a thousand times is one, leaves nothing behind, and has the next change', async () => {
  const { context } = server.running;
  let state: string | undefined;
  let last: TestSocket | undefined;
  for (let connection = 1; connection <= times; connection++) {
    const connected = await connect(connection, state);
    state = connected.state;
    last = connected.socket;
    // Most are cut before the server has heard who they are.
    if (connection < times) connected.socket.cut();
  }
  const [channel] = (await context.channels.list()).values();
  await until(() => channel?.subscriberCount === 1);
  await until(async () => (await readFleet()).connected === 1);
  expect(await readFleet()).toMatchObject({ live: 1, connected: 1, gone: 0, items: [{ instance: 'web-1' }] });
  const { id, version } = await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
  await last?.until('payload-transferred');
  last?.send({ kind: 'acknowledgement', state: `${state?.split(':')[0]}:${version}` });
  const { body } = await server.api('GET', `${production}/changes/${id}/convergence?wait=all&timeoutMs=10000`);
  expect(body).toMatchObject({ outcome: 'converged', expected: 1, accepted: 1, gone: 0, late: { expected: 0 } });
  last?.cut();
  await until(() => channel?.subscriberCount === 0);
}, 60_000);
