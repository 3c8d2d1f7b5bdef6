import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { mergeFleets } from '../fleet/merge-fleets.ts';
import { readSnapshot, type Snapshot, takeSnapshot } from '../fleet/snapshot.ts';
import { buildTestFleet, type TestFleet } from '../fleet/test-fleet.ts';
import { describeHoldouts } from './barrier.ts';

const minute = 60_000;
const question = { key: 'orders', epoch: 'e1', version: 3 };

/** Name and reason of each that is waited for before version 3. */
function waitedFor(fleet: FleetRecord): readonly string[] {
  return describeHoldouts(fleet, question).holdouts.map(({ instance, reason }) => `${instance} ${reason}`);
}

/** As another server reads it. */
function asRead({ instances, platform }: TestFleet): FleetRecord {
  const snapshot: Snapshot = JSON.parse(JSON.stringify(takeSnapshot(instances, [], platform.elapsed())));
  return readSnapshot(snapshot, { rosterMs: 0, progressMs: 0, silentMs: 0 }, platform.elapsed());
}

describe('a process that another one has taken the place of', () => {
  const lost = 'runs version 1; it is out of contact, and may be running for all we know';

  test('is waited for until its lease ends, here and by other servers', async () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    fleet.registry.lose([fleet.join('web-1', { session: 's-1', version: 1 })], 10_000);
    fleet.join('web-1', { session: 's-2', version: 3 });
    for (const record of [fleet.instances, asRead(fleet)]) {
      expect(waitedFor(record)).toEqual([`web-1 ${lost}`]);
      expect(describeHoldouts(record, question).ready).toBe(1);
    }
    await fleet.advance(minute - 10_000 - 1000);
    expect(waitedFor(fleet.instances)).toEqual([`web-1 ${lost}`]);
    await fleet.advance(1000);
    expect([waitedFor(fleet.instances), waitedFor(asRead(fleet))]).toEqual([[], []]);
  });

  test('is waited for also when the one that took it has gone before', () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    fleet.registry.lose([fleet.join('web-1', { session: 's-1', version: 1 })], 0);
    fleet.registry.leave([fleet.join('web-1', { session: 's-2', version: 3 })]);
    expect(waitedFor(fleet.instances)).toEqual([`web-1 ${lost}`]);
  });

  test('is nothing to wait for when it had said goodbye, or had the version with nothing going on', () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    fleet.registry.leave([fleet.join('web-1', { session: 's-1', version: 1 })]);
    fleet.join('web-1', { session: 's-2', version: 3 });
    fleet.registry.lose([fleet.join('web-2', { session: 's-3', version: 3 })], 0);
    fleet.join('web-2', { session: 's-4', version: 3 });
    expect(waitedFor(fleet.instances)).toEqual([]);
  });

  test('tells for itself once it turns up again', () => {
    const fleet = buildTestFleet(createFakeServerPlatform());
    fleet.registry.lose([fleet.join('web-1', { session: 's-1', version: 1 })], 0);
    fleet.join('web-1', { session: 's-2', version: 3 });
    fleet.join('web-1', { session: 's-1', version: 3, connection: 2 });
    expect(waitedFor(fleet.instances)).toEqual([]);
  });

  test('is waited for where its place was taken at another server, until it turns up at any', async () => {
    const platform = createFakeServerPlatform();
    const [here, there] = [buildTestFleet(platform), buildTestFleet(platform)];
    here.registry.lose([here.join('web-1', { session: 's-1', version: 1 })], 0);
    await platform.clock.advance(1000);
    there.join('web-1', { session: 's-2', version: 3 });
    expect(waitedFor(mergeFleets([there.instances, asRead(here)]))).toEqual([`web-1 ${lost}`]);
    here.join('web-1', { session: 's-3', version: 3 });
    there.join('web-1', { session: 's-1', version: 3, connection: 2 });
    expect(waitedFor(mergeFleets([there.instances, asRead(here)]))).toEqual([]);
  });
});
