import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function listKeys(path: string): Promise<{ keys: readonly string[]; next: string | undefined }> {
  const { body } = await server.api('GET', path);
  return { keys: body.items.map(({ key }: { key: string }) => key), next: body.nextCursor };
}

describe('a flag', () => {
  test('is created by what it is, and shown as that', async () => {
    const { status, body } = await server.api('POST', '/projects/default/flags', {
      key: 'banner',
      kind: 'release',
      name: 'Banner',
      tags: ['web'],
      owner: 'ann',
      variations: [{ value: 'red' }, { value: 'blue', name: 'Blue' }],
      clientSide: { web: true, mobile: false },
      comment: 'for the sale',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      key: 'banner',
      kind: 'release',
      name: 'Banner',
      description: '',
      tags: ['web'],
      owner: 'ann',
      variations: [
        { id: 'red', value: 'red' },
        { id: 'blue', value: 'blue', name: 'Blue' },
      ],
      clientSide: { web: true, mobile: false },
      archived: false,
    });
    expect((await server.api('GET', '/projects/default/flags/banner')).body).toEqual(body);
    const [change] = (await server.api('GET', `${production}/changes?flag=banner`)).body.items;
    expect(change).toMatchObject({ comment: 'for the sale', effects: [{ key: 'banner', text: 'created' }] });
  });

  test('is shown in an environment with how it behaves there, and without its salt', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'shown' });
    const { body } = await server.api('GET', `${production}/flags/shown`);
    expect(body).toMatchObject({
      key: 'shown',
      on: false,
      offVariation: 'off',
      fallthrough: { variation: 'on' },
      rules: [],
      version: expect.any(Number),
    });
    expect(body).not.toHaveProperty('salt');
  });

  test('is shown alone with what was done last about it', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'done', comment: 'to begin with' });
    const { version } = await server.change({ flag: 'done', comment: 'launch', instructions: [{ kind: 'turn-on' }] });
    await server.api('POST', '/projects/default/flags', { key: 'after' });
    const last = async (environment: string) =>
      (await server.api('GET', `/projects/default/environments/${environment}/flags/done`)).body.lastChange;
    expect(await last('production')).toMatchObject({ version, comment: 'launch', actor: expect.any(String) });
    expect(await last('staging')).toMatchObject({ comment: 'to begin with' });
  });

  test('changes in the parts that a request names', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'patched', owner: 'ann', tags: ['x'] });
    expect(
      (await server.api('PATCH', '/projects/default/flags/patched', { owner: 'bob', comment: 'moved' })).body,
    ).toMatchObject({
      owner: 'bob',
      tags: ['x'],
    });
    expect(
      (await server.api('PATCH', '/projects/default/flags/patched', { archived: true, name: 'Old' })).body,
    ).toMatchObject({
      archived: true,
      name: 'Old',
    });
    expect((await server.api('PATCH', '/projects/default/flags/patched', { archived: false })).body.archived).toBe(
      false,
    );
  });

  test('that nothing is asked of is no change', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'still' });
    const before = (await server.api('GET', `${production}/changes?flag=still`)).body.items.length;
    expect((await server.api('PATCH', '/projects/default/flags/still', {})).status).toBe(200);
    expect((await server.api('GET', `${production}/changes?flag=still`)).body.items).toHaveLength(before);
  });

  test('is deleted everywhere, with a comment', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'gone' });
    expect((await server.api('DELETE', '/projects/default/flags/gone?comment=unused')).status).toBe(204);
    for (const path of [
      '/projects/default/flags/gone',
      `${production}/flags/gone`,
      '/projects/default/environments/staging/flags/gone',
    ]) {
      expect((await server.api('GET', path)).status).toBe(404);
    }
    const [change] = (await server.api('GET', `${production}/changes?flag=gone&limit=1`)).body.items;
    expect(change).toMatchObject({ comment: 'unused', effects: [{ text: 'deleted' }] });
  });

  test.each<[string, object, string, string]>([
    [
      'POST',
      { key: 'wrong', variations: [{ value: 1 }, { value: 'a' }] },
      'variations',
      'variations must all be of one type',
    ],
    ['POST', { key: 'wrong', variations: [{ value: 1 }, { value: 1 }] }, 'variations[1].value', 'values must differ'],
    ['POST', { key: 'wrong', variations: [{ value: 1 }] }, 'variations', 'expected at least 2 entries'],
    [
      'POST',
      { key: 'wrong', kind: 'feature' },
      'kind',
      'expected "release", "valve", "config" or "migration", got "feature"',
    ],
    [
      'POST',
      { key: 'wrong', variations: [{ value: 1 }, {}] },
      'variations[1].value',
      'expected string, number, boolean, null, array or object, got nothing',
    ],
    ['PATCH', { variations: [{ value: 1 }, { value: 2 }] }, 'variations', 'the type of a flag cannot change'],
  ])('is refused by the path in the request itself: %s %j', async (method, body, path, message) => {
    await server.api('POST', '/projects/default/flags', { key: 'existing' });
    const where = method === 'POST' ? '/projects/default/flags' : '/projects/default/flags/existing';
    const answer = await server.api(method, where, body);
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.errors).toEqual([{ path, message: expect.stringContaining(message) }]);
  });
});

