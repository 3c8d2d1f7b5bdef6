import { ApiError, createApiClient } from '@sluice/api-client';
import { startTestServer } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { place, setUp } from './setup.ts';

test('what is no order of providers is refused by the place', async () => {
  const server = await startTestServer();
  const api = createApiClient({ url: server.url, token: server.apiToken, fetch });
  await setUp(api);
  const value = { providers: [{ name: 'pigeon', state: 'exploded' }], ambiguous: 'never' };
  const refusal = await api
    .change(place, { flag: 'receipts', instructions: [{ kind: 'set-value', value }] })
    .catch((error: unknown) => error);
  await server.close();
  expect(refusal).toBeInstanceOf(ApiError);
  expect(refusal).toMatchObject({
    errors: [{ path: 'instructions[0].value.providers[0].state', message: expect.stringContaining('got "exploded"') }],
  });
});
