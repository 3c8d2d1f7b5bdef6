import type { FleetView, InstanceView } from '@sluice/api-client';
import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { summariseFleet, toInstanceView } from './fleet-view.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

function createTestFleet(): TestFleet {
  return buildTestFleet(createFakeServerPlatform());
}

const second = 1000;

function summarise({ instances, platform }: TestFleet, version: number, epoch = 'e1') {
  return summariseFleet(instances, { epoch, version, now: platform.elapsed() });
}

function view({ instances, platform }: TestFleet, version: number, at = 0): InstanceView {
  const instance = instances.instances[at];
  if (instance === undefined) throw new Error('there is no such instance');
  return toInstanceView(instance, { epoch: 'e1', version, now: platform.elapsed() });
}

describe('the fleet in numbers', () => {
  test('is nothing where nobody is', () => {
    expect(summarise(createTestFleet(), 7)).toEqual({
      version: 7,
      live: 0,
      connected: 0,
      offline: 0,
      gone: 0,
      versions: [],
      foreign: { live: 0, sdks: [] },
      sdks: [],
      matters: { refused: 0, behind: 0, offline: 0, repairs: 0 },
      recent: { joined: 0, left: 0 },
      groups: [],
    } satisfies Omit<FleetView, 'total' | 'items'>);
  });

  test('counts who is connected, who may be there, and who is gone', async () => {
    const fleet = createTestFleet();
    const members = Array.from({ length: 10 }, (_, at) => fleet.join(`web-${at}`));
    fleet.registry.lose(members.slice(0, 3), 0);
    fleet.registry.leave(members.slice(3, 5));
    expect(summarise(fleet, 1)).toMatchObject({ live: 8, connected: 5, offline: 3, gone: 2 });
    await fleet.advance(61 * second);
    expect(summarise(fleet, 1)).toMatchObject({ live: 5, connected: 5, offline: 0, gone: 5 });
  });

  test('counts who runs which version, the newest first, and those who told of nothing last', () => {
    const fleet = createTestFleet();
    for (const [at, version] of [3, 5, 3, undefined, 4, 3].entries()) fleet.join(`web-${at}`, { version });
    fleet.join('web-old', { epoch: 'e0', version: 9 });
    fleet.registry.leave([fleet.join('web-gone', { version: 5 })]);
    expect(summarise(fleet, 5).versions).toEqual([
      { version: 5, instances: 1 },
      { version: 4, instances: 1 },
      { version: 3, instances: 3 },
      { instances: 2 },
    ]);
  });

  test('counts other SDKs by name, apart from ours', () => {
    const fleet = createTestFleet();
    fleet.join('web-1');
    for (const key of ['f-1', 'f-2', 'f-3']) fleet.join(key, { isForeign: true });
    fleet.registry.leave([4]);
    expect(summarise(fleet, 1)).toMatchObject({
      live: 1,
      gone: 0,
      versions: [{ version: 1, instances: 1 }],
      sdks: [{ sdk: 'sluice-node/0.1.0', instances: 1 }],
      foreign: { live: 2, sdks: [{ sdk: 'NodeJSClient/9', instances: 2, delivered: 0, inferred: 0 }] },
    });
    fleet.registry.deliver([2], 1);
    fleet.registry.infer('env-1', 'session of f-2', 1);
    expect(summarise(fleet, 1).foreign.sdks).toMatchObject([{ instances: 2, delivered: 1, inferred: 1 }]);
    expect(summarise(fleet, 2).foreign.sdks).toMatchObject([{ instances: 2, delivered: 0, inferred: 0 }]);
  });
});

