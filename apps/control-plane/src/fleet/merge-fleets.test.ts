import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { describeReach, type Reach } from './convergence.ts';
import { summariseFleet, toInstanceView } from './fleet-view.ts';
import { nameOf } from './instance.ts';
import { mergeFleets } from './merge-fleets.ts';
import { readSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

const minute = 60_000;

/** Servers whose clocks differ. */
function createServers(count: number): readonly TestFleet[] {
  return Array.from({ length: count }, (_, at) => {
    const platform = createFakeServerPlatform();
    const offset = at * 1_000_000;
    return buildTestFleet({ ...platform, elapsed: () => platform.elapsed() + offset });
  });
}

async function advance(servers: readonly TestFleet[], ms: number): Promise<void> {
  for (const server of servers) await server.advance(ms);
}

function publish(servers: readonly TestFleet[], version: number): void {
  for (const server of servers) server.publish(version);
}

/** As the first server sees them all, when the others wrote so long ago, and were there so long ago. */
function merge([own, ...others]: readonly TestFleet[], times: { progressMs?: number; silentMs?: number } = {}) {
  const { progressMs = 0, silentMs = progressMs } = times;
  if (own === undefined) throw new Error('there is no server');
  const records = others.map(({ instances, platform }) => {
    const snapshot = takeSnapshot(instances, instances.tracks, platform.elapsed());
    const ages = { rosterMs: progressMs, progressMs, silentMs };
    // As it goes through the database.
    return readSnapshot(JSON.parse(JSON.stringify(snapshot)) as Snapshot, ages, own.platform.elapsed());
  });
  return mergeFleets([own.instances, ...records]);
}

function reachOf(servers: readonly TestFleet[], version: number, ages = {}): Reach {
  const now = servers[0]?.platform.elapsed() ?? 0;
  return describeReach(merge(servers, ages), { epoch: 'e1', version, now });
}

describe('the instances of several servers', () => {
  test('are counted together, with their times from the first moment that anybody knew', async () => {
    const servers = createServers(3);
    const [a, b, c] = servers as [TestFleet, TestFleet, TestFleet];
    const members = servers.map((server, at) => server.join(`web-${at}`));
    a.publish(2);
    await advance(servers, 30);
    b.publish(2);
    c.publish(2);
    await advance(servers, 100);
    a.runs(members[0] ?? 0, 2);
    b.runs(members[1] ?? 0, 2);
    const reach = reachOf(servers, 2);
    expect(reach).toMatchObject({ expected: 3, accepted: 2, pending: 1, elapsedMs: 130, reachedMs: { half: 130 } });
    expect(reach.stragglers).toMatchObject([{ instance: 'web-2', state: 'pending' }]);
    await advance(servers, 1000);
    c.runs(members[2] ?? 0, 2);
    expect(reachOf(servers, 2)).toMatchObject({ expected: 3, accepted: 3, reachedMs: { half: 130, all: 1130 } });
  });

  test('are as each server knows them: what they refuse, through what they came, that they are of others', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    a.join('web-0');
    const partial = b.join('web-1', { through: 'fra', about: { service: 'shop' } });
    b.runs(partial, 1, { refused: [{ kind: 'flag', key: 'x', version: 1, reason: 'because' }] });
    b.registry.acknowledge([b.join('web-2')], { problem: 'cannot' });
    const foreign = b.join('theirs', { isForeign: true });
    b.registry.deliver([foreign], 1);
    b.registry.infer('env-1', 'session of theirs', 1);
    await advance(servers, 500);
    const now = a.platform.elapsed();
    const views = merge(servers).instances.map((instance) =>
      toInstanceView(instance, { epoch: 'e1', version: 1, now }),
    );
    expect(views).toMatchObject([
      { instance: 'web-0', state: 'current' },
      { instance: 'web-1', state: 'partial', through: 'fra', about: { service: 'shop' }, reason: 'flag x: because' },
      { instance: 'web-2', state: 'refused', reason: 'cannot', joinedMsAgo: 500 },
      { instance: 'theirs', state: 'foreign', version: 1 },
    ]);
    expect(describeReach(merge(servers), { epoch: 'e1', version: 1, now }).foreign).toEqual({
      expected: 1,
      delivered: 1,
      inferred: 1,
    });
  });

  test('have indexes and names of their own', () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    a.join('web-1', { session: 'a' });
    b.join('web-0');
    b.join('web-1', { session: 'b' });
    const { instances } = merge(servers);
    expect(instances.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(instances.map(nameOf).toSorted()).toEqual(['web-0', 'web-1', 'web-1 (2)']);
  });

  test('are those of the one that is left when there is one', () => {
    const servers = createServers(1);
    servers[0]?.join('web-0');
    expect(merge(servers).instances.map(nameOf)).toEqual(['web-0']);
  });
});

