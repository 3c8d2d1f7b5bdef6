import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { findInstances } from './find-instances.ts';
import { findDue } from './fleet-counts.ts';
import type { FleetFilter } from './fleet-schema.ts';
import { summariseFleet, toInstanceView } from './fleet-view.ts';
import { findLacking } from './instance-matter.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

const refused = [{ kind: 'flag', key: 'cache.ttl', version: 4, reason: '120 is above 90' }] as const;
const repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];

/** Version 5 is there for long; one instance for each thing that can be the matter, and one that is as it should be. */
async function buildFleet(): Promise<TestFleet> {
  const fleet = buildTestFleet(createFakeServerPlatform());
  const { registry, join, runs } = fleet;
  const at = (service: string, zone: string, version = '1.4.2') => ({ about: { service, zone, version } });
  runs(join('refuses', at('checkout', 'eu-1a')), 5, { refused });
  join('late', { version: 3, ...at('checkout', 'eu-1b', '1.4.1') });
  registry.lose([join('away', { version: 5, ...at('checkout', 'eu-1b') })], 0);
  runs(join('mends', at('web', 'eu-1a')), 5, { repairs });
  join('good', { version: 5, ...at('web', 'eu-1a') });
  join('nameless', { version: 5 });
  join('other', { isForeign: true, ...at('web', 'eu-1a') });
  const gone = [join('left', { version: 5 }), join('left-work', { version: 5 })];
  runs(gone[1] ?? 0, 5, { repairs });
  registry.leave(gone);
  await fleet.advance(3000);
  return fleet;
}

function see({ instances, platform }: TestFleet, version = 5) {
  const current = { epoch: 'e1', version, now: platform.elapsed() };
  const due = findDue(instances, current);
  const find = (filter: FleetFilter, order: 'name' | 'worst' = 'worst') =>
    findInstances(instances.instances, { filter, order, current, due }).map(({ instance }) => instance.key);
  return { due, current, find, summary: summariseFleet(instances, current, due) };
}

describe('what is the matter with instances', () => {
  test('is listed from the worst on, and then all others', async () => {
    const { find } = see(await buildFleet());
    const matters = ['refuses', 'late', 'away', 'left-work', 'mends'];
    expect(find({ matter: 'any' })).toEqual(matters);
    expect(find({})).toEqual([...matters, 'good', 'nameless', 'other', 'left']);
    expect(find({}, 'name')).toEqual([...matters, 'good', 'nameless', 'other', 'left'].toSorted());
  });

  test.each([
    ['refused', ['refuses']],
    ['behind', ['late']],
    ['offline', ['away']],
    ['repairs', ['left-work', 'mends']],
  ] as const)('is asked for alone: %s', async (matter, keys) => {
    expect(see(await buildFleet()).find({ matter })).toEqual(keys);
  });

  test('is nothing for as long as a change may be on its way', async () => {
    const fleet = await buildFleet();
    fleet.publish(6);
    expect(see(fleet, 6).find({ matter: 'behind' })).toEqual(['late']);
    await fleet.advance(2000);
    // Who refused, lost contact or has records to repair has that first.
    expect(see(fleet, 6).find({ matter: 'behind' })).toEqual(['late', 'away', 'good', 'mends', 'nameless']);
  });

  test('is worse the further an instance is behind', async () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    for (const [at, version] of [11, 9, 10, undefined].entries()) fleet.join(`web-${at}`, { version });
    await fleet.advance(3000);
    expect(see(fleet, 12).find({})).toEqual(['web-3', 'web-1', 'web-2', 'web-0']);
  });

  test('says which version it lacks first', async () => {
    const fleet = await buildFleet();
    const { due, current } = see(fleet);
    const lacking = Object.fromEntries(
      fleet.instances.instances.map((instance) => [instance.key, findLacking(instance, due)]),
    );
    expect(lacking).toMatchObject({ refuses: 4, late: 4, away: undefined, mends: undefined, good: undefined });
    const [first] = fleet.instances.instances;
    if (first === undefined) throw new Error('there is nobody');
    expect(toInstanceView(first, current, due, 77)).toMatchObject({ matter: 'refused', since: 77 });
  });

  test('is counted once for each instance, by service and zone', async () => {
    const { summary } = see(await buildFleet());
    expect(summary.matters).toEqual({ refused: 1, behind: 1, offline: 1, repairs: 2 });
    expect(summary.recent).toEqual({ joined: 6, left: 2 });
    const none = { refused: 0, behind: 0, offline: 0, repairs: 0 };
    expect(summary.groups).toEqual([
      { ...none, instances: 1, builds: [] },
      {
        ...none,
        service: 'checkout',
        zone: 'eu-1a',
        instances: 1,
        refused: 1,
        builds: [{ build: '1.4.2', instances: 1 }],
      },
      {
        ...none,
        service: 'checkout',
        zone: 'eu-1b',
        instances: 2,
        behind: 1,
        offline: 1,
        builds: [
          { build: '1.4.1', instances: 1 },
          { build: '1.4.2', instances: 1 },
        ],
      },
      { ...none, service: 'web', zone: 'eu-1a', instances: 2, repairs: 1, builds: [{ build: '1.4.2', instances: 2 }] },
    ]);
  });

  test('is told of 500 services and zones, and all others are counted as one', () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    for (let at = 0; at < 600; at++) fleet.join(`web-${at}`, { about: { service: `s-${at}` } });
    const { groups } = see(fleet, 1).summary;
    expect(groups).toHaveLength(500);
    expect(groups.find(({ service }) => service === undefined)?.instances).toBe(101);
  });
});

describe('instances', () => {
  test.each<[FleetFilter, readonly string[]]>([
    [{ service: 'checkout' }, ['refuses', 'late', 'away']],
    [{ service: 'checkout', zone: 'eu-1b' }, ['late', 'away']],
    [{ service: '' }, ['left-work', 'nameless', 'left']],
    [{ version: 3 }, ['late']],
    [{ sdk: 'NodeJSClient/9' }, ['other']],
    [{ search: 'LEFT' }, ['left-work', 'left']],
    [{ search: '1.4.1' }, ['late']],
    [{ state: 'partial' }, ['refuses']],
    [{ state: 'current', zone: 'eu-1b' }, []],
  ])('are found by %j', async (filter, keys) => {
    expect(see(await buildFleet()).find(filter)).toEqual(keys);
  });
});
