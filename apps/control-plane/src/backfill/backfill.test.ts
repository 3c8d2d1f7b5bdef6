import type { BackfillView } from '@sluice/api-client';
import type { BackfillClaim, BackfillLease, BackfillVerification } from '@sluice/protocol';
import {
  type ApiAnswer,
  createLaunchDarklyClient,
  openTestSocket,
  startTestServer,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.now();
  server = await startTestServer({ platform: { now: () => nowMs } });
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
});

afterEach(() => server.close());

async function moveTo(stage: string, more: object = {}): Promise<void> {
  await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage, ...more }] });
}

/** As a worker does. */
async function tell(what: string, body: object, sdkKey = server.sdkKey): Promise<Pick<ApiAnswer, 'status' | 'body'>> {
  const response = await fetch(`${server.url}/sdk/v1/migrations/orders/backfill/${what}`, {
    method: 'POST',
    headers: { authorization: sdkKey, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function claim(worker: string, except: readonly number[] = []): Promise<BackfillClaim> {
  const { status, body } = await tell('claim', { worker, except });
  expect(status).toBe(200);
  return body;
}

async function take(worker: string, except?: readonly number[]): Promise<BackfillLease> {
  const claimed = await claim(worker, except);
  if (claimed.kind !== 'range') throw new Error(`expected a range, got ${JSON.stringify(claimed)}`);
  return claimed.lease;
}

const tally = { rows: 2, inserted: 1, equal: 1, skippedNewer: 0, failed: 0 };

function progress({ position, fence }: BackfillLease, more: object = {}) {
  return tell('progress', { position, fence, isCopied: false, tally, ...more });
}

const sum = { count: 2, sum: '00000000000000ff', maxVersion: 'v2' };
const equal: BackfillVerification = { old: sum, new: sum, repaired: 0, reported: [] };

function verified({ position, fence }: BackfillLease, verification: BackfillVerification = equal) {
  return tell('verification', { position, fence, verification });
}

async function readBackfill(): Promise<BackfillView> {
  return (await server.api('GET', `${production}/flags/orders/backfill`)).body;
}

async function readPage(query: string): Promise<BackfillView> {
  return (await server.api('GET', `${production}/flags/orders/backfill?${query}`)).body;
}

async function start(...upperBounds: readonly string[]): Promise<void> {
  await moveTo('dualwrite');
  expect(await claim('a')).toEqual({ kind: 'propose' });
  expect(await tell('ranges', { upperBounds })).toEqual({ status: 200, body: {} });
}

describe('a worker', () => {
  test('that holds a range of an earlier map tells nothing of the ranges of a later one', async () => {
    await start('m');
    const early = await take('a');
    await moveTo('off');
    await moveTo('dualwrite');
    expect(await claim('b')).toEqual({ kind: 'propose' });
    await tell('ranges', { upperBounds: ['z'] });
    const late = await take('b');
    expect([late.position, late.upTo]).toEqual([early.position, 'z']);
    expect((await verified(early)).status).toBe(409);
    expect((await progress(late)).status).toBe(200);
  });

  test('copies a range and verifies it, until all are', async () => {
    await start('m');
    const first = await take('a');
    expect(first).toEqual({
      ...{ position: 0, fence: 1, leaseMs: 60_000, upTo: 'm', isCopied: false },
      tally: { rows: 0, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 },
    });
    expect(await claim('b')).toMatchObject({
      kind: 'range',
      lease: { position: 1, after: 'm' },
      standing: { workers: 2 },
    });
    expect(await claim('c')).toMatchObject({ kind: 'wait', reason: 'the last 2 ranges are with other workers' });
    const pace = { rowsPerSecond: 120.5, reason: 'target p99 is 140 ms' };
    expect(await progress(first, { cursor: 'g', pace })).toEqual({
      status: 200,
      body: { workers: 2, ranges: 2, copied: 0, verified: 0 },
    });
    expect(await readBackfill()).toMatchObject({
      isVerified: false,
      states: { todo: 0, running: 2, done: 0, verified: 0, dirty: 0 },
      ...tally,
      workers: ['a', 'b'],
      rowsPerSecond: 120.5,
      throttleReasons: ['target p99 is 140 ms'],
      ranges: [{ position: 0, state: 'running', worker: 'a', upTo: 'm' }, { after: 'm' }],
    });
    await progress(first, { isCopied: true });
    expect((await readBackfill()).ranges[0]).toMatchObject({ state: 'done' });
    expect(await verified(first)).toEqual({ status: 200, body: { state: 'verified' } });
    const second = { ...first, position: 1 };
    await progress(second, { isCopied: true });
    await verified(second);
    const standing = { workers: 0, ranges: 2, copied: 2, verified: 2 };
    expect(await claim('c')).toEqual({ kind: 'finished', standing });
    expect(await readBackfill()).toMatchObject({ isVerified: true, workers: [], rowsPerSecond: 0, rows: 4 });
  });

  test('that dies loses its range after a minute, and another goes on where it was', async () => {
    await start();
    const dead = await take('a');
    nowMs += 59_000;
    await progress(dead, { cursor: 'g' });
    nowMs += 59_000;
    expect(await claim('b')).toMatchObject({ kind: 'wait' });
    nowMs += 2000;
    const heir = await take('b');
    expect(heir).toMatchObject({ position: 0, fence: 2, cursor: 'g', isCopied: false, tally });
    const refused = { status: 409, body: { code: 'conflict', errors: [{ path: 'fence' }] } };
    expect(await progress(dead, { cursor: 'h' })).toMatchObject(refused);
    expect(await verified(dead)).toMatchObject(refused);
    expect((await progress(heir, { cursor: 'i' })).status).toBe(200);
  });

  test('that is late keeps its range when nobody else wanted it', async () => {
    await start();
    const late = await take('a');
    nowMs += 120_000;
    expect((await progress(late)).status).toBe(200);
    expect(await claim('b')).toMatchObject({ kind: 'wait' });
  });

  test('that gives its range back is followed at once, by who verifies what is copied', async () => {
    await start();
    const lease = await take('a');
    await progress(lease, { cursor: 'z', isCopied: true, isReleased: true });
    expect((await progress(lease)).status).toBe(409);
    expect(await take('b')).toMatchObject({ fence: 2, isCopied: true });
  });

  test('that looks once more at a dirty range does not get it again', async () => {
    await start();
    const lease = await take('a');
    await progress(lease, { isCopied: true });
    expect(await verified(lease, { ...equal, new: { ...sum, count: 1 } })).toMatchObject({ body: { state: 'dirty' } });
    expect(await claim('a', [0])).toMatchObject({ kind: 'finished', standing: { copied: 1, verified: 0 } });
    const again = await take('b');
    expect(again).toMatchObject({ isCopied: true });
    const reported = [{ key: 'k', reason: 'only in the new store' }];
    expect(await verified(again, { ...equal, reported })).toMatchObject({ body: { state: 'dirty' } });
    const { verification } = (await readBackfill()).ranges[0] ?? {};
    expect(verification).toEqual({ ...equal, reported });
    await verified(await take('c'));
    expect((await readBackfill()).isVerified).toBe(true);
  });

  test('proposes ranges once: who comes later has those of the first', async () => {
    await start('b', 'd');
    await tell('ranges', { upperBounds: ['c'] });
    expect((await readBackfill()).ranges.map(({ upTo }) => upTo)).toEqual(['b', 'd', undefined]);
  });

  test('of many gets a range of its own', async () => {
    await start('b', 'c', 'd');
    const leases = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => take(worker)));
    expect(leases.map(({ position }) => position).sort()).toEqual([0, 1, 2, 3]);
  });
});

describe('a backfill does not begin', () => {
  test('while any record is in `off`', async () => {
    const refused = {
      status: 409,
      body: { code: 'conflict', title: expect.stringContaining('in `off`, whose writes go to the old store alone') },
    };
    expect(await tell('claim', { worker: 'a' })).toMatchObject(refused);
    expect(await tell('ranges', { upperBounds: [] })).toMatchObject(refused);
    const rollout = [
      { stage: 'off', weight: 1 },
      { stage: 'dualwrite', weight: 99_999 },
    ];
    await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', rollout }] });
    expect(await tell('claim', { worker: 'a' })).toMatchObject(refused);
  });

  test('before every instance has left `off`', async () => {
    const socket = await openTestSocket(server.url, server.sdkKey);
    onTestFinished(() => socket.cut());
    const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
    socket.send({ kind: 'hello', key: 'web-1', session: 's', connection: 1, via: 'socket', running: { state } });
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.items.length === 1);
    await moveTo('dualwrite');
    const { version } = (await server.api('GET', `${production}/flags/orders/barrier`)).body;
    expect(await claim('a')).toMatchObject({
      kind: 'wait',
      reason: expect.stringContaining(`not every instance has version ${version} yet: web-1 runs version`),
    });
    socket.send({ kind: 'acknowledgement', state: `${String(state).split(':')[0]}:${version}` });
    await until(async () => (await claim('a')).kind === 'propose');
    expect(await claim('a')).toEqual({ kind: 'propose' });
  });

  test('over an instance that is behind, unless the last change names it with a reason', async () => {
    const socket = await openTestSocket(server.url, server.sdkKey);
    onTestFinished(() => socket.cut());
    const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
    socket.send({ kind: 'hello', key: 'web-1', session: 's', connection: 1, via: 'socket', running: { state } });
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.items.length === 1);
    await moveTo('dualwrite', { overrule: { reason: 'another one', instances: ['web-2'] } });
    expect(await claim('a')).toMatchObject({ kind: 'wait', reason: expect.stringContaining('named in `overrule`') });
    await moveTo('shadow', { overrule: { reason: 'hangs, out of the balancer', instances: ['web-1'] } });
    expect(await claim('a')).toEqual({ kind: 'propose' });
    // What was said of one change is not said of the next.
    await moveTo('dualwrite');
    expect(await claim('a')).toMatchObject({ kind: 'wait' });
  });

  test('over an SDK of others, which cannot tell what it runs, unless the last change names it', async () => {
    await moveTo('dualwrite');
    const theirs = createLaunchDarklyClient(server, 'FDv1 streaming');
    onTestFinished(() => theirs.close());
    await theirs.waitForInitialization({ timeout: 20 });
    const foreign = async () => (await server.api('GET', `${production}/fleet`)).body.foreign.live === 1;
    await until(foreign);
    const { waitsFor } = (await server.api('GET', `${production}/flags/orders/barrier`)).body;
    expect(await claim('a')).toMatchObject({
      kind: 'wait',
      reason: expect.stringContaining(`its SDK (${waitsFor[0].sdk}) cannot tell what it runs`),
    });
    await moveTo('shadow', { overrule: { reason: 'it only reads', instances: [waitsFor[0].sdk] } });
    expect(await claim('a')).toEqual({ kind: 'propose' });
  });

  test('with ranges that are out of order', async () => {
    await moveTo('dualwrite');
    // By bytes of UTF-8 the first is higher, by JavaScript's strings lower.
    const refused = await tell('ranges', { upperBounds: ['\u{1F600}', '\uFFFD'] });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'upperBounds' }] } });
    expect((await tell('ranges', { upperBounds: ['\uFFFD', '\u{1F600}'] })).status).toBe(200);
  });

  test('for who has no SDK key, or for what is no migration', async () => {
    expect((await tell('claim', { worker: 'a' }, 'sdk-other')).status).toBe(401);
    await server.api('POST', '/projects/default/flags', { key: 'plain', variations: [{ value: 1 }, { value: 2 }] });
    expect((await server.api('GET', `${production}/flags/plain/backfill`)).status).toBe(404);
  });
});

