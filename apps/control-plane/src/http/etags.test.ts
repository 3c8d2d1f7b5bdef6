import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const environment = '/projects/default/environments/production';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.change({ segment: 'beta', instructions: [{ kind: 'create-segment' }] });
});

afterAll(() => server.close());

/** Asks with the ETag of an earlier answer. */
function askAgain(path: string, etag: string) {
  return server.api('GET', path, undefined, { 'if-none-match': etag });
}

async function readEtag(path: string): Promise<string> {
  return (await server.api('GET', path)).headers.get('etag') ?? '';
}

describe('an answer to GET', () => {
  test.each([
    '/projects',
    '/projects/default/environments',
    '/projects/default/flags',
    '/projects/default/flags/checkout',
    `${environment}/flags`,
    `${environment}/flags?limit=1`,
    `${environment}/flags/checkout`,
    `${environment}/segments`,
    `${environment}/segments/beta`,
    `${environment}/changes`,
    `${environment}/changes/chain`,
    `${environment}/credentials`,
    '/openapi.json',
  ])('has an ETag, and is 304 without a body to who has it already: %s', async (path) => {
    const first = await server.api('GET', path);
    const etag = first.headers.get('etag') ?? '';
    expect([first.status, etag]).toEqual([200, expect.stringMatching(/^"[\w-]{22,}"$/)]);
    const again = await askAgain(path, etag);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, undefined, etag]);
  });

  test('is told apart from the one before a change, and from those about other things', async () => {
    const path = `${environment}/flags/checkout`;
    const before = await readEtag(path);
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    const { status, body, headers } = await askAgain(path, before);
    expect([status, body.on]).toEqual([200, true]);
    expect(headers.get('etag')).not.toBe(before);
    expect(await readEtag('/projects/default/environments/staging/flags/checkout')).not.toBe(headers.get('etag'));
  });

  test('is 304 when one of several ETags fits, also one that a proxy has weakened, or any will do', async () => {
    const etag = await readEtag('/projects');
    for (const known of [`"other", ${etag}`, `W/${etag}`, `"a",W/${etag} , "b"`, '*']) {
      expect([known, (await askAgain('/projects', known)).status]).toEqual([known, 304]);
    }
    for (const unknown of ['"other"', etag.slice(0, -1), '', 'W/"*"']) {
      expect([unknown, (await askAgain('/projects', unknown)).status]).toEqual([unknown, 200]);
    }
  });

  test('is asked about again each time by whoever keeps it, and kept by nobody in between', async () => {
    expect((await server.api('GET', '/projects')).headers.get('cache-control')).toBe('private, no-cache');
  });

  test('that is an error has no ETag, and is no less an error to who sends one', async () => {
    const { status, headers } = await askAgain('/projects/default/flags/nothing', '*');
    expect([status, headers.get('etag')]).toEqual([404, null]);
  });
});

test('an answer to HEAD has the ETag of GET', async () => {
  const headers = { authorization: `Bearer ${server.apiToken}` };
  const response = await fetch(`${server.url}/api/v1/projects`, { method: 'HEAD', headers });
  expect(response.headers.get('etag')).toBe(await readEtag('/projects'));
});

test('a command is done whatever the ETag', async () => {
  const known = { 'if-none-match': '*' };
  const body = { flag: 'checkout', instructions: [{ kind: 'turn-off' }] };
  const { status, headers } = await server.api('POST', `${environment}/changes`, body, known);
  expect([status, headers.get('etag')]).toEqual([200, null]);
});
