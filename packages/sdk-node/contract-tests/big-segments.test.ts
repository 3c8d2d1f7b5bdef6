import { flagOf, segmentOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ann, type DrivenClient, type Driver, startDriver, streamOf } from './driver.ts';
import { type Endpoint, type StandIn, startStandIn } from './harness-stand-in.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

type Memberships = Record<string, Record<string, boolean | null> | null>;

/** A store whose content the test changes; it counts what it is asked. */
interface MockStore {
  readonly endpoint: Endpoint;
  memberships: Memberships | 'broken';
  ageMs: number | 'broken';
  /** Hashes, in the order of the queries. */
  readonly queries: string[];
  metadataQueries: number;
}

function serveStore(memberships: Memberships | 'broken' = {}, ageMs: number | 'broken' = 0): MockStore {
  const endpoint = standIn.serve(({ path, body }, response) => {
    if (path === '/getMetadata') {
      store.metadataQueries++;
      if (store.ageMs === 'broken') response.writeHead(500).end();
      else response.end(JSON.stringify({ lastUpToDate: Date.now() - store.ageMs }));
      return;
    }
    const { contextHash } = JSON.parse(body);
    store.queries.push(contextHash);
    if (store.memberships === 'broken') response.writeHead(500).end();
    else response.end(JSON.stringify({ values: store.memberships[contextHash] ?? undefined }));
  });
  const store: MockStore = { endpoint, memberships, ageMs, queries: [], metadataQueries: 0 };
  return store;
}

/** SHA-256 in base64 of the keys. */
const hashes = {
  'user-key': 'CEXjZY7cHJG/ydFy7q4+YEFwVrG3/pkJwA4FAjrbfx0=',
  user1: 'CgQblGLKpKMbrDVn4Lbm/ZEAeH2yq0M9lvbReMq/zpA=',
  user2: 'YCXRj+SKvUUWhSjxioLiZd2Y1CGnCEqgn2GzQXA5AaM=',
  user3: 'WGD68CtrxiIrpaylI1YPDjZMzYtnvuSG/ov3wB1JLMs=',
};

const user = (key: string) => ({ kind: 'user', key });

function flagFor(key: string, ...segments: readonly string[]) {
  return flagOf(key, {
    fallthrough: { variation: 1 },
    rules: segments.map((segment) => ({
      id: segment,
      clauses: [{ attribute: '', op: 'segmentMatch', values: [segment] }],
      variation: 0,
    })),
  });
}

const source = streamOf(
  [
    flagFor('flag', 'big'),
    flagFor('by-rule', 'with-rule'),
    flagFor('other-kind', 'others'),
    flagFor('no-generation', 'no-generation'),
    flagFor('many', 'big', 'bigger', 'others'),
  ],
  [
    segmentOf('big', { unbounded: true, generation: 100, included: ['listed'] }),
    segmentOf('bigger', { unbounded: true, generation: 101 }),
    segmentOf('with-rule', {
      unbounded: true,
      generation: 100,
      rules: [{ clauses: [{ attribute: 'key', op: 'in', values: ['user-key'] }] }],
    }),
    segmentOf('others', { unbounded: true, unboundedContextKind: 'other', generation: 102 }),
    segmentOf('no-generation', { unbounded: true }),
  ],
);

async function start(store: MockStore | undefined, settings: object = {}): Promise<DrivenClient> {
  return driver.create({
    streaming: { baseUri: standIn.serve(source.handler).url },
    ...(store !== undefined && { bigSegments: { callbackUri: store.endpoint.url, ...settings } }),
  });
}

describe.each([
  ['HEALTHY', 0],
  ['STALE', 1_000_000],
] as const)('a store that is %s', (bigSegmentsStatus, ageMs) => {
  const outside = { value: false, variationIndex: 1, reason: { kind: 'FALLTHROUGH', bigSegmentsStatus } };
  const inside = (ruleId: string) => ({
    value: true,
    variationIndex: 0,
    reason: { kind: 'RULE_MATCH', ruleIndex: 0, ruleId, bigSegmentsStatus },
  });

  test.each([
    ['that it does not know', 'flag', {}, outside],
    ['of which it knows no segment', 'flag', { [hashes['user-key']]: {} }, outside],
    ['without a membership', 'flag', { [hashes['user-key']]: null }, outside],
    ['that is included', 'flag', { [hashes['user-key']]: { 'big.g100': true } }, inside('big')],
    ['that is excluded', 'flag', { [hashes['user-key']]: { 'big.g100': false } }, outside],
    ['of which it knows another generation', 'flag', { [hashes['user-key']]: { 'big.g99': true } }, outside],
    ['that it leaves to a rule', 'by-rule', { [hashes['user-key']]: {} }, inside('with-rule')],
    ['that it excludes in spite of a rule', 'by-rule', { [hashes['user-key']]: { 'with-rule.g100': false } }, outside],
    ['with null for a segment', 'by-rule', { [hashes['user-key']]: { 'with-rule.g100': null } }, inside('with-rule')],
  ])('decides about a context %s', async (_, flagKey, memberships, expected) => {
    const store = serveStore(memberships, ageMs);
    const client = await start(store);
    expect(await client.detail(flagKey, user('user-key'))).toEqual(expected);
    expect(store.queries).toEqual([hashes['user-key']]);
  });
});

