import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Store } from '@sluice/sdk-node';
import { createTestLog, startTestServer, type TestServer, until } from '@sluice/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { nodeEdgePlatform, parseEdgeSettings, startEdge } from './index.ts';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function runEdge(server: TestServer): Promise<string> {
  const environments = [{ project: 'default', environment: 'production' }];
  const { key } = (await server.api('POST', '/edges', { name: 'edge-1', environments })).body;
  const data = mkdtempSync(join(tmpdir(), 'sluice-edge-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const settings = parseEdgeSettings({ upstream: server.url, credential: key, data, port: '0' }, {});
  const edge = await startEdge(settings, nodeEdgePlatform, createTestLog().log);
  onTestFinished(() => edge.close());
  await edge.untilReady();
  return edge.url;
}

/** In memory; each total is made larger by so much. */
function createStore(more: number, { isDown }: { readonly isDown: () => boolean }): Store<{ total: number }> {
  const records = new Map<string, { value: { total: number } | undefined; version: string }>();
  return {
    read: async (key) => records.get(key),
    write: async (key, { total }, { version }) => {
      if (isDown()) throw new Error('down');
      records.set(key, { value: { total: total + more }, version });
      return 'applied';
    },
    remove: async (key, { version }) => {
      records.set(key, { value: undefined, version });
      return 'applied';
    },
  };
}

test.each(['a server', 'an edge'])('what a migration does behind %s is known to the server', async (where) => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
  const move = (stage: string) => server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage }] });
  for (const stage of ['dualwrite', 'shadow']) await move(stage);
  const client = createClient({
    url: where === 'an edge' ? await runEdge(server) : server.url,
    sdkKey: server.sdkKey,
    cacheFolder: false,
    log: silent,
    instance: { key: 'web-1' },
  });
  onTestFinished(() => client.close());
  expect(await client.ready()).toBe(true);
  let isDown = false;
  const mismatches: unknown[] = [];
  const orders = client.migration<{ total: number }>('orders', {
    old: createStore(0, { isDown: () => false }),
    new: createStore(1, { isDown: () => isDown }),
    compare: { sample: { share: 1 }, recheckMs: 1, onMismatch: (each) => mismatches.push(each) },
    journal: false,
  });
  await orders.write('a', { total: 7 });
  await orders.read('a');
  await until(() => mismatches.length === 1);
  isDown = true;
  await orders.write('b', { total: 1 });

  // With the version it tells of the record that is to be repaired.
  await move('dualwrite');
  const readRepairs = async () => (await server.api('GET', `${production}/flags/orders/barrier`)).body.repairs;
  await until(async () => (await readRepairs()).depth === 1);
  expect(await readRepairs()).toMatchObject({ instances: ['web-1'] });
  const { items } = (await server.api('GET', `${production}/fleet`)).body;
  expect(items).toMatchObject([{ instance: 'web-1', repairs: [{ migration: 'orders', depth: 1 }] }]);

  await client.close();
  const { migration } = (await server.api('GET', `${production}/flags/orders/telemetry`)).body;
  expect(migration.compared).toMatchObject({ compared: 1, persistent: 1 });
  expect(migration.stores).toMatchObject([
    { operation: 'read', side: 'old' },
    { operation: 'read', side: 'new' },
    { operation: 'write', side: 'old', count: 2, failed: 0 },
    { operation: 'write', side: 'new', count: 2, failed: 1 },
  ]);
  expect((await server.api('GET', `${production}/flags/orders/mismatches`)).body).toMatchObject({
    kept: 1,
    items: [{ path: 'total', count: 1, example: { record: 'a', stage: 'shadow', old: '7', new: '8' } }],
  });
});
