import { createApiClient, type Place, type ValveReachView } from '@sluice/api-client';
import { createClient, type Options, type ValveSettings } from '@sluice/sdk-node';
import { startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const place: Place = { project: 'default', environment: 'production' };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const [normal, cached, off] = [() => 'fresh', () => 'old', () => 'nothing'];

describe.each([
  ['by socket', 'socket', 0],
  ['by stream and posts', 'stream', 0],
  ['by socket behind a worker', 'socket', 1],
] as const)('whom a trip reaches of instances that are connected %s', (_, mode, workers) => {
  let server: TestServer;
  let api: ReturnType<typeof createApiClient>;

  beforeAll(async () => {
    server = await startTestServer({ workers });
    api = createApiClient({ url: server.url, token: server.apiToken, fetch });
  });
  afterAll(() => server.close());

  async function createValve(key: string): Promise<void> {
    const variations = [{ value: 'normal' }, { value: 'cached' }, { value: 'off-404' }];
    await api.createFlag('default', { key, kind: 'valve', variations });
  }

  async function startInstance(key: string, about: Options['instance'] = {}) {
    const { url, sdkKey } = server;
    const client = createClient({ url, sdkKey, mode, cacheFolder: false, log: silent, instance: { key, ...about } });
    onTestFinished(() => client.close());
    await client.ready({ timeoutMs: 10_000 });
    return client;
  }

  /** Resolves with the answer once so many have told of the valve. */
  async function untilReach(
    valve: string,
    having: number,
    isSo = (_: ValveReachView) => true,
  ): Promise<ValveReachView> {
    let view: ValveReachView | undefined;
    await until(async () => {
      view = await api.getValveReach(place, valve);
      return view.instances === having && isSo(view);
    });
    if (view === undefined) throw new Error('nothing was answered');
    return view;
  }

  test('those that lack a mode are named with their build before anybody trips, and with what they do instead', async () => {
    const valve = `search-${mode}-${workers}`;
    await createValve(valve);
    expect(await api.getValveReach(place, valve)).toEqual({
      ...{ instances: 0, concerned: 0, others: 0, builds: [], lacks: [] },
    });
    const start = async (key: string, version: string, settings: ValveSettings) => {
      const client = await startInstance(key, { version, zone: key === 'web-1' ? 'eu-1a' : 'eu-1b' });
      return client.valve(valve, settings);
    };
    await start('web-1', '2.0', { modes: { normal, cached, 'off-404': off } });
    const skipping = await start('web-2', '1.0', { modes: { normal, 'off-404': off } });
    await start('web-3', '0.9', { modes: { normal }, onMissing: 'last' });
    const failing = await start('web-4', '0.9', { modes: { normal } });
    await startInstance('worker-1');
    const view = await untilReach(valve, 4, ({ others }) => others === 1);
    expect(view.concerned).toBe(4);
    // By rising severity; who comes first of as many depends on who was there first.
    expect(view.lacks.map((lack) => lack.mode)).toEqual(['cached', 'cached', 'cached', 'off-404', 'off-404']);
    expect(view.lacks.toSorted((a, b) => (`${a.mode} ${a.names}` < `${b.mode} ${b.names}` ? -1 : 1))).toEqual([
      { mode: 'cached', instead: 'off-404', instances: 1, names: ['web-2'], builds: ['1.0'] },
      { mode: 'cached', instead: 'normal', instances: 1, names: ['web-3'], builds: ['0.9'] },
      { mode: 'cached', instances: 1, names: ['web-4'], builds: ['0.9'] },
      { mode: 'off-404', instead: 'normal', instances: 1, names: ['web-3'], builds: ['0.9'] },
      { mode: 'off-404', instances: 1, names: ['web-4'], builds: ['0.9'] },
    ]);
    expect(view.builds[0]).toEqual({ build: '0.9', instances: 2 });
    expect(view.builds).toHaveLength(3);

    const when = [
      { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] },
      { contextKind: 'instance', attribute: 'zone', op: 'in', values: ['eu-1a'] },
    ];
    expect(await api.getValveReach(place, valve, when)).toMatchObject({ instances: 4, concerned: 1, lacks: [] });
    expect(await api.getValveReach(place, valve, when.slice(0, 1))).toMatchObject({ concerned: 4 });
    const byKey = [{ contextKind: 'instance', op: 'in', values: ['web-4'] }];
    expect(await api.getValveReach(place, valve, byKey)).toMatchObject({ concerned: 1, lacks: [{}, {}] });

    // What was said is what happens.
    await server.change({ flag: valve, instructions: [{ kind: 'trip', mode: 'cached', reason: 'slow' }] });
    await until(() => skipping.mode({ kind: 'user', key: 'ann' }) === 'off-404');
    await until(() => failing.mode({ kind: 'user', key: 'ann' }) === 'cached');
    await expect(failing.run({ kind: 'user', key: 'ann' })).rejects.toMatchObject({ code: 'mode-missing' });
  });

  test('a valve that is made after the program lacks modes from then on, and is gone with its instance', async () => {
    const valve = `mail-${mode}-${workers}`;
    const client = await startInstance('mail-1');
    client.valve(valve, { modes: { normal, cached } });
    await createValve(valve);
    const view = await untilReach(valve, 1, ({ lacks }) => lacks.length > 0);
    expect(view.lacks).toEqual([{ mode: 'off-404', instances: 1, names: ['mail-1'], builds: [] }]);
    await client.close();
    await untilReach(valve, 0);
  });
});

test('only a valve has a reach', async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  await server.api('POST', '/projects/default/flags', { key: 'plain' });
  const answer = await server.api('POST', '/projects/default/environments/production/valves/plain/reach', {});
  expect(answer.status).toBe(404);
});
