import { createLaunchDarklyClient, startTestServer, type TestServer, untilUpdated } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const account42 = { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] };
const search = { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function createConfig(key: string): Promise<void> {
  const schema = { type: 'integer', minimum: 1, maximum: 3600 };
  const { status } = await server.api('POST', '/projects/default/flags', {
    key,
    kind: 'config',
    value: 60,
    config: { schema, unit: 's', maxChangeFactor: 4, dimensions: ['account', 'route'] },
  });
  expect(status).toBe(201);
}

describe('a config', () => {
  test('shows its value, its overrides and what its values may be', async () => {
    await createConfig('shown');
    await server.change({
      flag: 'shown',
      instructions: [
        { kind: 'set-value', value: 120 },
        { kind: 'set-override', id: 'heavy', name: 'heavy customer', when: [account42], value: 40 },
      ],
    });
    expect((await server.api('GET', `${production}/flags/shown`)).body).toMatchObject({
      kind: 'config',
      config: { schema: { type: 'integer', minimum: 1, maximum: 3600 }, unit: 's', maxChangeFactor: 4 },
      variations: [
        { id: '120', value: 120 },
        { id: '40', value: 40 },
      ],
      fallthrough: { variation: '120' },
      rules: [{ id: 'heavy', name: 'heavy customer', clauses: [account42], variation: '40' }],
    });
    // Elsewhere it is what it was.
    const elsewhere = await server.api('GET', '/projects/default/environments/staging/flags/shown');
    expect(elsewhere.body).toMatchObject({ variations: [{ id: '60', value: 60 }], rules: [] });
    const { body } = await server.api('GET', `${production}/flags?kind=config`);
    expect(body.items.map(({ key }: { key: string }) => key)).toEqual(['shown']);
  });

  test('says why a context gets its value', async () => {
    await createConfig('explained');
    const when = [account42, search];
    await server.change({
      flag: 'explained',
      instructions: [{ kind: 'set-override', id: 'slow', when, value: 30 }],
    });
    const explain = async (context: object) =>
      (await server.api('POST', `${production}/evaluate`, { flag: 'explained', context })).body;
    expect(
      await explain({ kind: 'multi', account: { key: '42' }, request: { key: 'r', route: '/search' } }),
    ).toMatchObject({
      value: 30,
      because:
        'override `slow` matches (layer account + route), if account key is "42" and request route is "/search": `30`',
    });
    expect(await explain({ kind: 'account', key: '43' })).toMatchObject({
      value: 60,
      because: 'no rule matches: by default the flag serves `60`',
    });
  });

  test('shows every layer that matches a context, the winner first', async () => {
    await createConfig('layered');
    await server.change({
      flag: 'layered',
      instructions: [
        { kind: 'set-override', id: 'searching', name: 'searches', when: [search], value: 30 },
        { kind: 'set-override', id: 'other', when: [{ ...account42, values: ['43'] }], value: 90 },
        { kind: 'set-override', id: 'heavy', when: [account42], value: 120 },
      ],
    });
    const listLayers = async (context: object) =>
      (await server.api('POST', `${production}/evaluate`, { flag: 'layered', context })).body.layers;
    expect(
      await listLayers({ kind: 'multi', account: { key: '42' }, request: { key: 'r', route: '/search' } }),
    ).toEqual([
      { layer: 'account', override: 'heavy', value: 120 },
      { layer: 'route', override: 'searching', name: 'searches', value: 30 },
      { layer: 'default', value: 60 },
    ]);
    expect(await listLayers({ kind: 'user', key: 'ann' })).toEqual([{ layer: 'default', value: 60 }]);
    await server.api('POST', '/projects/default/flags', { key: 'no-config' });
    const context = { kind: 'user', key: 'ann' };
    const { body } = await server.api('POST', `${production}/evaluate`, { flag: 'no-config', context });
    expect(body).not.toHaveProperty('layers');
  });

  test('is what LaunchDarkly’s SDK serves, and its changes are reverted', async () => {
    await createConfig('served');
    const client = createLaunchDarklyClient(server, 'FDv2');
    await client.waitForInitialization({ timeout: 10 });
    const ask = (account: string) => client.variation('served', { kind: 'account', key: account }, 0);
    expect(await ask('42')).toBe(60);
    const updated = untilUpdated(client, 'served');
    const { id } = await server.change({
      flag: 'served',
      instructions: [
        { kind: 'set-value', value: 90 },
        { kind: 'set-override', when: [account42], value: 30 },
      ],
    });
    await updated;
    expect([await ask('42'), await ask('43')]).toEqual([30, 90]);
    const back = untilUpdated(client, 'served');
    expect((await server.api('POST', `${production}/changes/${id}/revert`, {})).status).toBe(200);
    await back;
    expect([await ask('42'), await ask('43')]).toEqual([60, 60]);
    client.close();
  });

  test('takes the values of another environment', async () => {
    await createConfig('copied');
    await server.change({ flag: 'copied', instructions: [{ kind: 'set-value', value: 90 }] });
    const { status } = await server.api('POST', '/projects/default/environments/staging/changes', {
      flag: 'copied',
      instructions: [{ kind: 'copy-configuration', from: 'production' }],
    });
    expect(status).toBe(200);
    const { body } = await server.api('GET', '/projects/default/environments/staging/flags/copied');
    expect(body.fallthrough).toEqual({ variation: '90' });
  });

  test.each([
    [60, { schema: { type: 'integer' }, maxChangeFactor: 1 }, 'config.maxChangeFactor', 'expected more than 1, got 1'],
    [
      { a: 1 },
      { schema: { type: 'object' }, maxChangeFactor: 4 },
      'config.maxChangeFactor',
      'a factor is of numbers: expected the schema to have the type integer or number, got "object"',
    ],
    [
      'a',
      { schema: {}, unit: 's' },
      'config.unit',
      'a unit is of numbers: expected the schema to have the type integer or number, got nothing',
    ],
  ])(
    'refuses what would mean nothing, or too much, when it is created: %j, %j',
    async (value, config, path, message) => {
      const body = { key: 'meaningless', kind: 'config', value, config };
      const { status, body: answer } = await server.api('POST', '/projects/default/flags', body);
      expect([400, 422]).toContain(status);
      expect(answer.errors).toEqual([
        { path: expect.stringMatching(new RegExp(`(^|[.])${path}$`)), message: expect.stringContaining(message) },
      ]);
    },
  );

  test.each([
    [{ kind: 'set-value', value: 0 }, 'instructions[0].value', 'expected to be >= 1, got 0 (in s)'],
    [
      { kind: 'set-value', value: 3000 },
      'instructions[0].value',
      'a factor of 50; if that is what you mean, confirm it',
    ],
    [{ kind: 'set-value' }, 'instructions[0].value', 'got nothing'],
    [
      {
        kind: 'set-override',
        value: 30,
        when: [{ contextKind: 'request', attribute: 'method', op: 'in', values: ['GET'] }],
      },
      'instructions[0].when[0]',
      'may vary by `account` and `route`, got `method`',
    ],
    [{ kind: 'set-override', value: 30, when: [] }, 'instructions[0].when', 'expected at least 1'],
    [{ kind: 'turn-off' }, 'instructions[0].kind', 'is a config and follows `set-value`'],
  ])('refuses %j by the path, and stores nothing', async (instruction, path, message) => {
    await server.api('POST', '/projects/default/flags', {
      key: 'refusing',
      kind: 'config',
      value: 60,
      config: {
        schema: { type: 'integer', minimum: 1 },
        unit: 's',
        maxChangeFactor: 4,
        dimensions: ['account', 'route'],
      },
    });
    const before = (await server.api('GET', `${production}/flags/refusing`)).body;
    const answer = await server.api('POST', `${production}/changes`, { flag: 'refusing', instructions: [instruction] });
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.errors).toEqual([{ path, message: expect.stringContaining(message) }]);
    expect((await server.api('GET', `${production}/flags/refusing`)).body).toEqual(before);
  });
});
