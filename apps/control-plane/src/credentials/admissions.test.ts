import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

describe('a key that is revoked while it is looked up', () => {
  test('is not admitted, then or later, whatever the table said before', async () => {
    const { admissions } = server.running.context;
    const path = '/projects/default/environments/production/credentials';
    const { id, secret } = (await server.api('POST', path, { name: 'raced' })).body;
    const admitting = admissions.admit(secret, 1);
    admissions.revoke(id);
    expect(await admitting).toBe('unknown');
    expect(await admissions.admit(secret, 2)).toBe('unknown');
    expect(admissions.isRevoked(id)).toBe(true);
  });
});
