import { getEventListeners } from 'node:events';
import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { awaitConvergence, type Goal } from './await-convergence.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

function createTestFleet(): TestFleet {
  return buildTestFleet(createFakeServerPlatform());
}

type Found = Awaited<ReturnType<typeof awaitConvergence>>;

interface Waiting {
  /** Undefined while it waits. */
  readonly found: Found | undefined;
  readonly controller: AbortController;
  /** How often it has looked at the fleet. */
  readonly looks: number;
}

const everything: Goal = { wait: 'all', includeDelivered: false, timeoutMs: 5000 };

/** Waits for version 2. */
function wait({ registry, platform }: TestFleet, goal: Partial<Goal> = {}): Waiting {
  const controller = new AbortController();
  let found: Found | undefined;
  let looks = 0;
  const watched = {
    ...platform,
    elapsed: () => {
      // Asked before every look, with it and after it.
      looks += 1 / 3;
      return platform.elapsed();
    },
  };
  const asked = { environmentId: 'env-1', epoch: 'e1', version: 2 };
  void awaitConvergence(
    {
      store: { isShared: false },
      fleet: registry,
      readFleet: async (id) => registry.open(id),
      platform: watched,
    },
    asked,
    { ...everything, ...goal },
    controller.signal,
  ).then((result) => {
    found = result;
  });
  return {
    get found() {
      return found;
    },
    controller,
    get looks() {
      return Math.round(looks);
    },
  };
}

/** So many instances, and version 2 on its way to them. */
function publishTo(count: number): TestFleet & { readonly members: readonly number[] } {
  const fleet = createTestFleet();
  const members = Array.from({ length: count }, (_, at) => fleet.join(`web-${at + 1}`));
  fleet.publish(2);
  return { ...fleet, members };
}

describe('waiting', () => {
  test('ends when every instance has the change', async () => {
    const fleet = publishTo(3);
    const waiting = wait(fleet);
    for (const member of fleet.members) {
      await fleet.advance(100);
      expect(waiting.found).toBeUndefined();
      fleet.runs(member, 2);
    }
    await fleet.advance(20);
    expect(waiting.found).toMatchObject({ outcome: 'converged', reach: { accepted: 3, reachedMs: { all: 300 } } });
    expect(fleet.platform.clock.waiting).toHaveLength(1);
  });

  test('for 99 of 100 ends when so many have it', async () => {
    const fleet = publishTo(200);
    const waiting = wait(fleet, { wait: '99' });
    for (const member of fleet.members.slice(0, 197)) fleet.runs(member, 2);
    await fleet.advance(1000);
    expect(waiting.found).toBeUndefined();
    fleet.runs(198, 2);
    await fleet.advance(20);
    expect(waiting.found).toMatchObject({ outcome: 'converged', reach: { accepted: 198, pending: 2 } });
  });

  test('does not begin when all have it, when nobody is expected, or when nothing is waited for', async () => {
    const done = publishTo(1);
    done.runs(1, 2);
    const looks = [wait(done), wait(publishTo(0)), wait(publishTo(5), { wait: 'none' })];
    await done.advance(0);
    expect(looks.map(({ found }) => found?.outcome)).toEqual(['converged', 'converged', 'waiting']);
    expect(looks.map((waiting) => waiting.looks)).toEqual([1, 1, 1]);
  });

  test('ends when time is up, with what there is by then', async () => {
    const fleet = publishTo(2);
    const waiting = wait(fleet, { timeoutMs: 700 });
    fleet.runs(1, 2);
    await fleet.advance(699);
    expect(waiting.found).toBeUndefined();
    await fleet.advance(1);
    expect(waiting.found).toMatchObject({ outcome: 'waiting', reach: { accepted: 1, pending: 1, elapsedMs: 700 } });
  });

  test('for no time looks once', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet, { timeoutMs: 0 });
    await fleet.advance(0);
    expect(waiting.found?.outcome).toBe('waiting');
  });

  test('is not concerned when the time of day jumps', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    fleet.platform.clock.setTimeOfDay(fleet.platform.now() + 3_600_000);
    await fleet.advance(4000);
    expect(waiting.found).toBeUndefined();
    fleet.platform.clock.setTimeOfDay(0);
    await fleet.advance(1000);
    expect(waiting.found?.outcome).toBe('waiting');
  });

  test('ends when it cannot be reached any more', async () => {
    const fleet = publishTo(2);
    const waiting = wait(fleet);
    fleet.runs(1, 1, { problem: 'no JSON' });
    await fleet.advance(1000);
    expect(waiting.found).toBeUndefined();
    fleet.runs(2, 2);
    await fleet.advance(20);
    expect(waiting.found).toMatchObject({ outcome: 'refused', reach: { accepted: 1, refused: 1 } });
  });

  test('ends when those who lack the change are gone', async () => {
    const fleet = publishTo(2);
    fleet.runs(1, 2);
    const waiting = wait(fleet, { timeoutMs: 120_000 });
    await fleet.advance(1000);
    fleet.registry.lose([2], 0);
    await fleet.advance(59_000);
    expect(waiting.found).toBeUndefined();
    await fleet.advance(2000);
    expect(waiting.found).toMatchObject({ outcome: 'converged', reach: { expected: 1, gone: 1 } });
  });

  test('ends at once when whoever asked goes away', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    await fleet.advance(10);
    waiting.controller.abort();
    await fleet.advance(0);
    expect(waiting.found?.outcome).toBe('waiting');
    // Only the registry itself waits for anything.
    expect(fleet.platform.clock.waiting).toHaveLength(1);
  });

  test('leaves nothing behind at whoever may go away', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    await fleet.advance(2000);
    expect(getEventListeners(waiting.controller.signal, 'abort')).toHaveLength(1);
    fleet.runs(1, 2);
    await fleet.advance(20);
    expect(getEventListeners(waiting.controller.signal, 'abort')).toEqual([]);
  });

  test('for whoever went away before it began looks once', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    waiting.controller.abort();
    await fleet.advance(0);
    expect(waiting.found).toBeDefined();
  });

  test('with other SDKs included ends when the change was sent to them', async () => {
    const fleet = createTestFleet();
    const member = fleet.join('f-1', { isForeign: true });
    fleet.publish(2);
    const waiting = wait(fleet, { includeDelivered: true });
    await fleet.advance(100);
    expect(waiting.found).toBeUndefined();
    fleet.registry.deliver([member], 2);
    await fleet.advance(20);
    expect(waiting.found?.outcome).toBe('converged');
  });
});

describe('how often it looks', () => {
  test('is every 20 ms at most, however many instances answer', async () => {
    const fleet = publishTo(1000);
    const waiting = wait(fleet);
    for (const member of fleet.members.slice(0, 999)) {
      fleet.runs(member, 2);
      await fleet.advance(1);
    }
    expect(waiting.looks).toBeGreaterThan(40);
    expect(waiting.looks).toBeLessThanOrEqual(52);
    fleet.runs(1000, 2);
    await fleet.advance(20);
    expect(waiting.found?.outcome).toBe('converged');
  });

  test('is every half second without news: who is late or gone shows without any', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    await fleet.advance(499);
    expect(waiting.looks).toBe(1);
    await fleet.advance(1);
    expect(waiting.looks).toBe(2);
    await fleet.advance(2000);
    expect(waiting.looks).toBe(6);
  });

  test('is at once with news that comes after 20 ms without', async () => {
    const fleet = publishTo(1);
    const waiting = wait(fleet);
    await fleet.advance(100);
    fleet.runs(1, 2);
    await fleet.advance(0);
    expect(waiting.found?.outcome).toBe('converged');
  });
});
