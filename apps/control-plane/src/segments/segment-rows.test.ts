import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;

const asks = (segment: string) => ({ clauses: [{ op: 'segmentMatch', values: [segment] }] });

beforeAll(async () => {
  server = await startTestServer();
  for (const key of ['a', 'b', 'c']) await server.api('POST', '/projects/default/flags', { key, name: `Flag ${key}` });
  await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve' });
  await server.change({
    instructions: [
      { kind: 'create-segment', segment: 'beta', name: 'Beta testers', tags: ['people'] },
      { kind: 'create-segment', segment: 'staff' },
      { kind: 'create-segment', segment: 'unused', description: 'Half of all' },
      { kind: 'add-members', segment: 'beta', keys: ['ann', 'ben'] },
      { kind: 'add-members', segment: 'beta', contextKind: 'account', keys: ['42'] },
      { kind: 'add-segment-rule', segment: 'beta', rule: asks('staff') },
      ...['a', 'b', 'c'].map((flag) => ({ kind: 'add-rule', flag, rule: { ...asks('beta'), variation: 'on' } })),
      { kind: 'add-rule', flag: 'a', rule: { ...asks('staff'), variation: 'on' } },
      // A segment is made for this one, and is no segment of people.
      {
        kind: 'trip',
        flag: 'search',
        mode: 'off',
        reason: 'slow',
        share: { contextKind: 'account', weight: 10_000 },
      },
    ],
  });
});

afterAll(() => server.close());

async function find(query = '') {
  return (await server.api('GET', `${production}/segment-rows?${query}`)).body;
}

describe('rows of segments', () => {
  test('show how many are in it, and who asks it', async () => {
    const { items, total } = await find();
    expect(total).toBe(3);
    expect(items).toEqual([
      {
        key: 'beta',
        name: 'Beta testers',
        description: '',
        tags: ['people'],
        included: 3,
        excluded: 0,
        rules: 1,
        uses: { flags: 3, segments: 0, examples: ['a', 'b', 'c'] },
        changedAt: expect.any(Number),
        version: 5,
      },
      expect.objectContaining({ key: 'staff', uses: { flags: 1, segments: 1, examples: ['a'] } }),
      expect.objectContaining({ key: 'unused', uses: { flags: 0, segments: 0, examples: [] } }),
    ]);
  });

  test('are found by words, and come in pages', async () => {
    const keysOf = async (query: string) => (await find(query)).items.map(({ key }: { key: string }) => key);
    expect(await keysOf('search=PEOPLE%20beta')).toEqual(['beta']);
    expect(await keysOf('search=f_a')).toEqual([]);
    const first = await find('limit=2');
    expect(first).toMatchObject({ total: 3, items: [{ key: 'beta' }, { key: 'staff' }] });
    const second = await find(`limit=2&cursor=${first.nextCursor}`);
    expect(second).toMatchObject({ total: 3, items: [{}] });
    expect(second.nextCursor).toBeUndefined();
  });

  test('follow what becomes of flags', async () => {
    await server.api('DELETE', '/projects/default/flags/c');
    expect((await find()).items[0].uses).toEqual({ flags: 2, segments: 0, examples: ['a', 'b'] });
  });
});

test('uses of a segment are flags and then segments, in pages', async () => {
  const path = `${production}/segments/staff/uses`;
  expect((await server.api('GET', path)).body).toEqual({
    items: [
      { kind: 'flag', key: 'a', name: 'Flag a', state: { word: 'off', parts: [{ text: 'off' }] } },
      { kind: 'segment', key: 'beta', name: 'Beta testers' },
    ],
  });
  const { items, nextCursor } = (await server.api('GET', `${path}?limit=1`)).body;
  expect(items).toMatchObject([{ key: 'a' }]);
  expect((await server.api('GET', `${path}?limit=1&cursor=${nextCursor}`)).body).toEqual({
    items: [{ kind: 'segment', key: 'beta', name: 'Beta testers' }],
  });
  expect((await server.api('GET', `${production}/segments/nothing/uses`)).status).toBe(404);
});
