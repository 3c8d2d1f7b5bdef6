import type { ConfigInForceView } from '@sluice/api-client';
import { createClient, type Options } from '@sluice/sdk-node';
import { startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const production = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('what instances have of a config', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  async function createConfig(key: string): Promise<void> {
    const config = { schema: { type: 'integer' }, dimensions: ['instance.zone'] };
    await server.api('POST', '/projects/default/flags', { key, kind: 'config', value: 60, config });
  }

  async function startInstance(key: string, about: Options['instance'] = {}) {
    const { url, sdkKey } = server;
    const client = createClient({ url, sdkKey, cacheFolder: false, log: silent, instance: { key, ...about } });
    onTestFinished(() => client.close());
    await client.ready({ timeoutMs: 10_000 });
    return client;
  }

  /** Resolves with the answer once it is as expected. */
  async function untilInForce(key: string, isSo: (view: ConfigInForceView) => boolean): Promise<ConfigInForceView> {
    let view: ConfigInForceView | undefined;
    await until(async () => {
      view = (await server.api('GET', `${production}/flags/${key}/in-force`)).body as ConfigInForceView;
      return isSo(view);
    });
    if (view === undefined) throw new Error('nothing was answered');
    return view;
  }

  test('is counted by value and by layer, and those that refuse theirs are named with what they keep', async () => {
    await createConfig('cache.ttl');
    const bounds = { default: 60, max: 90 };
    for (const key of ['web-1', 'web-2']) (await startInstance(key)).config('cache.ttl', bounds);
    (await startInstance('web-3', { zone: 'a' })).config('cache.ttl', { default: 60 });
    const when = [{ contextKind: 'instance', attribute: 'zone', op: 'in', values: ['a'] }];
    await server.change({
      flag: 'cache.ttl',
      instructions: [
        { kind: 'set-value', value: 120 },
        { kind: 'set-override', id: 'zone-a', when, value: 70 },
      ],
    });
    const view = await untilInForce(
      'cache.ttl',
      ({ values, exceptions: [first] }) =>
        // Before they refuse it, both are behind.
        first?.kind === 'refused' && first.instances === 2 && values.some(({ value }) => value === '70'),
    );
    expect(view).toMatchObject({
      flag: 'cache.ttl',
      instances: 3,
      layers: [{ instances: 2 }, { override: 'zone-a', instances: 1 }],
      exceptions: [
        {
          kind: 'refused',
          reason: 'must be at most 90, got 120',
          value: '60',
          instances: 2,
          names: ['web-1', 'web-2'],
        },
      ],
    });
    // Taken back, nobody has anything but what the layers say.
    await server.change({ flag: 'cache.ttl', instructions: [{ kind: 'set-value', value: 80 }] });
    const after = await untilInForce('cache.ttl', ({ exceptions }) => exceptions.length === 0);
    expect(after.values).toEqual([
      { value: '80', instances: 2 },
      { value: '70', instances: 1 },
    ]);
  });

  test('is nothing of what no code asks for', async () => {
    await createConfig('unused');
    await startInstance('web-9');
    const view = await untilInForce('unused', ({ exceptions, instances }) => instances > 0 && exceptions.length === 0);
    expect(view.values).toEqual([{ instances: view.instances }]);
    expect(view.layers).toEqual([]);
  });

  test('is asked of a config that there is', async () => {
    const { status, body } = await server.api('GET', `${production}/flags/none/in-force`);
    expect([status, body.code]).toEqual([404, 'not-found']);
  });
});
