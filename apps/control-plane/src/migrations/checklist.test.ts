import {
  type ApiAnswer,
  createFakeServerPlatform,
  startTestServer,
  type TestServer,
  tellBackfill,
  tellComparisons,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
  for (const stage of ['dualwrite', 'shadow']) await ask({ stage });
  await tellBackfill(server, 'orders');
});

afterEach(() => server.close());

function ask(stages: object, more: object = {}): Promise<ApiAnswer> {
  const instructions = [{ kind: 'set-stage', ...stages }];
  return server.api('POST', `${production}/changes`, { flag: 'orders', instructions, ...more });
}

async function readBarrier() {
  return (await server.api('GET', `${production}/flags/orders/barrier`)).body;
}

async function readComparisons() {
  const { checks, comparisons } = await readBarrier();
  return { ...checks.find(({ name }: { name: string }) => name === 'comparisons'), ...comparisons };
}

test('a list of migrations has what stands before each that is on its way', async () => {
  await server.api('POST', '/projects/default/flags', { key: 'carts', kind: 'migration', owner: 'shop' });
  await tellComparisons(server, 'orders', { equal: 2999, persistent: 1 });
  const barrier = await readBarrier();
  const { body } = await server.api('GET', `${production}/migration-rows`);
  expect(body.items).toMatchObject([
    { key: 'carts', owner: 'shop', fallthrough: { variation: 'off' } },
    {
      key: 'orders',
      fallthrough: { variation: 'shadow' },
      barrier: { ready: 0, waitsFor: 0, comparisons: barrier.comparisons, checks: barrier.checks },
    },
  ]);
  expect(body.items[0].barrier).toBeUndefined();
  const first = await server.api('GET', `${production}/migration-rows?limit=1`);
  expect(first.body.items).toHaveLength(1);
  const second = await server.api('GET', `${production}/migration-rows?limit=1&cursor=${first.body.nextCursor}`);
  expect(second.body.items).toMatchObject([{ key: 'orders' }]);
});

describe('comparisons', () => {
  test('are needed before the first record goes live', async () => {
    const text = 'nothing was compared since the last change; 2995 comparisons without a mismatch are enough';
    expect(await readComparisons()).toMatchObject({ before: ['live'], isPassed: false, text, compared: 0, atMost: 1 });
    expect(await ask({ stage: 'live' })).toMatchObject({
      status: 409,
      body: {
        code: 'barrier-closed',
        title: expect.stringMatching(
          /^no record of `orders` may go to `live` while a check is not passed: comparisons\./,
        ),
        errors: [{ path: 'instructions[0].overrule', message: `comparisons: ${text}` }],
      },
    });
    const tried = await ask({ stage: 'live' }, { dryRun: true });
    const [barrier] = tried.body.barriers;
    expect(barrier).toMatchObject({ into: 'live', isOpen: false, waitsFor: [] });
    expect(barrier.checks.map(({ name, isPassed }: Record<string, unknown>) => [name, isPassed])).toEqual([
      ['backfill', true],
      ['repairs', true],
      ['comparisons', false],
    ]);
  });

  test.each([
    [2994, 0, false],
    [2995, 0, true],
    [4740, 1, false],
    [4742, 1, true],
    [100_000, 200, false],
  ])('%i without and %i with a mismatch are enough: %s', async (equal, persistent, isEnough) => {
    await tellComparisons(server, 'orders', { equal, persistent });
    const compared = equal + persistent;
    expect(await readComparisons()).toMatchObject({
      isPassed: isEnough,
      compared,
      persistent,
      enough: persistent === 0 ? 2995 : expect.any(Number),
    });
    expect((await ask({ stage: 'live' })).status).toBe(isEnough ? 200 : 409);
  });

  test('are told with the share that may differ', async () => {
    await tellComparisons(server, 'orders', { equal: 2999, persistent: 1 });
    expect(await readComparisons()).toMatchObject({
      text: '1 of 3000 comparisons since the last change found a mismatch: with 95% confidence at most 0.16% do, and 0.1% may',
      atMost: expect.closeTo(0.00158, 5),
    });
  });

  test('count since the last change of the migration, as long ago as that is', async () => {
    await tellComparisons(server, 'orders', { equal: 2000, persistent: 500 });
    await platform.clock.advance(20_000);
    await ask({ stage: 'dualwrite' });
    await ask({ stage: 'shadow' });
    const since = platform.now();
    expect(await readComparisons()).toMatchObject({ since, compared: 0 });
    await tellComparisons(server, 'orders', { equal: 2000 });
    await platform.clock.advance(20_000);
    await tellComparisons(server, 'orders', { equal: 2000 });
    expect(await readComparisons()).toMatchObject({ since, isPassed: true, compared: 4000, persistent: 0 });
    for (const hours of [12, 24 * 10]) {
      platform.clock.setTimeOfDay(since + hours * 3_600_000);
      expect(await readComparisons()).toMatchObject({ isPassed: true, compared: 4000 });
    }
  });

  test('of the time before the last change do not count, however short ago they are told', async () => {
    await tellComparisons(server, 'orders', { equal: 3000, agoMs: 0 });
    for (const stage of ['dualwrite', 'shadow']) await ask({ stage });
    expect(await readComparisons()).toMatchObject({ isPassed: false, compared: 0 });
    // It began before the change and ended in other ten seconds than those of the change.
    await platform.clock.advance(10_000 - (platform.now() % 10_000) - 100);
    for (const stage of ['dualwrite', 'shadow']) await ask({ stage });
    await platform.clock.advance(4900);
    await tellComparisons(server, 'orders', { equal: 3000, agoMs: 0 });
    expect(await readComparisons()).toMatchObject({ isPassed: false, compared: 0 });
    await platform.clock.advance(10_000);
    await tellComparisons(server, 'orders', { equal: 3000, agoMs: 0 });
    expect(await readComparisons()).toMatchObject({ isPassed: true, compared: 3000 });
  });

  test('are not waited for where somebody says so by name, and the history says what was found and why', async () => {
    const passed = await ask({ stage: 'live', overrule: { reason: 'a store of test data', checks: ['comparisons'] } });
    expect(passed).toMatchObject({ status: 200 });
    expect(passed.body.effects.at(-1).text).toBe(
      'did not wait before `live` for comparisons (nothing was compared since the last change; 2995 comparisons without a mismatch are enough): a store of test data',
    );
    expect(await ask({ stage: 'rampdown' })).toMatchObject({ status: 200 });
  });

  test('stay needed where something else is named', async () => {
    const overrule = { reason: 'x', checks: ['repairs'], instances: ['comparisons'] };
    expect(await ask({ stage: 'live', overrule })).toMatchObject({ status: 409 });
  });

  test('are nothing that a return waits for, nor those who follow', async () => {
    await tellComparisons(server, 'orders', { equal: 3000 });
    const rollout = (weight: number) => [
      { stage: 'shadow', weight: 100_000 - weight },
      { stage: 'live', weight },
    ];
    expect(await ask({ rollout: rollout(1000) })).toMatchObject({ status: 200 });
    await platform.clock.advance(20_000);
    expect(await ask({ rollout: rollout(50_000) })).toMatchObject({ status: 200 });
    expect(await ask({ stage: 'shadow' })).toMatchObject({ status: 200 });
    expect(await ask({ stage: 'live' })).toMatchObject({ status: 409 });
  });
});