describe('a big segment', () => {
  test('has no use for its lists', async () => {
    const client = await start(serveStore());
    expect(await client.evaluate('flag', user('listed'))).toBe(false);
  });

  test('is not looked up for a context of another kind', async () => {
    const store = serveStore({ [hashes['user-key']]: { 'others.g102': true } });
    const client = await start(store);
    expect(await client.detail('other-kind', user('user-key'))).toMatchObject({ reason: { kind: 'FALLTHROUGH' } });
    expect(store.queries).toEqual([]);
  });

  test('without a store, or without a generation, is not configured', async () => {
    const reason = { kind: 'FALLTHROUGH', bigSegmentsStatus: 'NOT_CONFIGURED' };
    const without = await start(undefined);
    expect(await without.detail('flag', user('user-key'))).toMatchObject({ value: false, reason });
    expect(await without.command('getBigSegmentStoreStatus')).toEqual({ available: false, stale: false });
    const store = serveStore({ [hashes['user-key']]: { 'no-generation.g0': true } });
    const client = await start(store);
    expect(await client.detail('no-generation', user('user-key'))).toMatchObject({ value: false, reason });
    expect(store.queries).toEqual([]);
  });

  test('of a store that fails has nobody in it, after one query', async () => {
    const store = serveStore('broken');
    const client = await start(store);
    expect(await client.detail('flag', user('user-key'))).toMatchObject({
      value: false,
      reason: { kind: 'FALLTHROUGH', bigSegmentsStatus: 'STORE_ERROR' },
    });
    expect(store.queries).toEqual([hashes['user-key']]);
  });
});

describe('a membership', () => {
  test('is asked for once in an evaluation', async () => {
    const store = serveStore({ [hashes.user1]: { 'big.g100': false, 'bigger.g101': true } });
    const client = await start(store);
    expect(await client.evaluate('many', user('user1'))).toBe(true);
    expect(store.queries).toEqual([hashes.user1]);
  });

  test('is asked for by key: once for equal keys, and for another key only when it is needed', async () => {
    const store = serveStore({
      [hashes.user1]: { 'big.g100': false, 'bigger.g101': false },
      [hashes.user2]: { 'others.g102': true },
      [hashes.user3]: { 'big.g100': true, 'others.g102': true },
    });
    const client = await start(store);
    const multi = (userKey: string, otherKey: string) => ({
      kind: 'multi',
      user: { key: userKey },
      other: { key: otherKey },
    });
    expect(await client.evaluate('many', multi('user1', 'user2'))).toBe(true);
    expect(store.queries.splice(0)).toEqual([hashes.user1, hashes.user2]);
    expect(await client.evaluate('many', multi('user3', 'user-key'))).toBe(true);
    expect(store.queries.splice(0)).toEqual([hashes.user3]);
    expect(await client.evaluate('many', multi('user-key', 'user-key'))).toBe(false);
    expect(store.queries).toEqual([hashes['user-key']]);
  });

  test('is remembered, for each context', async () => {
    const store = serveStore({ [hashes.user1]: { 'big.g100': true }, [hashes.user2]: { 'big.g100': true } });
    const client = await start(store);
    expect(await client.evaluate('flag', user('user1'))).toBe(true);
    store.memberships = {};
    expect(await client.evaluate('flag', user('user1'))).toBe(true);
    expect(await client.evaluate('flag', user('user2'))).toBe(false);
    expect(await client.evaluate('flag', user('user1'))).toBe(true);
    expect(store.queries).toEqual([hashes.user1, hashes.user2]);
  });

  test('is forgotten when it is too old', async () => {
    const store = serveStore({ [hashes.user1]: { 'big.g100': true } });
    const client = await start(store, { userCacheTimeMs: 1 });
    expect(await client.evaluate('flag', user('user1'))).toBe(true);
    store.memberships = {};
    while (await client.evaluate('flag', user('user1'))) expect(store.queries).toHaveLength(1);
    expect(store.queries).toEqual([hashes.user1, hashes.user1]);
  });

  test('is forgotten when there are too many', async () => {
    const store = serveStore({ [hashes.user1]: { 'big.g100': true }, [hashes.user2]: { 'bigger.g101': true } });
    const client = await start(store, { userCacheSize: 2 });
    const asked: unknown[] = [];
    for (const key of ['user1', 'user2', 'user2', 'user3', 'user1'])
      asked.push(await client.evaluate('many', user(key)));
    expect(asked).toEqual([true, true, true, false, true]);
    expect(store.queries).toEqual([hashes.user1, hashes.user2, hashes.user3, hashes.user1]);
  });
});

describe('the status of a store', () => {
  test.each([
    [0, { available: true, stale: false }],
    [1_000_000, { available: true, stale: true }],
    ['broken', { available: false, stale: false }],
  ] as const)('is told for an age of %s', async (ageMs, expected) => {
    const client = await start(serveStore({}, ageMs));
    expect(await client.command('getBigSegmentStoreStatus')).toEqual(expected);
  });

  test('depends on what counts as stale', async () => {
    const client = await start(serveStore({}, 10_000), { staleAfterMs: 5000 });
    expect(await client.command('getBigSegmentStoreStatus')).toEqual({ available: true, stale: true });
  });

  test('is looked at again and again, as often as was asked', async () => {
    const store = serveStore();
    await start(store, { statusPollIntervalMs: 1 });
    for (let query = 0; query < 3; query++) expect((await store.endpoint.requests.next()).path).toBe('/getMetadata');
  });

  test('is not looked at for each evaluation', async () => {
    const store = serveStore();
    const client = await start(store, { statusPollIntervalMs: 1_000_000 });
    expect(await client.command('getBigSegmentStoreStatus')).toEqual({ available: true, stale: false });
    for (let index = 0; index < 10; index++) await client.evaluate('flag', { ...ann, key: `user-${index}` });
    expect(store.queries).toHaveLength(10);
    expect(store.metadataQueries).toBe(1);
  });
});
