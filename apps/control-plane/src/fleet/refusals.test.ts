import { createClient } from '@sluice/sdk-node';
import { startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function startInstance(key: string) {
  const { url, sdkKey } = server;
  const client = createClient({ url, sdkKey, cacheFolder: false, log: silent, firstRetryMs: 100, instance: { key } });
  await client.ready();
  return client;
}

async function readStates(): Promise<Readonly<Record<string, string>>> {
  const { body } = await server.api('GET', `${production}/fleet`);
  return Object.fromEntries(
    // Answers of the API come as whatever JSON is.
    body.items.map(({ instance, state, reason }: Record<string, string>) => [
      instance,
      [state, reason].filter(Boolean).join(': '),
    ]),
  );
}

async function awaitConvergence(change: string) {
  return (await server.api('GET', `${production}/changes/${change}/convergence?wait=all&timeoutMs=20000`)).body;
}

test('whose application refuses a value has not got the change, and says why until it is mended', async ({
  onTestFinished,
}) => {
  // Off it serves the last variation.
  await server.api('POST', '/projects/default/flags', { key: 'ttl', variations: [{ value: 0 }, { value: 60 }] });
  const clients = await Promise.all(['web-1', 'web-2'].map(startInstance));
  onTestFinished(async () => {
    for (const client of clients) await client.close();
  });
  const [strict] = clients;
  strict?.onChange('ttl', () => {
    const version = strict.findFlag('ttl')?.version ?? 0;
    if (strict.value('ttl', undefined, 60) < 1) strict.refusals.refuse('ttl', version, '0 is below 1');
    else strict.refusals.accept('ttl');
  });
  await until(async () => (await server.api('GET', `${production}/fleet`)).body.connected === 2);

  const bad = await server.change({ flag: 'ttl', instructions: [{ kind: 'turn-on' }] });
  expect(await awaitConvergence(bad.id)).toMatchObject({
    outcome: 'refused',
    accepted: 1,
    partial: 1,
    stragglers: [{ instance: 'web-1', reason: 'flag ttl: 0 is below 1' }],
    refusals: [{ reason: 'flag ttl: 0 is below 1', instances: 1, examples: ['web-1'] }],
  });
  expect(await readStates()).toEqual({ 'web-1': 'partial: flag ttl: 0 is below 1', 'web-2': 'current' });

  const good = await server.change({ flag: 'ttl', instructions: [{ kind: 'turn-off' }] });
  expect(await awaitConvergence(good.id)).toMatchObject({ outcome: 'converged', accepted: 2 });
  expect(await readStates()).toEqual({ 'web-1': 'current', 'web-2': 'current' });
});