describe('a backfill', () => {
  async function readCheck() {
    const { checks, backfill } = await readBarrier();
    return { ...checks.find(({ name }: { name: string }) => name === 'backfill'), ...backfill };
  }

  async function addRange(position: number, state: 'verified' | 'done' | 'dirty'): Promise<void> {
    const { db } = server.running.context;
    const row = await db.selectFrom('backfillRanges').selectAll().executeTakeFirstOrThrow();
    await db
      .insertInto('backfillRanges')
      .values({ ...row, position, state })
      .execute();
  }

  test('is needed before the first record goes live', async () => {
    await server.running.context.db.deleteFrom('backfillRanges').execute();
    await tellComparisons(server, 'orders', { equal: 3000 });
    const text =
      'the new store lacks what was in the old one before: no backfill was run since the last record left `off`';
    expect(await readCheck()).toMatchObject({ before: ['live'], isPassed: false, text, ranges: 0 });
    expect(await ask({ stage: 'live' })).toMatchObject({
      status: 409,
      body: { errors: [{ path: 'instructions[0].overrule', message: `backfill: ${text}` }] },
    });
    expect(await ask({ stage: 'live', overrule: { reason: 'empty', checks: ['backfill'] } })).toMatchObject({
      status: 200,
    });
  });

  test.each(['done', 'dirty'] as const)('has to be verified, every range of it: not if one is %s', async (state) => {
    await tellComparisons(server, 'orders', { equal: 3000 });
    await addRange(1, 'verified');
    expect(await readCheck()).toMatchObject({ isPassed: true, ranges: 2, verified: 2 });
    await addRange(2, state);
    expect(await readCheck()).toMatchObject({
      isPassed: false,
      text: '2 of 3 ranges of the backfill are verified',
    });
    expect((await ask({ stage: 'live' })).status).toBe(409);
  });

  test('counts for nothing once records were in `off` again', async () => {
    await ask({ stage: 'off' });
    for (const stage of ['dualwrite', 'shadow']) await ask({ stage });
    expect(await readCheck()).toMatchObject({ isPassed: false, ranges: 0 });
  });
});

test.each<[object, RegExp]>([
  [{}, /expected `instances`, `checks` or both/],
  [{ checks: [] }, /checks/],
  [{ checks: ['weather'] }, /checks\[0\]/],
])('whoever overrules says what: not %j', async (named, message) => {
  const refused = await ask({ stage: 'live', overrule: { reason: 'x', ...named } });
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body)).toMatch(message);
});
