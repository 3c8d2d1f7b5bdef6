import { createFakeServerPlatform, createRandom, type Random } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { describeReach } from './convergence.ts';
import { summariseFleet, toInstanceView } from './fleet-view.ts';
import type { Instance } from './instance.ts';
import { readSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

const ages = { rosterMs: 0, progressMs: 0, silentMs: 0 };

/** Lets random things happen to a fleet: instances come, have versions, refuse them, go, and are forgotten. */
async function live(fleet: TestFleet, { next: random }: Pick<Random, 'next'>, steps: number): Promise<void> {
  const members: number[] = [];
  const below = (count: number): number => Math.floor(random() * count);
  const pick = (): number[] => members.slice(below(members.length), below(members.length) + 1);
  let newest = 1;
  let connection = 1;
  const happenings: (() => Promise<void> | void)[] = [
    () => void members.push(fleet.join(`web-${below(20)}`, { version: newest - below(2), connection: connection++ })),
    () => void members.push(fleet.join(`theirs-${below(5)}`, { isForeign: true })),
    () => fleet.publish(++newest),
    () => fleet.registry.acknowledge(pick(), { state: `e1:${newest - below(2)}`, heldMs: below(3) }),
    () => fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, problem: 'cannot' }),
    () => {
      const refused = [{ kind: 'flag' as const, key: 'x', version: newest, reason: 'because' }];
      fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, refused });
    },
    () => {
      const configs = [{ key: 'cache.ttl', value: String(below(3)) }].slice(0, below(3));
      fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, configs });
    },
    () => {
      const valves = [{ key: 'search' }, { key: 'mail', lacks: [{ mode: `mode-${below(3)}` }] }].slice(0, below(3));
      fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, valves });
    },
    () => fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, oldestVersion: newest - below(3) }),
    () => {
      const repairs = [{ migration: 'orders', depth: below(3) + 1, oldestMs: below(1000) }].slice(below(2));
      fleet.registry.acknowledge(pick(), { state: `e1:${newest}`, repairs });
    },
    () => fleet.registry.deliver(pick(), newest),
    () => fleet.registry.infer('env-1', `session of theirs-${below(8)}`, newest),
    () => fleet.registry.lose(pick(), below(1000)),
    () => fleet.registry.leave(pick()),
    () => fleet.advance(below(1000)),
    () => fleet.advance(random() < 0.02 ? 25 * 3_600_000 : 10),
  ];
  for (let step = 0; step < steps; step++) await happenings[below(happenings.length)]?.();
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('what is read equals what was written, whatever happened: %i', async (seed) => {
  const platform = createFakeServerPlatform();
  const fleet = buildTestFleet(platform);
  await live(fleet, createRandom(seed), 500);
  const { instances } = fleet;
  const written = takeSnapshot(instances, instances.tracks, platform.elapsed());
  // On a server with another clock.
  const now = 5_000_000;
  const record = readSnapshot(JSON.parse(JSON.stringify(written)) as Snapshot, ages, now);
  expect(instances.instances.length).toBeGreaterThan(3);
  expect(instances.tracks.length).toBeGreaterThan(10);
  const toldBy = (instances: readonly Instance[]) => instances.map(({ repairs, valves }) => [repairs, valves]);
  expect(toldBy(record.instances)).toEqual(toldBy(instances.instances));
  const byOwnClock = { epoch: 'e1', version: 2, now: platform.elapsed() };
  const withoutHeard = ({ heardMsAgo: _, ...rest }: { readonly heardMsAgo: number }) => rest;
  expect(summariseFleet(record, { ...byOwnClock, now })).toEqual(summariseFleet(instances, byOwnClock));
  expect(record.instances.map((one) => withoutHeard(toInstanceView(one, { ...byOwnClock, now })))).toEqual(
    instances.instances.map((one) => withoutHeard(toInstanceView(one, byOwnClock))),
  );
  expect([...record.strays]).toEqual([...instances.strays]);
  for (const { epoch, version } of instances.tracks) {
    const { stragglers: read, ...reach } = describeReach(record, { epoch, version, now });
    const { stragglers, ...expected } = describeReach(instances, { epoch, version, now: platform.elapsed() });
    expect(reach).toEqual(expected);
    expect(read.map(withoutHeard)).toEqual(stragglers.map(withoutHeard));
  }
});

test('a snapshot is small when all is well', () => {
  const platform = createFakeServerPlatform();
  const fleet = buildTestFleet(platform);
  const members = Array.from({ length: 1000 }, (_, at) => fleet.join(`web-${at}`));
  fleet.publish(2);
  for (const member of members) fleet.runs(member, 2);
  const { progress } = takeSnapshot(fleet.instances, fleet.instances.tracks, platform.elapsed());
  expect(progress.others).toEqual([]);
  expect(JSON.stringify(progress).length).toBeLessThan(4000);
});