describe('an instance that goes to another server', () => {
  test('is counted once, as one that was there, and has the change when either knows so', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    const before = a.join('web-1');
    publish(servers, 2);
    await advance(servers, 100);
    a.registry.lose([before], 0);
    expect(reachOf(servers, 2)).toMatchObject({ expected: 1, offline: 1 });
    await advance(servers, 400);
    b.join('web-1', { connection: 2 });
    expect(reachOf(servers, 2)).toMatchObject({ expected: 1, offline: 0, pending: 1, late: { expected: 0 } });
    b.runs(b.join('web-1', { connection: 3 }), 2);
    expect(reachOf(servers, 2)).toMatchObject({ expected: 1, accepted: 1, reachedMs: { all: 500 } });
    // When its lease at the first server ends, nothing changes.
    await advance(servers, 2 * minute);
    expect(reachOf(servers, 2)).toMatchObject({ expected: 1, accepted: 1, gone: 0, reachedMs: { all: 500 } });
  });

  test('and back again is where it connected last', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    a.join('web-1', { connection: 1 });
    b.registry.lose([b.join('web-1', { connection: 2 })], 0);
    a.join('web-1', { connection: 3, version: 7 });
    expect(merge(servers).instances).toMatchObject([{ version: 7, contact: { kind: 'connected' } }]);
  });

  test('and posts to either is as far as it said last', () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    a.join('web-1', { via: 'stream', version: 3 });
    b.join('web-1', { via: 'stream', version: 4 });
    expect(merge(servers).instances).toMatchObject([{ version: 4 }]);
    expect(merge(servers.toReversed()).instances).toMatchObject([{ version: 4 }]);
  });

  test('after it was started anew is counted once, and what it had before does not count', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    const before = a.join('web-1');
    publish(servers, 2);
    a.runs(before, 2);
    a.registry.lose([before], 0);
    await advance(servers, 2000);
    const after = b.join('web-1', { session: 'anew', version: undefined });
    expect(reachOf(servers, 2)).toMatchObject({ expected: 1, accepted: 0, pending: 1 });
    await advance(servers, 1000);
    b.runs(after, 2);
    expect(reachOf(servers, 2)).toMatchObject({
      expected: 1,
      accepted: 1,
      reachedMs: { all: 3000 },
      late: { expected: 0 },
    });
    expect(merge(servers).instances.map(nameOf)).toEqual(['web-1']);
  });

  test('has what the process before it left to be repaired, until it tells what is left', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    const repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];
    const before = a.join('web-1', { running: { state: 'e1:1', repairs } });
    await advance(servers, 1000);
    a.registry.leave([before]);
    const after = b.join('web-1', { session: 'anew' });
    expect(merge(servers).instances.map((each) => each.repairs)).toEqual([repairs]);
    b.runs(after, 1, { repairs: [] });
    expect(merge(servers).instances.map((each) => each.repairs)).toEqual([[]]);
    // The first server was never told.
    await advance(servers, 1000);
    b.registry.leave([after]);
    expect(merge(servers).instances.map((each) => each.repairs)).toEqual([[], []]);
  });

  test('is another one when the first is still there', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    const first = a.join('web-1', { session: 'one' });
    await advance(servers, 1000);
    b.join('web-1', { session: 'two' });
    publish(servers, 2);
    expect(reachOf(servers, 2).expected).toBe(2);
    // It went later than the other came.
    await advance(servers, 1000);
    a.registry.lose([first], 0);
    expect(reachOf(servers, 2)).toMatchObject({ expected: 2, offline: 1 });
  });
});

