import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

describe('a project', () => {
  test('is created with a key, named like it unless told otherwise, and listed', async () => {
    expect(await server.api('POST', '/projects', { key: 'shop' })).toMatchObject({
      status: 201,
      body: { key: 'shop', name: 'shop' },
    });
    expect((await server.api('POST', '/projects', { key: 'mail', name: 'Mail' })).body).toEqual({
      key: 'mail',
      name: 'Mail',
      createdAt: expect.any(Number),
    });
    const { items } = (await server.api('GET', '/projects')).body;
    expect(items.map(({ key }: { key: string }) => key)).toEqual(['default', 'mail', 'shop']);
  });

  test.each(['api', 'assets', 'setup'])('is not named %s, which is an address of the server', async (key) => {
    const { status, body } = await server.api('POST', '/projects', { key });
    expect([status, body.code, body.errors]).toMatchObject([400, 'invalid-request', [{ path: 'key' }]]);
    expect((await server.api('GET', `/projects/${key}/environments`)).status).toBe(404);
  });

  test('without environments can have no flags yet', async () => {
    await server.api('POST', '/projects', { key: 'bare' });
    expect((await server.api('POST', '/projects/bare/flags', { key: 'checkout' })).body).toMatchObject({
      status: 409,
      title: 'project `bare` has no environment yet; create one first',
    });
  });

  test('has flags of its own', async () => {
    await server.api('POST', '/projects', { key: 'other' });
    await server.api('POST', '/projects/other/environments', { key: 'production' });
    await server.api('POST', '/projects/default/flags', { key: 'same' });
    await server.api('POST', '/projects/other/flags', { key: 'same', variations: [{ value: 1 }, { value: 2 }] });
    expect(
      (await server.api('GET', '/projects/default/environments/production/flags/same')).body.variations[0].value,
    ).toBe(true);
    expect(
      (await server.api('GET', '/projects/other/environments/production/flags/same')).body.variations[0].value,
    ).toBe(1);
  });
});

describe('a new environment', () => {
  test('answers its keys, the only time that they are shown, and they work', async () => {
    const { status, body } = await server.api('POST', '/projects/default/environments', {
      key: 'dev',
      name: 'Development',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      key: 'dev',
      name: 'Development',
      isProduction: false,
      version: expect.any(Number),
      createdAt: expect.any(Number),
      sdkKey: expect.stringMatching(/^sdk-[0-9a-z]{32}$/),
      clientSideId: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    const poll = await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: body.sdkKey } });
    expect(poll.status).toBe(200);
    const listed = JSON.stringify((await server.api('GET', '/projects/default/environments')).body);
    expect(listed).toContain('"dev"');
    expect(listed).not.toContain(body.sdkKey);
  });

  test('has every flag of the project, turned off, and archived ones archived', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    await server.api('POST', '/projects/default/flags', { key: 'old' });
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    await server.api('PATCH', '/projects/default/flags/old', { archived: true });
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'test' });
    const at = '/projects/default/environments/test';
    expect((await server.api('GET', `${at}/flags/checkout`)).body).toMatchObject({ on: false, archived: false });
    expect((await server.api('GET', `${at}/flags/old`)).body).toMatchObject({ on: false, archived: true });
    const { items } = (await server.api('GET', `${at}/changes`)).body;
    expect(items).toMatchObject([{ version: 1, comment: 'environment test created', actor: 'first-start' }]);
    const poll = await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: body.sdkKey } });
    const { flags } = JSON.parse(await poll.text());
    expect(flags.checkout.on).toBe(false);
    expect(flags.old).toBeUndefined();
  });

  test('has every valve, config and migration: a config as it is where it was first, without overrides', async () => {
    const config = { schema: { type: 'integer' }, dimensions: ['account'] };
    await server.api('POST', '/projects/default/flags', { key: 'ttl', kind: 'config', value: 60, config });
    await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve' });
    await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
    const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }];
    const instructions = [
      { kind: 'set-value', value: 90 },
      { kind: 'set-override', when, value: 5 },
    ];
    await server.change({ flag: 'ttl', instructions });
    await server.change({ flag: 'search', instructions: [{ kind: 'trip', mode: 'off', reason: 'slow' }] });
    await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    expect(await server.api('POST', '/projects/default/environments', { key: 'kinds' })).toMatchObject({ status: 201 });
    const at = '/projects/default/environments/kinds/flags';
    expect((await server.api('GET', `${at}/ttl`)).body).toMatchObject({ variations: [{ value: 90 }], rules: [] });
    expect((await server.api('GET', `${at}/search`)).body).toMatchObject({ kind: 'valve', rules: [] });
    expect((await server.api('GET', `${at}/orders`)).body).toMatchObject({ fallthrough: { variation: 'off' } });
  });

  test('takes part in every later change of a definition', async () => {
    await server.api('POST', '/projects/default/environments', { key: 'late' });
    await server.api('POST', '/projects/default/flags', { key: 'fresh' });
    expect((await server.api('GET', '/projects/default/environments/late/flags/fresh')).status).toBe(200);
  });
});

describe('whether an environment is production', () => {
  async function listProduction(): Promise<Readonly<Record<string, boolean>>> {
    const { items } = (await server.api('GET', '/projects/default/environments')).body;
    return Object.fromEntries(
      items.map(({ key, isProduction }: { key: string; isProduction: boolean }) => [key, isProduction]),
    );
  }

  test('is told by its key at first, or by whoever makes it', async () => {
    expect(await listProduction()).toMatchObject({ production: true, staging: false });
    const made = await server.api('POST', '/projects/default/environments', { key: 'live', isProduction: true });
    expect(made.body.isProduction).toBe(true);
    expect(await listProduction()).toMatchObject({ live: true });
  });

  test('is altered as its name is, each by itself', async () => {
    const staging = '/projects/default/environments/staging';
    const before = (await server.api('GET', '/projects/default/environments')).body.items.find(
      ({ key }: { key: string }) => key === 'staging',
    );
    expect((await server.api('PATCH', staging, { isProduction: true })).body).toEqual({
      ...before,
      isProduction: true,
    });
    expect((await server.api('PATCH', staging, { name: 'Next' })).body).toMatchObject({
      name: 'Next',
      isProduction: true,
    });
    expect((await server.api('PATCH', staging, { isProduction: false })).status).toBe(200);
    expect(await listProduction()).toMatchObject({ staging: false });
    expect((await server.api('PATCH', staging, { isProduction: 1 })).status).toBe(400);
    expect((await server.api('PATCH', '/projects/default/environments/nowhere', {})).status).toBe(404);
  });
});
