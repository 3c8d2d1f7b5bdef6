import type { FlagRowView } from '@sluice/api-client';
import { createFakeServerPlatform, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const staging = '/projects/default/environments/staging';
const hourMs = 3_600_000;

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;

async function find(query = '', at = production) {
  const { status, body } = await server.api('GET', `${at}/flag-rows?${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

async function findKeys(search: string, more = ''): Promise<readonly string[]> {
  return (await find(`search=${encodeURIComponent(search)}${more}`)).items.map(({ key }: FlagRowView) => key);
}

async function evaluate(flag: string, count: number): Promise<void> {
  const counters = [{ count, variation: 0, version: 1 }];
  await fetch(`${server.url}/bulk`, {
    method: 'POST',
    headers: { authorization: server.sdkKey, 'content-type': 'application/json' },
    body: JSON.stringify([{ kind: 'summary', features: { [flag]: { counters } } }]),
  });
  await server.running.context.evaluations.flush();
}

function pass(ms: number): void {
  platform.clock.setTimeOfDay(platform.now() + ms);
}

function sentence({ parts }: FlagRowView['state']): string {
  return parts.map(({ text }) => text).join('');
}

beforeAll(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  const flags = [
    { key: 'checkout', name: 'Checkout in one page', tags: ['shop', 'web'], owner: 'Jonas Weber' },
    { key: 'checkout.max', kind: 'config', value: 3, tags: ['shop'], config: { schema: { type: 'integer' } } },
    { key: 'old_tax', description: 'Tax of 2019, 50% wrong', tags: ['cleanup'] },
    { key: 'search', kind: 'valve', variations: [{ value: 'normal' }, { value: 'cached' }], owner: 'Growth' },
    { key: 'gone' },
    { key: 'orders', kind: 'migration' },
  ];
  for (const flag of flags) await server.api('POST', '/projects/default/flags', flag);
  await server.api('PATCH', '/projects/default/flags/gone', { archived: true });
  pass(30 * hourMs);
  await server.change({
    instructions: [
      { kind: 'turn-on', flag: 'checkout' },
      {
        kind: 'set-fallthrough',
        flag: 'checkout',
        rollout: {
          variations: [
            { variation: 'on', weight: 50_000 },
            { variation: 'off', weight: 50_000 },
          ],
          contextKind: 'account',
        },
      },
    ],
  });
  await evaluate('old_tax', 5);
  pass(26 * hourMs);
  await evaluate('checkout', 600);
  pass(hourMs);
  await evaluate('checkout', 1200);
  await evaluate('search', 1);
  pass(60_000);
});

afterAll(() => server.close());

describe('rows of flags', () => {
  test('show what a flag is and how it behaves here, in words', async () => {
    const { items, total } = await find();
    expect(total).toBe(5);
    const [checkout] = items;
    const now = platform.now();
    expect(checkout).toEqual({
      key: 'checkout',
      kind: 'release',
      name: 'Checkout in one page',
      description: '',
      tags: ['shop', 'web'],
      owner: 'Jonas Weber',
      archived: false,
      state: {
        word: 'on',
        parts: [{ text: 'on, ' }, { text: '50%', as: 'strong' }, { text: ' by account' }],
      },
      evaluations: {
        hourly: [...Array.from({ length: 22 }, () => 0), 600, 1200],
        perSecond: 4,
        lastAt: now - 60_000,
      },
      changedAt: now - 27 * hourMs - 60_000,
      version: 8,
    });
    expect(items.map((row: FlagRowView) => `${row.key}: ${sentence(row.state)}`)).toEqual([
      'checkout: on, 50% by account',
      'checkout.max: 3',
      'old_tax: off',
      'orders: off',
      'search: normal',
    ]);
  });

  test('are found by words in key, name, description and tags, all of them', async () => {
    expect(await findKeys('CHECKOUT')).toEqual(['checkout', 'checkout.max']);
    expect(await findKeys('checkout page')).toEqual(['checkout']);
    expect(await findKeys('shop')).toEqual(['checkout', 'checkout.max']);
    expect(await findKeys('2019')).toEqual(['old_tax']);
  });

  test('are found by what stands there, not by what a pattern would mean', async () => {
    expect(await findKeys('50%')).toEqual(['old_tax']);
    expect(await findKeys('old_t')).toEqual(['old_tax']);
    expect(await findKeys('_')).toEqual(['old_tax']);
    expect(await findKeys('!')).toEqual([]);
  });

  test('of valves are found as kill switches', async () => {
    expect(await findKeys('kill switch')).toEqual(['search']);
  });

  test.each([
    ['kind:valve', 'kind=valve', ['search']],
    ['tag:shop', 'tag=shop', ['checkout', 'checkout.max']],
    ['tag:sho', 'tag=sho', []],
    ['owner:"Jonas Weber"', 'owner=Jonas%20Weber', ['checkout']],
    ['owner:nobody', 'owner=nobody', ['checkout.max', 'old_tax', 'orders']],
    ['state:off', 'state=off', ['old_tax', 'orders']],
    ['state:archived', 'state=archived', ['gone']],
    ['evaluated:never', 'evaluated=never', ['checkout.max', 'orders']],
    ['evaluated:24h', 'evaluated=24h', ['checkout', 'search']],
    ['evaluated:not-24h', 'evaluated=not-24h', ['checkout.max', 'old_tax', 'orders']],
    ['evaluated:7d', 'evaluated=7d', ['checkout', 'old_tax', 'search']],
  ])('are filtered by %s, typed or chosen', async (typed, chosen, keys) => {
    expect(await findKeys(typed)).toEqual(keys);
    expect(await findKeys('', `&${chosen}`)).toEqual(keys);
  });

  test('meet what is typed and what is chosen', async () => {
    expect(await findKeys('checkout kind:config', '&tag=shop')).toEqual(['checkout.max']);
    expect(await findKeys('kind:valve', '&kind=config')).toEqual([]);
  });

  test('come in pages that neither repeat nor miss any, while flags come', async () => {
    const first = await find('limit=2');
    expect(first).toMatchObject({ total: 5, items: [{ key: 'checkout' }, { key: 'checkout.max' }] });
    await server.api('POST', '/projects/default/flags', { key: 'a-new-one' });
    const second = await find(`limit=2&cursor=${first.nextCursor}`);
    expect(second).toMatchObject({ total: 6, items: [{ key: 'old_tax' }, { key: 'orders' }] });
    const third = await find(`limit=2&cursor=${second.nextCursor}`);
    expect(third.items).toMatchObject([{ key: 'search' }]);
    expect(third.nextCursor).toBeUndefined();
    await server.api('DELETE', '/projects/default/flags/a-new-one');
    expect((await find()).total).toBe(5);
  });

  test('say how the flag behaves in another environment, and whether it does the same', async () => {
    const { items } = await find('compare=staging');
    expect(items.map(({ key, other }: FlagRowView) => [key, other?.same, other && sentence(other.state)])).toEqual([
      ['checkout', false, 'off'],
      ['checkout.max', true, '3'],
      ['old_tax', true, 'off'],
      ['orders', true, 'off'],
      ['search', true, 'normal'],
    ]);
    const keysOf = async (query: string) => (await find(query)).items.map(({ key }: FlagRowView) => key);
    expect(await keysOf('compare=staging&compared=different')).toEqual(['checkout']);
    expect(await keysOf('compare=staging&compared=same&tag=shop')).toEqual(['checkout.max']);
    expect((await find('', staging)).items[0].other).toBeUndefined();
  });

  test('follow a trip and its end', async () => {
    await server.change({ flag: 'search', instructions: [{ kind: 'trip', mode: 'cached', reason: 'slow' }] });
    const [row] = (await find('state=tripped')).items;
    expect(sentence(row.state)).toBe('cached for everyone');
    await server.change({ flag: 'search', instructions: [{ kind: 'restore' }] });
    expect((await find('state=tripped')).items).toEqual([]);
  });

  test.each([
    ['chekout', 'checkout'],
    ['tag:shpo checkout', 'tag:shop checkout'],
    ['owner:grwth', 'owner:Growth'],
    ['kind:valve claenup', 'kind:valve cleanup'],
    ['zzzzzz', undefined],
    ['checkout kind:valve', undefined],
  ])('that are none for %j suggest %j', async (search, suggestion) => {
    const answer = await find(`search=${encodeURIComponent(search)}`);
    expect(answer).toMatchObject({ items: [], total: 0 });
    expect(answer.suggestion).toBe(suggestion);
  });

  test.each([
    ['search=stat:off', 'search', 'expected one of the filters `kind:`, `tag:`, `owner:`, `state:` and `evaluated:`'],
    ['evaluated=soon', 'evaluated', 'expected `never`, a time such as `24h`'],
    ['compared=same', 'compare', 'expected the environment to compare with, got none'],
    ['state=odd', 'state', 'expected "on", "off", "tripped" or "archived", got "odd"'],
  ])('asked for by %s are refused with what is known', async (query, path, message) => {
    const { status, body } = await server.api('GET', `${production}/flag-rows?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'invalid-request',
      errors: [{ path, message: expect.stringContaining(message) }],
    });
  });

  test('compared with an environment that is not there are not found', async () => {
    expect((await server.api('GET', `${production}/flag-rows?compare=nowhere`)).status).toBe(404);
  });
});

