import { rmSync } from 'node:fs';
import { createClient } from '@sluice/sdk-node';
import { createFakeServerPlatform, openTestStream, startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const path = '/projects/default/environments/production/credentials';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;

beforeAll(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
});

afterAll(() => server.close());

interface Created {
  readonly id: string;
  readonly secret: string;
}

async function createKey(name: string): Promise<Created> {
  const { status, body } = await server.api('POST', path, { name });
  expect(status).toBe(201);
  return body;
}

async function pollStatus(sdkKey: string): Promise<number> {
  return (await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: sdkKey } })).status;
}

describe('a key', () => {
  test('is shown when it is made, and never again', async () => {
    const { body } = await server.api('POST', path, { name: 'mobile', kind: 'client-side-id' });
    expect(body).toEqual({
      id: expect.any(String),
      kind: 'client-side-id',
      name: 'mobile',
      secret: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    const answer = await server.api('GET', path);
    expect(JSON.stringify(answer.body)).not.toContain(body.secret);
    expect(answer.body.items).toContainEqual({
      id: body.id,
      kind: 'client-side-id',
      name: 'mobile',
      ending: body.secret.slice(-4),
      createdAt: platform.now(),
      lastUsedAt: null,
      revokedAt: null,
    });
  });

  test('says whom revoking it would cut', async () => {
    const { id, secret } = await createKey('watched');
    expect((await server.api('GET', `${path}/${id}/streams`)).body).toEqual({ streams: 0, instances: [] });
    const client = createClient({ url: server.url, sdkKey: secret, instance: { key: 'checkout-7' } });
    onTestFinished(() => client.close());
    await client.ready({ timeoutMs: 10_000 });
    const stream = await openTestStream(`${server.url}/sdk/stream`, secret);
    onTestFinished(() => stream.close());
    await until(async () => (await server.api('GET', `${path}/${id}/streams`)).body.instances.length === 1);
    expect((await server.api('GET', `${path}/${id}/streams`)).body).toEqual({ streams: 2, instances: ['checkout-7'] });
  });

  test('works at once, beside older ones', async () => {
    const { secret } = await createKey('second');
    expect([await pollStatus(secret), await pollStatus(server.sdkKey)]).toEqual([200, 200]);
  });

  test('for browsers opens nothing that needs an SDK key', async () => {
    const { body } = await server.api('POST', path, { name: 'web', kind: 'client-side-id' });
    expect(await pollStatus(body.secret)).toBe(401);
  });

  test('opens its own environment only', async () => {
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'apart' });
    const response = await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: body.sdkKey } });
    const other = await fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: server.sdkKey } });
    expect(response.headers.get('x-ld-envid')).not.toBe(other.headers.get('x-ld-envid'));
  });
});

describe('revoking a key', () => {
  test('cuts the streams that it opened at once, and is 401 afterwards; other keys go on', async () => {
    const { id, secret } = await createKey('leaked');
    const cut = await Promise.all(
      ['/all', '/sdk/stream'].map((where) => openTestStream(`${server.url}${where}`, secret)),
    );
    const kept = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
    for (const stream of [...cut, kept]) await stream.next();
    // The clock stands still: nothing here happens after a while.
    expect((await server.api('DELETE', `${path}/${id}`)).status).toBe(204);
    for (const stream of cut) expect(await stream.ended).toBe('ended');
    expect(cut[1]?.text).toContain('credential revoked');
    expect(await pollStatus(secret)).toBe(401);
    await server.api('POST', '/projects/default/flags', { key: 'after' });
    expect((await kept.until('put-object')).at(-1)?.data).toContain('"after"');
    kept.close();
  });

  test('is told in the list, and cannot be done twice', async () => {
    const { id } = await createKey('once');
    await server.api('DELETE', `${path}/${id}`);
    const { items } = (await server.api('GET', path)).body;
    expect(items.find((item: { id: string }) => item.id === id).revokedAt).toBe(platform.now());
    expect((await server.api('DELETE', `${path}/${id}`)).status).toBe(404);
  });

  test('of another environment is not found', async () => {
    const { id } = await createKey('elsewhere');
    expect((await server.api('DELETE', `/projects/default/environments/staging/credentials/${id}`)).status).toBe(404);
  });

  test('holds after a restart', async () => {
    const first = await startTestServer();
    const { body } = await first.api('POST', path, { name: 'short' });
    await first.api('DELETE', `${path}/${body.id}`);
    await first.running.close();
    const second = await startTestServer({ folder: first.folder });
    const response = await fetch(`${second.url}/sdk/latest-all`, { headers: { authorization: body.secret } });
    expect(response.status).toBe(401);
    await second.close();
    rmSync(first.folder, { recursive: true });
  });
});
