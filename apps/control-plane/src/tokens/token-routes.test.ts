import { createFakeServerPlatform, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;

beforeAll(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
});

afterAll(() => server.close());

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly lastUsedAt: number | null;
}

async function findToken(name: string): Promise<Listed | undefined> {
  const { items } = (await server.api('GET', '/tokens')).body;
  return items.find((item: Listed) => item.name === name);
}

describe('an API token', () => {
  test('is shown when it is made and kept as a hash only', async () => {
    const { status, body } = await server.api('POST', '/tokens', { name: 'ci' });
    expect(status).toBe(201);
    expect(body).toEqual({ id: expect.any(String), name: 'ci', token: expect.stringMatching(/^slt_[0-9a-z]{40}$/) });
    const rows = await server.running.context.db.selectFrom('apiTokens').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(body.token);
    expect(await findToken('ci')).toEqual({
      id: expect.any(String),
      name: 'ci',
      createdAt: platform.now(),
      lastUsedAt: null,
      grants: [{ role: 'admin' }],
      expiresAt: null,
    });
  });

  test('makes changes under its name', async () => {
    const { body } = await server.api('POST', '/tokens', { name: 'ann' });
    const authorization = `Bearer ${body.token}`;
    await server.api('POST', '/projects/default/flags', { key: 'by-ann' }, { authorization });
    const [change] = (await server.api('GET', '/projects/default/environments/production/changes?flag=by-ann')).body
      .items;
    expect(change.actor).toBe('ann');
  });

  test('is noted as used, within a minute', async () => {
    const { body } = await server.api('POST', '/tokens', { name: 'used' });
    await server.api('GET', '/projects', undefined, { authorization: `bearer ${body.token}` });
    const usedAt = platform.now();
    await platform.clock.advance(60_000);
    expect((await findToken('used'))?.lastUsedAt).toBe(usedAt);
  });

  test('that is revoked is unknown from then on', async () => {
    const { body } = await server.api('POST', '/tokens', { name: 'revoked' });
    const authorization = `Bearer ${body.token}`;
    expect((await server.api('GET', '/projects', undefined, { authorization })).status).toBe(200);
    const { id } = (await findToken('revoked')) ?? { id: '' };
    expect((await server.api('DELETE', `/tokens/${id}`)).status).toBe(204);
    expect((await server.api('GET', '/projects', undefined, { authorization })).status).toBe(401);
    expect(await findToken('revoked')).toBeUndefined();
  });
});

describe('the last API token', () => {
  let own: TestServer;

  beforeEach(async () => {
    own = await startTestServer();
  });

  afterEach(() => own.close());

  test('cannot be revoked', async () => {
    const [{ id }] = (await own.api('GET', '/tokens')).body.items;
    expect(await own.api('DELETE', `/tokens/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'conflict', title: expect.stringMatching(/^this is the last API token, .* create another/) },
    });
    expect((await own.api('DELETE', '/tokens/unknown')).status).toBe(404);
    expect((await own.api('GET', '/tokens')).body.items).toHaveLength(1);
  });

  test('stays also when all are revoked at once', async () => {
    const [first] = (await own.api('GET', '/tokens')).body.items;
    const all = [{ id: first.id, token: own.apiToken }];
    for (let at = 0; at < 5; at++) all.push((await own.api('POST', '/tokens', { name: `token-${at}` })).body);
    const answers = await Promise.all(
      all.map(({ id, token }) => own.api('DELETE', `/tokens/${id}`, undefined, { authorization: `Bearer ${token}` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 204, 204, 204, 204, 409]);
    expect(await own.running.context.db.selectFrom('apiTokens').select('id').execute()).toHaveLength(1);
  });
});