describe('an instance', () => {
  test('is told with all that it says of itself, and by times that have passed', async () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1', {
      version: 3,
      via: 'stream',
      through: 'edge-1',
      about: { zone: 'a', spot: true },
    });
    await fleet.advance(5 * second);
    fleet.runs(member, 4);
    fleet.platform.clock.setTimeOfDay(0);
    await fleet.advance(2 * second);
    expect(view(fleet, 4)).toEqual({
      instance: 'web-1',
      session: 'session of web-1',
      state: 'current',
      version: 4,
      sdk: 'sluice-node/0.1.0',
      via: 'stream',
      about: { zone: 'a', spot: true },
      through: 'edge-1',
      joinedMsAgo: 7000,
      heardMsAgo: 2000,
    });
  });

  test.each<[InstanceView['state'], (fleet: TestFleet, member: number) => void]>([
    ['behind', () => undefined],
    ['current', ({ runs }, member) => runs(member, 5)],
    ['current', ({ runs }, member) => runs(member, 6)],
    ['behind', ({ registry }, member) => registry.acknowledge([member], { state: 'e0:5' })],
    ['refused', ({ runs }, member) => runs(member, 1, { problem: 'no JSON' })],
    [
      'partial',
      ({ runs }, member) => runs(member, 5, { refused: [{ kind: 'flag', key: 'a', version: 2, reason: 'x' }] }),
    ],
    ['offline', ({ registry }, member) => registry.lose([member], 0)],
    ['gone', ({ registry }, member) => registry.leave([member])],
  ])('is %s', (state, tell) => {
    const fleet = createTestFleet();
    tell(fleet, fleet.join('web-1'));
    expect(view(fleet, 5).state).toBe(state);
  });

  test('says why it refused what it refused', () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    const refused = ['a', 'b'].map((key) => ({ kind: 'flag', key, version: 2, reason: 'no list' }) as const);
    fleet.runs(member, 2, { refused });
    expect(view(fleet, 2).reason).toBe('flag a: no list; flag b: no list');
    fleet.runs(member, 2, { refused, problem: 'no JSON' });
    expect(view(fleet, 2)).toMatchObject({ reason: 'no JSON', state: 'refused' });
    fleet.runs(member, 2);
    expect(view(fleet, 2)).not.toHaveProperty('reason');
  });

  test('has the values in force that it told last, until another process takes its place', () => {
    const fleet = createTestFleet();
    const configs = [{ key: 'cache.ttl', value: '60' }];
    const member = fleet.join('web-1', { running: { state: 'e1:1', configs } });
    fleet.runs(member, 2);
    expect(view(fleet, 2).configs).toEqual(configs);
    fleet.runs(member, 2, { configs: [] });
    expect(view(fleet, 2)).not.toHaveProperty('configs');
    fleet.runs(member, 2, { configs });
    fleet.registry.lose([member], 0);
    fleet.join('web-1', { session: 'restarted', version: 2 });
    expect(view(fleet, 2)).toMatchObject({ session: 'restarted' });
    expect(view(fleet, 2)).not.toHaveProperty('configs');
  });

  test('has records to repair until it says that it has none, or a process in its place does', () => {
    const fleet = createTestFleet();
    const repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];
    const member = fleet.join('web-1');
    fleet.runs(member, 3, { repairs });
    expect(view(fleet, 3)).toMatchObject({ state: 'current', repairs });
    fleet.runs(member, 3, { repairs: [] });
    expect(view(fleet, 3)).not.toHaveProperty('repairs');
    fleet.runs(member, 3, { repairs });
    fleet.registry.leave([member]);
    expect(view(fleet, 3)).toMatchObject({ state: 'gone', repairs });
    // It has not read its journal yet.
    const restarted = fleet.join('web-1', { session: 'restarted', version: 3 });
    expect(view(fleet, 3)).toMatchObject({ state: 'current', repairs });
    fleet.runs(restarted, 3);
    expect(view(fleet, 3)).toMatchObject({ state: 'current', repairs });
    fleet.runs(restarted, 3, { repairs: [] });
    expect(view(fleet, 3)).not.toHaveProperty('repairs');
  });

  test('has operations of an earlier version until it says that none runs', () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    fleet.runs(member, 3, { oldestVersion: 2 });
    expect(view(fleet, 3)).toMatchObject({ state: 'current', oldestVersion: 2 });
    fleet.runs(member, 3);
    expect(view(fleet, 3)).not.toHaveProperty('oldestVersion');
  });

  test('of another SDK has at least what it was sent or has evaluated with', () => {
    const fleet = createTestFleet();
    const member = fleet.join('f-1', { isForeign: true });
    expect(view(fleet, 5)).toMatchObject({ state: 'foreign' });
    expect(view(fleet, 5)).not.toHaveProperty('version');
    fleet.registry.deliver([member], 4);
    expect(view(fleet, 5).version).toBe(4);
    fleet.registry.infer('env-1', 'session of f-1', 5);
    expect(view(fleet, 5).version).toBe(5);
    fleet.registry.lose([member], 0);
    expect(view(fleet, 5).state).toBe('offline');
  });
});