describe('lists', () => {
  test('of flags and segments are ordered by the code points of their keys and come in pages', async () => {
    await server.api('POST', '/projects', { key: 'paged' });
    await server.api('POST', '/projects/paged/environments', { key: 'one' });
    const at = '/projects/paged/environments/one';
    for (const key of ['a.a', 'B', 'ab', '9', 'a-b']) {
      await server.api('POST', '/projects/paged/flags', { key });
      await server.api('POST', `${at}/changes`, { segment: key, instructions: [{ kind: 'create-segment' }] });
    }
    for (const path of ['/projects/paged/flags', `${at}/flags`, `${at}/segments`]) {
      const first = await listKeys(`${path}?limit=2`);
      const second = await listKeys(`${path}?limit=2&cursor=${first.next}`);
      const third = await listKeys(`${path}?limit=2&cursor=${second.next}`);
      expect([first.keys, second.keys, third.keys]).toEqual([['9', 'B'], ['a-b', 'a.a'], ['ab']]);
      expect(third.next).toBeUndefined();
      expect((await listKeys(`${path}?limit=5`)).next).toBeUndefined();
    }
  });

  test('go on where they were though what came before has changed', async () => {
    await server.api('POST', '/projects', { key: 'moving' });
    await server.api('POST', '/projects/moving/environments', { key: 'one' });
    for (const key of ['a', 'b', 'c']) await server.api('POST', '/projects/moving/flags', { key });
    const { next } = await listKeys('/projects/moving/flags?limit=2');
    await server.api('DELETE', '/projects/moving/flags/a');
    await server.api('DELETE', '/projects/moving/flags/b');
    expect((await listKeys(`/projects/moving/flags?cursor=${next}`)).keys).toEqual(['c']);
  });
});

describe('a segment', () => {
  test('is shown without its salt, until it is deleted', async () => {
    await server.change({
      segment: 'beta',
      instructions: [
        { kind: 'create-segment', name: 'Beta' },
        { kind: 'add-members', keys: ['ann'] },
      ],
    });
    const { body } = await server.api('GET', `${production}/segments/beta`);
    expect(body).toEqual({
      key: 'beta',
      name: 'Beta',
      description: '',
      tags: [],
      included: [{ contextKind: 'user', keys: ['ann'] }],
      excluded: [],
      rules: [],
      version: expect.any(Number),
    });
    await server.change({ segment: 'beta', instructions: [{ kind: 'delete-segment' }] });
    expect((await server.api('GET', `${production}/segments/beta`)).status).toBe(404);
    expect((await server.api('GET', `${production}/segments`)).body.items).toEqual([]);
  });
});
