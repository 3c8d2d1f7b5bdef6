import { createClient } from '@sluice/sdk-node';
import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { forgetOldContexts } from './context-recorder.ts';

const hourMs = 3_600_000;
const path = '/projects/default/environments/production/contexts';

let server: TestServer;
let now = Date.now();

beforeAll(async () => {
  server = await startTestServer({
    platform: { now: () => now, elapsed: () => now },
    variables: { SLUICE_SAMPLED_CONTEXTS: '100' },
  });
});

afterAll(() => server.close());

beforeEach(async () => {
  await server.running.context.db.deleteFrom('seenContexts').execute();
  // What was told before is told again.
  now += 2 * hourMs;
});

/** An SDK tells of contexts, and they are written. */
async function see(...contexts: readonly unknown[]): Promise<void> {
  const events = contexts.map((context) => ({ kind: 'index', creationDate: 1, context }));
  const headers = { authorization: server.sdkKey, 'content-type': 'application/json' };
  const { status } = await fetch(`${server.url}/bulk`, { method: 'POST', headers, body: JSON.stringify(events) });
  expect(status).toBe(202);
  await server.running.context.contexts.flush();
}

async function list(query = '') {
  const { status, body } = await server.api('GET', `${path}${query}`);
  expect(status).toBe(200);
  return body;
}

const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ kind: 'user', key: `user-${from + at}` }));

describe('contexts that SDKs evaluated for', () => {
  test('are listed with their attributes, without what is private', async () => {
    const { url, sdkKey } = server;
    const client = createClient({
      url,
      sdkKey,
      cacheFolder: false,
      instance: { key: 'web-1' },
      events: { privateAttributes: ['email'] },
    });
    onTestFinished(() => client.close());
    await client.ready();
    client.enabled('checkout', { kind: 'user', key: 'ann', plan: 'pro', email: 'ann@example.com' });
    client.enabled('checkout', { kind: 'multi', user: { key: 'bob' }, account: { key: 'acme', plan: 'free' } });
    await client.flush();
    await server.running.context.contexts.flush();
    const body = await list();
    expect(body).toMatchObject({ total: 2, sampled: 2, seen: 2, oldestAt: now });
    expect(body.items.toSorted((a: { key: string }, b: { key: string }) => (a.key < b.key ? 1 : -1))).toEqual([
      {
        kind: 'user',
        key: 'ann',
        attributes: { plan: 'pro' },
        redacted: ['email'],
        lastSeenAt: now,
        context: { kind: 'user', key: 'ann', plan: 'pro', _meta: { redactedAttributes: ['email'] } },
      },
      {
        kind: 'multi',
        key: 'account:acme:user:bob',
        attributes: { user: { key: 'bob' }, account: { key: 'acme', plan: 'free' } },
        redacted: [],
        lastSeenAt: now,
        context: { kind: 'multi', user: { key: 'bob' }, account: { key: 'acme', plan: 'free' } },
      },
    ]);
  });

  test('are found by text and by kind, and come in pages', async () => {
    await see({ kind: 'user', key: 'Ann', name: 'Ann 100%_' }, { kind: 'account', key: 'ann-inc' }, ...users(7));
    const keys = async (query: string) => (await list(query)).items.map(({ key }: { key: string }) => key).sort();
    expect(await keys('?search=ann')).toEqual(['Ann', 'ann-inc']);
    expect(await keys('?search=100%25_')).toEqual(['Ann']);
    expect(await keys('?search=100%25%25')).toEqual([]);
    expect(await keys('?kind=account')).toEqual(['ann-inc']);
    expect(await list('?search=user&limit=3')).toMatchObject({ total: 7, sampled: 9 });
    const all: string[] = [];
    for (let query = '?limit=4'; ; ) {
      const { items, nextCursor } = await list(query);
      all.push(...items.map(({ key }: { key: string }) => key));
      if (nextCursor === undefined) break;
      query = `?limit=4&cursor=${nextCursor}`;
    }
    expect([all.length, new Set(all).size]).toEqual([9, 9]);
  });

  test('are a bounded sample, however many there are, with an estimate of how many', async () => {
    for (let from = 0; from < 3000; from += 1000) await see(...users(1000, from));
    const body = await list('?limit=500');
    expect(body).toMatchObject({ total: 100, sampled: 100 });
    expect(body.items).toHaveLength(100);
    // The estimate's standard deviation is a tenth.
    expect(body.seen / 3000).toBeGreaterThan(0.6);
    expect(body.seen / 3000).toBeLessThan(1.4);
    const rows = await server.running.context.db.selectFrom('seenContexts').select('hash').execute();
    expect(rows).toHaveLength(150);
    // Whoever comes again is in the same sample.
    now += 2 * hourMs;
    for (let from = 0; from < 3000; from += 1000) await see(...users(1000, from));
    const again = await list('?limit=500');
    expect(again.items.map(({ key }: { key: string }) => key)).toEqual(
      body.items.map(({ key }: { key: string }) => key),
    );
    expect(again.oldestAt).toBe(now);
  });

  test('are forgotten 7 days after they were seen last', async () => {
    await see(...users(2));
    now += 24 * hourMs;
    await see({ kind: 'user', key: 'user-0', plan: 'new' });
    const forget = () =>
      server.running.context.db.transaction().execute((writes) => forgetOldContexts(writes, { now, sampleSize: 100 }));
    now += 6 * 24 * hourMs;
    await forget();
    expect((await list()).total).toBe(2);
    now += 1;
    await forget();
    expect((await list()).items).toMatchObject([{ key: 'user-0', attributes: { plan: 'new' } }]);
  });

  test('may be hostile', async () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 3000; depth++) nested = { a: nested };
    await see(
      { kind: 'user', key: 'nul\u0000\ud800', name: 'n\u0000' },
      { kind: 'user', key: 'huge', text: 'x'.repeat(1_000_000), nested },
      { kind: 'user', key: 'k'.repeat(300) },
      null,
      { kind: 'multi' },
    );
    const { items } = await list('?search=nul');
    expect(items).toMatchObject([{ context: { key: 'nul\u0000\ud800' } }]);
    expect((await list('?search=huge')).items).toMatchObject([{ attributes: {}, redacted: ['text', 'nested'] }]);
    expect((await list()).total).toBe(2);
    expect((await server.api('GET', `${path}?search=%00`)).status).toBeLessThan(500);
  });
});

test('where no sample is wanted nothing is kept, and what was is forgotten', async () => {
  const off = await startTestServer({ variables: { SLUICE_SAMPLED_CONTEXTS: '0' } });
  onTestFinished(() => off.close());
  const { contexts, db } = off.running.context;
  const { id } = await db.selectFrom('environments').select('id').executeTakeFirstOrThrow();
  contexts.recordContexts(id, users(2));
  await contexts.flush();
  expect((await off.api('GET', path)).body).toMatchObject({ items: [], total: 0, sampled: 0, seen: 0 });
  const row = { environmentId: id, hash: '0', key: 'k', kinds: ' user ', searchText: 'k', lastSeenAt: Date.now() };
  await db
    .insertInto('seenContexts')
    .values({ ...row, contextJson: '{"kind":"user","key":"k"}' })
    .execute();
  await db.transaction().execute((writes) => forgetOldContexts(writes, { now: 0, sampleSize: contexts.sampleSize }));
  expect(await db.selectFrom('seenContexts').select('hash').execute()).toEqual([]);
});
