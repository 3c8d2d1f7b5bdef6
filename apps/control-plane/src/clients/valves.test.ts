import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@sluice/sdk-node';
import { startTcpProxy, startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const modes = { normal: () => 'found', cached: () => 'found before', 'off-404': () => 'nothing' };

let server: TestServer;

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-valves-'));
  server = await startTestServer({ folder: join(folder, 'server') });
  const variations = Object.keys(modes).map((value) => ({ value }));
  await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function startInstance(key: string, options: { readonly url?: string; readonly cacheFolder?: string } = {}) {
  return createClient({
    url: server.url,
    sdkKey: server.sdkKey,
    cacheFolder: false,
    log: silent,
    firstRetryMs: 100,
    instance: { key },
    ...options,
  });
}

/** Without an account for everybody. */
function trip(mode: string, account?: string) {
  const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: [account] }];
  const scope = account === undefined ? {} : { when };
  return server.change({ flag: 'search', instructions: [{ kind: 'trip', mode, reason: 'index is slow', ...scope }] });
}

async function awaitConvergence(change: string) {
  return (await server.api('GET', `${production}/changes/${change}/convergence?wait=all&timeoutMs=20000`)).body;
}

test('an instance whose build lacks a mode does the next more severe one, and the fleet names it and the reason', async ({
  onTestFinished,
}) => {
  const [newer, older] = [startInstance('web-new'), startInstance('web-old')];
  onTestFinished(async () => {
    await newer.close();
    await older.close();
  });
  const valve = newer.valve('search', { modes });
  const { cached: _, ...few } = modes;
  const olderValve = older.valve('search', { modes: few });
  await Promise.all([newer.ready(), older.ready()]);
  await until(async () => (await server.api('GET', `${production}/fleet`)).body.connected === 2);

  const tripped = await trip('cached');
  const reason = 'flag search: mode "cached" is not in this build; it serves "off-404"';
  expect(await awaitConvergence(tripped.id)).toMatchObject({
    outcome: 'refused',
    accepted: 1,
    partial: 1,
    stragglers: [{ instance: 'web-old', reason }],
    refusals: [{ reason, instances: 1, examples: ['web-old'] }],
  });
  expect(await valve.run()).toMatchObject({ value: 'found before', mode: 'cached', cause: 'rule' });
  expect(await olderValve.run()).toMatchObject({ value: 'nothing', mode: 'off-404', cause: 'rule' });

  const worse = await trip('off-404');
  expect(await awaitConvergence(worse.id)).toMatchObject({ outcome: 'converged', accepted: 2 });
  const { items } = (await server.api('GET', `${production}/fleet`)).body;
  expect(items).toMatchObject([{ state: 'current' }, { state: 'current' }]);
  for (const item of items) expect(item).not.toHaveProperty('reason');
});

test('the mode stays when the server is gone, also for processes that start without it', async ({ onTestFinished }) => {
  const cacheFolder = join(folder, 'cache');
  // So that the same address is dead afterwards, and what is stored for it is found.
  const { url } = server;
  const first = startInstance('web-1', { url, cacheFolder });
  const valve = first.valve('search', { modes });
  await first.ready();
  const tripped = await trip('cached', '42');
  await until(() => first.status.selector?.endsWith(`:${tripped.version}`) === true);
  await server.close();
  const bad = { kind: 'account', key: '42' };
  expect((await valve.run(bad)).mode).toBe('cached');
  await first.close();

  const second = startInstance('web-1', { url, cacheFolder });
  onTestFinished(() => second.close());
  const { cached: _, ...few } = modes;
  const again = second.valve('search', { modes: few });
  await until(() => second.status.origin === 'disk');
  expect(second.status.state).toBe('interrupted');
  // What is wrong with the build is known without the server, too, and before anybody calls.
  expect(second.status.refused).toMatchObject([{ key: 'search', version: tripped.version }]);
  expect((await again.run(bad)).mode).toBe('off-404');
  expect((await again.run({ kind: 'account', key: '7' })).mode).toBe('normal');
});

test('a trip that nobody heard of before the server went away is followed as soon as it is back', async ({
  onTestFinished,
}) => {
  const port = Number(new URL(server.url).port);
  const proxy = await startTcpProxy({ host: '127.0.0.1', port });
  onTestFinished(() => proxy.close());
  const instance = startInstance('web-1', { url: `http://127.0.0.1:${proxy.port}` });
  onTestFinished(() => instance.close());
  const valve = instance.valve('search', { modes });
  await instance.ready();

  proxy.swallow();
  await trip('cached');
  await server.close();
  expect((await valve.run()).mode).toBe('normal');
  server = await startTestServer({ folder: join(folder, 'server'), port });
  proxy.heal();
  proxy.disconnect();
  await until(() => valve.mode() === 'cached');
  expect(await valve.run()).toMatchObject({ mode: 'cached', cause: 'rule' });
});
