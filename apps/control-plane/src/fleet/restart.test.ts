import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@sluice/sdk-node';
import { startTestServer, type TestServer, until } from '@sluice/testkit';
import { expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test('a server that was started again waits for the instances of before: a change has not arrived where they are not back', async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-restart-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const first = await startTestServer({ folder });
  await first.api('POST', '/projects/default/flags', { key: 'checkout' });
  const { url, sdkKey } = first;
  const clients = ['web-1', 'web-2', 'web-3'].map((key) =>
    createClient({ url, sdkKey, cacheFolder: false, log: silent, firstRetryMs: 100, instance: { key } }),
  );
  onTestFinished(async () => {
    for (const client of clients) await client.close();
  });
  await Promise.all(clients.map((client) => client.ready()));
  const readLive = async (server: TestServer) => (await server.api('GET', `${production}/fleet`)).body.live;
  await until(async () => (await readLive(first)) === 3);
  await first.close();

  const second = await startTestServer({ folder, port: Number(new URL(url).port) });
  onTestFinished(() => second.close());
  const { id } = await second.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
  const ask = async (wait: string) => (await second.api('GET', `${production}/changes/${id}/convergence${wait}`)).body;
  expect((await ask('')).expected).toBe(3);
  const converged = await ask('?wait=all&timeoutMs=20000');
  expect(converged).toMatchObject({ outcome: 'converged', expected: 3, accepted: 3, late: { expected: 0 } });
  expect((await second.api('GET', `${production}/fleet`)).body).toMatchObject({ live: 3, connected: 3, gone: 0 });
});
