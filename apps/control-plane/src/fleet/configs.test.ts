import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceView } from '@sluice/api-client';
import { createClient, type Options } from '@sluice/sdk-node';
import { startTestServer, type TestServer, until } from '@sluice/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const bounds = { default: 60, min: 1, max: 3600, unit: 's' };

async function startServer(workers = 0): Promise<TestServer> {
  const server = await startTestServer({ workers });
  await server.api('POST', '/projects/default/flags', {
    key: 'cache.ttl',
    variations: [{ value: 120 }, { value: 90 }],
  });
  return server;
}

function startClient({ url, sdkKey }: TestServer, options: Partial<Options> = {}) {
  const instance = { key: 'web-1' };
  const client = createClient({ url, sdkKey, cacheFolder: false, log: silent, firstRetryMs: 50, instance, ...options });
  onTestFinished(() => client.close());
  return client;
}

async function startInstance(server: TestServer, options: Partial<Options> = {}) {
  const client = startClient(server, options);
  expect(await client.ready()).toBe(true);
  return client;
}

/** Resolves when the fleet view says so of the only instance. */
async function untilSeen(server: TestServer, expected: Partial<InstanceView>): Promise<void> {
  await until(async () => {
    const { items } = (await server.api('GET', `${production}/fleet`)).body;
    return JSON.stringify({ ...items[0], ...expected }) === JSON.stringify(items[0]);
  });
}

/** Delivers a value to everybody as no command would: as if the server were broken, or in other hands. */
async function deliver(server: TestServer, json: string): Promise<void> {
  const { db, channels } = server.running.context;
  const environment = await db
    .selectFrom('environments')
    .selectAll()
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  const version = environment.version + 1;
  await db.updateTable('environments').set({ version }).where('id', '=', environment.id).execute();
  const flag = `{"key":"cache.ttl","version":${version},"on":true,"variations":[${json}],"fallthrough":{"variation":0}}`;
  await db
    .updateTable('objects')
    .set({ version, compiledJson: flag })
    .where('environmentId', '=', environment.id)
    .where('key', '=', 'cache.ttl')
    .execute();
  await channels.refresh(environment.id);
}

describe.each([
  ['by socket', { mode: 'socket' }, 0],
  ['by stream and posts', { mode: 'stream' }, 0],
  ['by socket behind a worker', { mode: 'socket' }, 1],
] as const)('an instance that is connected %s', (_, options, workers) => {
  test('shows the values that it has in force, and why it refuses those that it has not', async () => {
    const server = await startServer(workers);
    onTestFinished(() => server.close());
    const client = await startInstance(server, options);
    const ttl = client.config('cache.ttl', bounds);
    const heard: unknown[] = [];
    ttl.onChange((...told) => heard.push(told));
    // Off it serves the last variation.
    await untilSeen(server, { state: 'current', configs: [{ key: 'cache.ttl', value: '90' }] });
    await server.change({ flag: 'cache.ttl', instructions: [{ kind: 'turn-on' }] });
    await untilSeen(server, { state: 'current', configs: [{ key: 'cache.ttl', value: '120' }] });

    for (const [bad, reason] of [
      ['0', 'must be at least 1 s, got 0'],
      ['"120"', 'must be a number, got "120"'],
      ['null', 'must be a number, got null'],
      ['1e308', 'must be at most 3600 s, got 1e+308'],
    ] as const) {
      await deliver(server, bad);
      await untilSeen(server, { state: 'partial', reason: `flag cache.ttl: ${reason}` });
      expect([ttl.get(), ttl.at(), ttl.get({ kind: 'user', key: 'ann' })]).toEqual([120, 120, 120]);
    }

    await deliver(server, '240');
    await untilSeen(server, { state: 'current', configs: [{ key: 'cache.ttl', value: '240' }] });
    expect(heard).toEqual([
      [120, 90],
      [240, 120],
    ]);
    const long = client.config('long', { default: 'x'.repeat(1000) });
    await untilSeen(server, {
      configs: [
        { key: 'cache.ttl', value: '240' },
        { key: 'long', value: 'sha256:+ggx32rh0mbPujinCmd0hDl3+fcL1TsSrC1dcOscVAQ=' },
      ],
    });
    long.close();
    await untilSeen(server, { configs: [{ key: 'cache.ttl', value: '240' }] });
  });
});

test.each([
  ['120', 120, []],
  ['0', 60, ['must be at least 1 s, got 0']],
])('an instance that starts without a server has what was stored, and judges it as ever: %s', async (...given) => {
  const [stored, expected, reasons] = given;
  const cacheFolder = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  onTestFinished(() => rmSync(cacheFolder, { recursive: true }));
  const server = await startServer();
  await deliver(server, stored);
  const before = await startInstance(server, { cacheFolder });
  await before.close();
  await server.close();

  const after = startClient(server, { cacheFolder });
  const ttl = after.config('cache.ttl', bounds);
  expect(ttl.get()).toBe(60);
  const heard: unknown[] = [];
  ttl.onChange((...told) => heard.push(told));
  await until(() => after.status.origin === 'disk');
  expect([ttl.get(), ttl.at()]).toEqual([expected, expected]);
  expect(heard).toEqual(expected === 60 ? [] : [[expected, 60]]);
  expect(after.refusals.all.map(({ reason }) => reason)).toEqual(reasons);
});