describe('a server that others hear nothing of', () => {
  test('has its instances offline after five seconds, and gone after a minute, unless they turn up elsewhere', async () => {
    const servers = createServers(2);
    const [a, b] = servers as [TestFleet, TestFleet];
    b.join('web-1');
    b.join('web-2');
    publish(servers, 2);
    const silent = (silentMs: number) => reachOf(servers, 2, { silentMs });
    expect(silent(4999)).toMatchObject({ expected: 2, pending: 2 });
    expect(silent(5000)).toMatchObject({ expected: 2, offline: 2 });
    expect(silent(minute - 1)).toMatchObject({ expected: 2, offline: 2 });
    expect(silent(minute)).toMatchObject({ expected: 0, gone: 2 });
    a.join('web-1', { connection: 2, version: 2 });
    expect(silent(minute)).toMatchObject({ expected: 1, accepted: 1, gone: 1 });
  });

  test('leaves those offline that it lost before, as long as it said', async () => {
    const servers = createServers(2);
    const b = servers[1] as TestFleet;
    const lost = b.join('web-1');
    publish(servers, 2);
    b.registry.lose([lost], 20_000);
    expect(reachOf(servers, 2, { progressMs: 39_999 })).toMatchObject({ expected: 1, offline: 1 });
    expect(reachOf(servers, 2, { progressMs: 40_000 })).toMatchObject({ expected: 0, gone: 1 });
  });

  test('is no trouble when it only has nothing new to tell', () => {
    const servers = createServers(2);
    servers[1]?.join('web-1');
    publish(servers, 2);
    expect(reachOf(servers, 2, { progressMs: 10 * minute, silentMs: 100 })).toMatchObject({ expected: 1, offline: 0 });
  });
});

test('of a server that does not know a change, those that were there when it was made count', async () => {
  const servers = createServers(2);
  const [a, b] = servers as [TestFleet, TestFleet];
  b.join('early');
  b.registry.leave([b.join('left')]);
  await advance(servers, 1000);
  a.publish(2);
  await advance(servers, 1000);
  b.join('late');
  expect(reachOf(servers, 2)).toMatchObject({ expected: 1, late: { expected: 1, accepted: 0 } });
  expect(merge(servers).findTrack(3)).toBeUndefined();
});

test('tracks of another epoch say nothing', async () => {
  const servers = createServers(2);
  const [a, b] = servers as [TestFleet, TestFleet];
  b.runs(b.join('web-1'), 2);
  b.publish(2, 'e0');
  await advance(servers, 10);
  b.publish(2, 'e1');
  a.publish(2, 'e1');
  expect(reachOf(servers, 2)).toMatchObject({ expected: 1, accepted: 1 });
});

test('a foreign instance may have its stream at one server, and send its events to another', () => {
  const servers = createServers(2);
  const [a, b] = servers as [TestFleet, TestFleet];
  publish(servers, 2);
  a.registry.deliver([a.join('theirs', { isForeign: true })], 2);
  for (const version of [2, 1]) b.registry.infer('env-1', 'session of theirs', version);
  for (const all of [servers, servers.toReversed()]) {
    expect(merge(all).instances).toMatchObject([{ delivered: 2, inferred: 2 }]);
  }
  // It goes to that server, too.
  b.join('theirs', { isForeign: true });
  expect([...b.instances.strays]).toEqual([]);
});

test('of those that are nowhere, what their events name is remembered of so many', () => {
  const [{ registry, instances }] = createServers(1) as [TestFleet];
  for (let at = 0; at < 10_001; at++) registry.infer('env-1', `session ${at}`, 2);
  expect(instances.strays.size).toBe(10_000);
  expect(instances.strays.has('session 0')).toBe(false);
});

test('what is summed up is summed up over all', () => {
  const servers = createServers(2);
  for (const [at, server] of servers.entries()) {
    server.join(`web-${at}`, { version: at });
    server.registry.lose([server.join(`lost-${at}`)], 0);
    server.join(`theirs-${at}`, { isForeign: true });
  }
  const current = { epoch: 'e1', version: 1, now: servers[0]?.platform.elapsed() ?? 0 };
  expect(summariseFleet(merge(servers), current)).toMatchObject({
    live: 4,
    connected: 2,
    offline: 2,
    versions: [
      { version: 1, instances: 3 },
      { version: 0, instances: 1 },
    ],
    foreign: { live: 2 },
  });
});