test('facets count what flags can be filtered by', async () => {
  expect((await server.api('GET', `${production}/flag-facets`)).body).toEqual({
    total: 5,
    kinds: [
      { kind: 'release', count: 2 },
      { kind: 'config', count: 1 },
      { kind: 'migration', count: 1 },
      { kind: 'valve', count: 1 },
    ],
    states: [
      { state: 'on', count: 3 },
      { state: 'off', count: 2 },
      { state: 'archived', count: 1 },
    ],
    tags: [
      { tag: 'shop', count: 2 },
      { tag: 'cleanup', count: 1 },
      { tag: 'web', count: 1 },
    ],
    differentTags: 3,
    owners: [
      { owner: '', count: 3 },
      { owner: 'Growth', count: 1 },
      { owner: 'Jonas Weber', count: 1 },
    ],
    differentOwners: 2 + 1,
  });
});

test('what a release without listings changed is listed by the next one', async () => {
  const before = await startTestServer();
  for (const key of ['kept', 'deleted']) await before.api('POST', '/projects/default/flags', { key, tags: ['shop'] });
  await before.change({ instructions: [{ kind: 'create-segment', segment: 'beta' }] });
  await before.change({ flag: 'kept', instructions: [{ kind: 'turn-on' }] });
  const stale = await readListings(before);
  await before.api('DELETE', '/projects/default/flags/deleted');
  const fresh = await readListings(before);
  expect([stale.length, fresh.length]).toEqual([5, 3]);
  // As the earlier release leaves them: a flag that is gone, one of before, and no segment.
  const { db } = before.running.context;
  await db.deleteFrom('listings').execute();
  await db
    .insertInto('listings')
    .values(stale.filter(({ kind }) => kind === 'flag').map((row) => ({ ...row, shownJson: '{}', version: 1 })))
    .execute();
  await db.updateTable('environments').set({ listedVersion: 0 }).execute();
  await before.running.close();
  const after = await startTestServer({ folder: before.folder });
  expect(await readListings(after)).toEqual(fresh);
  const environments = after.running.context.db.selectFrom('environments').selectAll();
  for (const { version, listedVersion } of await environments.execute()) expect(listedVersion).toBe(version);
  await after.change({ flag: 'kept', instructions: [{ kind: 'turn-off' }] });
  for (const { version, listedVersion } of await environments.execute()) expect(listedVersion).toBe(version);
  await after.close();
  await before.close();
});

function readListings({ running }: TestServer) {
  return running.context.db
    .selectFrom('listings')
    .selectAll()
    .orderBy('environmentId')
    .orderBy('kind')
    .orderBy('key')
    .execute();
}