test('ranges come in pages, and all of them in one map', async () => {
  await start(...Array.from({ length: 1499 }, (_, at) => String(at).padStart(5, '0')));
  const [first, second] = [await take('a'), await take('b')];
  await progress(first, { isCopied: true });
  await verified(first, { ...equal, new: { ...sum, count: 1 } });
  await progress(second, { isCopied: true });
  await verified(second);
  await take('c', [0]);
  const { states, map, rangesPerCell, ranges, nextCursor = '' } = await readPage('limit=2');
  expect(states).toEqual({ todo: 1497, running: 1, done: 0, verified: 1, dirty: 1 });
  expect([rangesPerCell, map.length, map[0], map[1]]).toEqual([4, 375, 'dirty', 'todo']);
  expect(ranges.map(({ position }) => position)).toEqual([0, 1]);
  const next = await readPage(`limit=2&cursor=${nextCursor}`);
  expect(next.ranges.map(({ position }) => position)).toEqual([2, 3]);
  const noted = await readPage('noted=true&limit=500');
  expect(noted.ranges.map(({ position }) => position)).toEqual([0, 2]);
  expect(noted).not.toHaveProperty('nextCursor');
  expect((await readBackfill()).ranges).toHaveLength(100);
});

test('a migration that is deleted leaves nothing to another one that gets its key', async () => {
  await start('m');
  const early = await take('a');
  const { db } = server.running.context;
  const { id } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  const mismatch = { environmentId: id, flagKey: 'orders', at: nowMs, id: 'x', mismatchJson: '{}' };
  await db.insertInto('mismatches').values(mismatch).execute();
  await moveTo('off');
  expect((await server.api('DELETE', '/projects/default/flags/orders')).status).toBe(204);
  for (const table of ['backfillRanges', 'mismatches'] as const)
    expect(await db.selectFrom(table).selectAll().execute()).toEqual([]);
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
  await start('z');
  const late = await take('b');
  expect(late.position).toBe(early.position);
  expect((await progress(early)).status).toBe(409);
  expect((await progress(late)).status).toBe(200);
});

test('what was filled is nothing any more once records were in `off`', async () => {
  await start();
  const lease = await take('a');
  await progress(lease, { isCopied: true });
  await verified(lease);
  await moveTo('off');
  expect(await readBackfill()).toMatchObject({ isVerified: false, ranges: [] });
  await moveTo('dualwrite');
  expect(await readBackfill()).toMatchObject({ isVerified: false, ranges: [] });
  expect(await claim('a')).toEqual({ kind: 'propose' });
  await tell('ranges', { upperBounds: ['x'] });
  await moveTo('shadow');
  expect((await readBackfill()).ranges).toHaveLength(2);
});
