import type { ConvergenceView } from '@sluice/api-client';
import type { RefusedObject } from '@sluice/protocol';
import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { judge } from './await-convergence.ts';
import type { Reach } from './convergence.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

function createTestFleet(): TestFleet {
  return buildTestFleet(createFakeServerPlatform());
}

const second = 1000;
const minute = 60 * second;

const refusal = (version: number, reason = 'because', key = 'a'): RefusedObject => ({
  kind: 'flag',
  key,
  version,
  reason,
});

/** The counts that are not zero. */
function counts({ accepted, partial, refused, pending, stale, polling, offline, gone }: Reach) {
  const all = { accepted, partial, refused, pending, stale, polling, offline, gone };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

const names = ({ stragglers }: Reach): readonly string[] =>
  stragglers.map(({ instance, state }) => `${instance} ${state}`);

/** A fleet of so many that runs version 1, while version 2 is made. */
function publishTo(count: number): TestFleet & { readonly members: readonly number[] } {
  const fleet = createTestFleet();
  fleet.publish(1);
  const members = Array.from({ length: count }, (_, at) => fleet.join(`web-${at + 1}`));
  fleet.publish(2);
  return { ...fleet, members };
}

describe('an instance', () => {
  test('that has answered has the change', () => {
    const { runs, reach } = publishTo(1);
    expect(counts(reach(2))).toEqual({ pending: 1 });
    runs(1, 2);
    expect(counts(reach(2))).toEqual({ accepted: 1 });
    expect(reach(2)).toMatchObject({ expected: 1, share: 1, stragglers: [], refusals: [] });
  });

  test('that runs something newer has the change', () => {
    const { runs, publish, reach } = publishTo(1);
    for (const version of [3, 4, 5]) publish(version);
    runs(1, 4);
    expect([2, 3, 4, 5].map((version) => counts(reach(version)))).toEqual([
      { accepted: 1 },
      { accepted: 1 },
      { accepted: 1 },
      { pending: 1 },
    ]);
  });

  test('that has not answered is pending for two seconds, and stale after that', async () => {
    const { reach, advance } = publishTo(1);
    await advance(2 * second);
    expect(counts(reach(2))).toEqual({ pending: 1 });
    await advance(1);
    expect(counts(reach(2))).toEqual({ stale: 1 });
    expect(names(reach(2))).toEqual(['web-1 stale']);
  });

  test('that polls is not stale: it has not asked yet', async () => {
    const { join, publish, reach, advance, runs } = createTestFleet();
    const member = join('web-1', { via: 'poll' });
    publish(2);
    await advance(minute);
    expect(counts(reach(2))).toEqual({ polling: 1 });
    runs(member, 2);
    expect(counts(reach(2))).toEqual({ accepted: 1 });
  });

  test('that could not use an object of the change has it in part', () => {
    const { runs, reach } = publishTo(1);
    runs(1, 2, { refused: [refusal(2)] });
    expect(counts(reach(2))).toEqual({ partial: 1 });
    expect(reach(2)).toMatchObject({
      share: 0,
      stragglers: [{ instance: 'web-1', state: 'partial', version: 2, reason: 'flag a: because' }],
      refusals: [{ reason: 'flag a: because', instances: 1, examples: ['web-1'] }],
    });
  });

  test('has in part exactly the change whose object it refused, and not those before or after', () => {
    const { runs, publish, reach } = publishTo(1);
    for (const version of [3, 4]) publish(version);
    runs(1, 4, { refused: [refusal(3)] });
    expect([2, 3, 4].map((version) => counts(reach(version)))).toEqual([
      { accepted: 1 },
      { partial: 1 },
      { accepted: 1 },
    ]);
    expect(reach(4).refusals).toEqual([]);
    // A later form that can be used.
    publish(5);
    runs(1, 5);
    expect([3, 5].map((version) => counts(reach(version)))).toEqual([{ accepted: 1 }, { accepted: 1 }]);
  });

  test('has a change in part as long as it refuses later forms of the object, too', () => {
    const { runs, publish, reach } = publishTo(1);
    for (const version of [3, 4]) publish(version);
    runs(1, 3, { refused: [refusal(3)] });
    runs(1, 4, { refused: [refusal(4)] });
    expect([2, 3, 4].map((version) => counts(reach(version)))).toEqual([
      { accepted: 1 },
      { partial: 1 },
      { partial: 1 },
    ]);
    publish(5);
    runs(1, 5);
    expect([3, 4, 5].map((version) => counts(reach(version)))).toEqual([
      { accepted: 1 },
      { accepted: 1 },
      { accepted: 1 },
    ]);
  });

  test('that refused whole what came stays on what it has, and has said why', () => {
    const { runs, reach } = publishTo(1);
    runs(1, 1, { problem: 'data must be JSON' });
    expect(counts(reach(2))).toEqual({ refused: 1 });
    expect(reach(2)).toMatchObject({
      stragglers: [{ state: 'refused', version: 1, reason: 'data must be JSON' }],
      refusals: [{ reason: 'data must be JSON', instances: 1, examples: ['web-1'] }],
    });
    // What it has, it has all the same.
    expect(reach(1).late).toEqual({ expected: 1, accepted: 1 });
    runs(1, 2);
    expect(counts(reach(2))).toEqual({ accepted: 1 });
  });

  test('that contact was lost to is offline while its lease lasts, and gone after that', async () => {
    const { registry, reach, advance } = publishTo(2);
    await advance(5 * second);
    registry.lose([1], 2 * second);
    expect(counts(reach(2))).toEqual({ offline: 1, stale: 1 });
    expect(reach(2).expected).toBe(2);
    // The lease is of a minute after the last word.
    await advance(57 * second);
    expect(counts(reach(2))).toEqual({ offline: 1, stale: 1 });
    await advance(second);
    expect(counts(reach(2))).toEqual({ gone: 1, stale: 1 });
    expect(reach(2).expected).toBe(1);
  });

  test('that contact was lost to after it had the change has it, until it is gone', async () => {
    const { registry, runs, reach, advance } = publishTo(1);
    runs(1, 2);
    registry.lose([1], 0);
    expect(counts(reach(2))).toEqual({ accepted: 1 });
    await advance(61 * second);
    expect(counts(reach(2))).toEqual({ gone: 1 });
    expect(reach(2)).toMatchObject({ expected: 0, share: 1, stragglers: [] });
  });

  test('that said goodbye is gone, and not expected any more', () => {
    const { registry, runs, reach } = publishTo(3);
    runs(1, 2);
    registry.leave([2]);
    expect(counts(reach(2))).toEqual({ accepted: 1, pending: 1, gone: 1 });
    expect(reach(2)).toMatchObject({ expected: 2, share: 0.5 });
  });

  test('that was gone when the change was made is of no concern', async () => {
    const { join, registry, publish, reach, advance } = createTestFleet();
    registry.leave([join('web-1')]);
    registry.lose([join('web-2')], 0);
    await advance(61 * second);
    publish(2);
    expect(counts(reach(2))).toEqual({});
  });

  test('that contact was lost to when the change was made is expected: it may well be running', () => {
    const { join, registry, publish, reach } = createTestFleet();
    registry.lose([join('web-1')], 0);
    publish(2);
    expect(counts(reach(2))).toEqual({ offline: 1 });
  });

  test('that came later is counted apart', async () => {
    const { join, reach, runs, advance } = publishTo(1);
    join('web-2', { version: 2 });
    const late = join('web-3');
    await advance(5 * second);
    expect(counts(reach(2))).toEqual({ stale: 1 });
    expect(reach(2)).toMatchObject({ expected: 1, late: { expected: 2, accepted: 1 } });
    runs(late, 2);
    expect(reach(2).late).toEqual({ expected: 2, accepted: 2 });
  });

  test('that came later and left is not counted', () => {
    const { join, registry, reach } = publishTo(0);
    registry.leave([join('web-1', { version: 2 })]);
    expect(reach(2)).toMatchObject({ expected: 0, gone: 0, late: { expected: 0, accepted: 0 } });
  });

  test('that tells of another epoch has nothing of this one, however high its version', () => {
    const { join, publish, reach } = createTestFleet();
    join('web-1', { epoch: 'e0', version: 100 });
    join('web-2', { version: undefined });
    join('web-3', { running: { state: 'nonsense' } });
    publish(2);
    expect(counts(reach(2))).toEqual({ pending: 3 });
    expect(reach(2).stragglers.every((straggler) => !('version' in straggler))).toBe(true);
  });

  test('after a restore is waited for in the new epoch', () => {
    const { runs, publish, reach, registry } = publishTo(2);
    runs(1, 2);
    publish(1_000_003, 'e2');
    expect(counts(reach(1_000_003, 'e2'))).toEqual({ pending: 2 });
    registry.acknowledge([1], { state: 'e2:1000003' });
    expect(counts(reach(1_000_003, 'e2'))).toEqual({ accepted: 1, pending: 1 });
    // Of what was before, nobody knows any more who was there; and it has nothing of it now.
    expect(reach(2)).not.toHaveProperty('elapsedMs');
    expect(counts(reach(2))).toEqual({ pending: 2 });
  });
});

describe('what is told of stragglers', () => {
  test('is who and where they are, what they run and when they were heard of', async () => {
    const { join, publish, reach, advance } = createTestFleet();
    join('web-1', { about: { zone: 'a', cores: 8 }, through: 'edge-1' });
    publish(2);
    await advance(1500);
    expect(reach(2).stragglers).toEqual([
      {
        instance: 'web-1',
        state: 'pending',
        version: 1,
        sdk: 'sluice-node/0.1.0',
        about: { zone: 'a', cores: 8 },
        through: 'edge-1',
        heardMsAgo: 1500,
      },
    ]);
  });

  test('is at most a hundred, and their number is told all the same', () => {
    const { reach } = publishTo(1000);
    expect(reach(2).stragglers).toHaveLength(100);
    expect(counts(reach(2))).toEqual({ pending: 1000 });
  });
});

describe('refusals', () => {
  test('are grouped by reason, the most frequent first, with some names', () => {
    const { runs, reach } = publishTo(10);
    for (let member = 1; member <= 5; member++) runs(member, 2, { refused: [refusal(2, 'no list')] });
    runs(6, 1, { problem: 'no JSON' });
    for (const member of [7, 8]) runs(member, 2, { refused: [refusal(2, 'too new'), refusal(2, 'no list', 'b')] });
    runs(9, 2, { refused: [refusal(1, 'long ago')] });
    expect(counts(reach(2))).toEqual({ partial: 7, refused: 1, accepted: 1, pending: 1 });
    expect(reach(2).refusals).toEqual([
      { reason: 'flag a: no list', instances: 5, examples: ['web-1', 'web-2', 'web-3'] },
      { reason: 'flag a: too new', instances: 2, examples: ['web-7', 'web-8'] },
      { reason: 'flag b: no list', instances: 2, examples: ['web-7', 'web-8'] },
      { reason: 'no JSON', instances: 1, examples: ['web-6'] },
    ]);
  });

  test('are told for at most twenty reasons, whatever instances make up', () => {
    const { runs, reach } = publishTo(100);
    for (let member = 1; member <= 100; member++) runs(member, 1, { problem: `reason ${member}` });
    runs(100, 1, { problem: 'reason 7' });
    const { refusals } = reach(2);
    expect(refusals).toHaveLength(20);
    expect(refusals[0]).toMatchObject({ reason: 'reason 7', instances: 2 });
  });

  test('of instances that are gone are not told', () => {
    const { runs, registry, reach } = publishTo(1);
    runs(1, 1, { problem: 'no JSON' });
    registry.leave([1]);
    expect(reach(2).refusals).toEqual([]);
  });
});

describe('the times', () => {
  test('are those when half, 99 of 100 and all had the change', async () => {
    const { runs, reach, advance } = publishTo(200);
    for (let member = 1; member <= 200; member++) {
      await advance(1);
      runs(member, 2);
      const { reachedMs = {} } = reach(2);
      expect(reachedMs.half).toBe(member >= 100 ? 100 : undefined);
      expect(reachedMs.most).toBe(member >= 198 ? 198 : undefined);
      expect(reachedMs.all).toBe(member >= 200 ? 200 : undefined);
    }
    await advance(minute);
    expect(reach(2)).toMatchObject({ reachedMs: { half: 100, most: 198, all: 200 }, elapsedMs: minute + 200 });
  });

  test.each([
    [1, { half: 10, most: 10, all: 10 }],
    [2, { half: 10, most: 20, all: 20 }],
    [3, { half: 20, most: 30, all: 30 }],
    [99, { half: 500, most: 990, all: 990 }],
    [100, { half: 500, most: 990, all: 1000 }],
    [101, { half: 510, most: 1000, all: 1010 }],
  ])('are of whole instances: of %i', async (count, reachedMs) => {
    const { runs, reach, advance, members } = publishTo(count);
    for (const member of members) {
      await advance(10);
      runs(member, 2);
    }
    expect(reach(2).reachedMs).toEqual(reachedMs);
  });

  test('are none where nobody is expected: it is there at once', () => {
    expect(publishTo(0).reach(2)).toMatchObject({ share: 1, reachedMs: { half: 0, most: 0, all: 0 }, curve: [] });
  });

  test('are when instances had it, not when they told so', async () => {
    const { runs, reach, advance } = publishTo(2);
    await advance(700);
    runs(1, 2, { heldMs: 650 });
    await advance(10 * second);
    runs(2, 2, { heldMs: 9_900 });
    expect(reach(2).reachedMs).toEqual({ half: 50, most: 800, all: 800 });
  });

  test('are never before the change was made, whatever instances say', () => {
    const { runs, reach } = publishTo(2);
    runs(1, 2, { heldMs: 3_600_000 });
    runs(2, 2, { heldMs: Number.MAX_VALUE });
    expect(reach(2).reachedMs).toEqual({ half: 0, most: 0, all: 0 });
  });

  test('are those of the first word: what is repeated changes nothing', async () => {
    const { runs, reach, advance } = publishTo(1);
    await advance(50);
    runs(1, 2);
    for (let times = 0; times < 5; times++) {
      await advance(10 * second);
      runs(1, 2);
    }
    expect(reach(2).reachedMs).toEqual({ half: 50, most: 50, all: 50 });
  });

  test('are of a clock that never jumps', async () => {
    const { platform, runs, reach, advance } = publishTo(2);
    for (const member of [1, 2]) {
      await advance(100);
      platform.clock.setTimeOfDay(platform.now() + (member === 1 ? 3_600_000 : -7_200_000));
      runs(member, 2);
    }
    expect(reach(2)).toMatchObject({ reachedMs: { half: 100, all: 200 }, elapsedMs: 200 });
    await advance(2 * second);
    expect(counts(reach(2))).toEqual({ accepted: 2 });
  });

  test('leave out who has it in part, and who came later', async () => {
    const { join, runs, reach, advance } = publishTo(2);
    await advance(10);
    runs(1, 2, { refused: [refusal(2)] });
    join('web-9', { version: 2 });
    await advance(10);
    runs(2, 2);
    expect(reach(2).reachedMs).toEqual({ half: 20 });
  });

  test('are when an instance had all of the change, if it had it in part before', async () => {
    const { runs, publish, reach, advance } = publishTo(2);
    await advance(10);
    for (const member of [1, 2]) runs(member, 2, { refused: [refusal(2)], heldMs: 5 });
    await advance(10);
    runs(1, 2, { refused: [refusal(2)], heldMs: 15 });
    await advance(10);
    runs(1, 2, { heldMs: 4 });
    expect(reach(2).reachedMs).toEqual({ half: 26 });
    publish(3);
    await advance(10);
    runs(2, 3, { heldMs: 3 });
    expect(reach(2).reachedMs).toEqual({ half: 26, most: 37, all: 37 });
    expect(reach(3).reachedMs).toEqual({ half: 7 });
  });

  test('are not put off by heartbeats of who has it in part and then in full', async () => {
    const { runs, reach, advance } = publishTo(1);
    runs(1, 2, { refused: [refusal(2), refusal(2, 'too', 'b')] });
    await advance(10);
    runs(1, 2, { refused: [refusal(2)] });
    await advance(10);
    runs(1, 2);
    await advance(10_000);
    runs(1, 2, { heldMs: 10_000 });
    expect(reach(2).reachedMs).toEqual({ half: 20, most: 20, all: 20 });
  });

  test('count who had the version before this server heard that it was made', () => {
    const { join, publish, reach } = createTestFleet();
    publish(1);
    // It was connected elsewhere, where the change was first.
    join('web-1', { version: 2 });
    publish(2);
    expect(reach(2)).toMatchObject({ accepted: 1, share: 1, reachedMs: { half: 0, most: 0, all: 0 } });
  });

  test('are forgotten for an instance that goes back, and taken anew', async () => {
    const { runs, reach, advance } = publishTo(1);
    await advance(10);
    runs(1, 2);
    await advance(10);
    runs(1, 1);
    expect(counts(reach(2))).toEqual({ pending: 1 });
    expect(reach(2).reachedMs).toEqual({});
    await advance(10);
    runs(1, 2);
    expect(reach(2).reachedMs).toEqual({ half: 30, most: 30, all: 30 });
  });
});

describe('the curve', () => {
  test('is every instance where they are few', async () => {
    const { runs, reach, advance } = publishTo(4);
    for (const member of [1, 2, 3]) {
      await advance(member);
      runs(member, 2);
    }
    expect(reach(2).curve).toEqual([
      { ms: 1, share: 0.25 },
      { ms: 3, share: 0.5 },
      { ms: 6, share: 0.75 },
    ]);
  });

  test.each([50, 51, 75, 99, 100, 101, 149, 1000, 1234])(
    'has fifty points, and ends with the last of %i',
    async (count) => {
      const { runs, reach, advance, members } = publishTo(count);
      for (const member of members) {
        await advance(1);
        runs(member, 2);
      }
      const { curve = [] } = reach(2);
      expect(curve).toHaveLength(50);
      expect(curve.at(-1)).toEqual({ ms: count, share: 1 });
      for (const [at, { ms, share }] of curve.entries()) {
        expect(share).toBeCloseTo(ms / count, 10);
        expect(ms).toBeGreaterThan(curve[at - 1]?.ms ?? 0);
      }
    },
  );
});

describe('a change that is too old to be tracked', () => {
  test('is judged by who is there now, without times', () => {
    const { runs, registry, publish, reach } = publishTo(3);
    for (let version = 3; version <= 66; version++) publish(version);
    runs(1, 2);
    registry.leave([2]);
    const found = reach(2);
    expect(counts(found)).toEqual({ accepted: 1, pending: 1 });
    expect(found).toMatchObject({
      expected: 2,
      late: { expected: 0, accepted: 0 },
      stragglers: [{ instance: 'web-3' }],
    });
    for (const name of ['elapsedMs', 'reachedMs', 'curve']) expect(found).not.toHaveProperty(name);
    // One later is tracked still.
    expect(reach(3)).toHaveProperty('elapsedMs');
  });
});

describe('instances of other SDKs', () => {
  function publishToForeign() {
    const fleet = createTestFleet();
    const members = ['f-1', 'f-2', 'f-3'].map((key) => fleet.join(key, { isForeign: true }));
    fleet.publish(2);
    return { ...fleet, members };
  }

  test('are counted apart: what was sent, and what they have evaluated with', () => {
    const { registry, reach } = publishToForeign();
    expect(reach(2)).toMatchObject({ expected: 0, share: 1, foreign: { expected: 3, delivered: 0, inferred: 0 } });
    registry.deliver([1, 2], 2);
    registry.infer('env-1', 'session of f-1', 2);
    expect(reach(2).foreign).toEqual({ expected: 3, delivered: 2, inferred: 1 });
    // Whoever has evaluated with it was sent it, here or elsewhere.
    registry.infer('env-1', 'session of f-3', 3);
    expect(reach(2).foreign).toEqual({ expected: 3, delivered: 3, inferred: 2 });
    expect(reach(3).foreign).toMatchObject({ delivered: 1, inferred: 1 });
  });

  test('have nothing before they were sent anything', () => {
    const { join, publish, reach } = createTestFleet();
    join('f-1', { isForeign: true });
    publish(1);
    expect(reach(1).foreign).toEqual({ expected: 1, delivered: 0, inferred: 0 });
  });

  test('never have less than they had', () => {
    const { registry, reach } = publishToForeign();
    registry.deliver([1], 2);
    registry.deliver([1], 1);
    registry.infer('env-1', 'session of f-1', 2);
    registry.infer('env-1', 'session of f-1', 1);
    expect(reach(2).foreign).toMatchObject({ delivered: 1, inferred: 1 });
  });

  test('that nobody knows, or that are in another environment, are not counted', () => {
    const { registry, reach } = publishToForeign();
    registry.infer('env-1', 'nobody', 2);
    registry.infer('env-2', 'session of f-1', 2);
    expect(reach(2).foreign).toEqual({ expected: 3, delivered: 0, inferred: 0 });
  });

  test('that came later or are gone are not expected', () => {
    const { registry, join, reach } = publishToForeign();
    registry.deliver([join('f-4', { isForeign: true })], 2);
    registry.leave([1]);
    expect(reach(2)).toMatchObject({ foreign: { expected: 2, delivered: 0 }, late: { expected: 0 }, gone: 0 });
  });

  test('that are gone for a day are not told to be gone among ours', async () => {
    const { registry, reach, advance } = publishToForeign();
    registry.leave([1, 2]);
    await advance(24 * 3_600_000 + 2 * second);
    expect(reach(2)).toMatchObject({ gone: 0, foreign: { expected: 1 } });
  });
});

describe('the outcome', () => {
  const reachOf = (parts: Partial<Reach>): Reach => ({
    version: 2,
    expected: 0,
    accepted: 0,
    partial: 0,
    refused: 0,
    pending: 0,
    stale: 0,
    polling: 0,
    offline: 0,
    gone: 0,
    late: { expected: 0, accepted: 0 },
    share: 0,
    stragglers: [],
    refusals: [],
    foreign: { expected: 0, delivered: 0, inferred: 0 },
    ...parts,
  });

  test.each<['all' | '99', Partial<Reach>, ConvergenceView['outcome']]>([
    ['all', {}, 'converged'],
    ['99', {}, 'converged'],
    ['all', { expected: 1, pending: 1 }, 'waiting'],
    ['99', { expected: 1, pending: 1 }, 'waiting'],
    ['all', { expected: 1, accepted: 1 }, 'converged'],
    ['all', { expected: 100, accepted: 99, pending: 1 }, 'waiting'],
    ['99', { expected: 100, accepted: 99, pending: 1 }, 'converged'],
    ['99', { expected: 100, accepted: 98, pending: 2 }, 'waiting'],
    ['99', { expected: 101, accepted: 99, pending: 2 }, 'waiting'],
    ['99', { expected: 101, accepted: 100, pending: 1 }, 'converged'],
    ['99', { expected: 99, accepted: 98, pending: 1 }, 'waiting'],
    ['99', { expected: 20_000, accepted: 19_800, offline: 200 }, 'converged'],
    ['99', { expected: 20_000, accepted: 19_799, offline: 201 }, 'waiting'],
    ['all', { expected: 1, refused: 1 }, 'refused'],
    ['all', { expected: 1, partial: 1 }, 'refused'],
    ['all', { expected: 2, accepted: 1, partial: 1 }, 'refused'],
    ['all', { expected: 3, accepted: 1, partial: 1, refused: 1 }, 'refused'],
    // While others have not answered, nobody knows how many it will be.
    ['all', { expected: 2, refused: 1, pending: 1 }, 'waiting'],
    ['all', { expected: 2, refused: 1, offline: 1 }, 'waiting'],
    ['99', { expected: 100, accepted: 99, refused: 1 }, 'converged'],
    ['99', { expected: 100, accepted: 98, refused: 1, partial: 1 }, 'refused'],
    ['99', { expected: 100, accepted: 97, refused: 2, pending: 1 }, 'waiting'],
  ])('of waiting for %s is, with %j, that it is %s', (wait, parts, outcome) => {
    expect(judge(reachOf(parts), { wait, includeDelivered: false })).toBe(outcome);
  });

  test.each<[boolean, Partial<Reach>, ConvergenceView['outcome']]>([
    [false, { foreign: { expected: 5, delivered: 0, inferred: 0 } }, 'converged'],
    [true, { foreign: { expected: 5, delivered: 4, inferred: 4 } }, 'waiting'],
    [true, { foreign: { expected: 5, delivered: 5, inferred: 0 } }, 'converged'],
    [true, { expected: 1, pending: 1, foreign: { expected: 1, delivered: 1, inferred: 1 } }, 'waiting'],
    [true, { expected: 1, refused: 1, foreign: { expected: 1, delivered: 0, inferred: 0 } }, 'refused'],
  ])('with other SDKs included: %s, is, with %j, that it is %s', (includeDelivered, parts, outcome) => {
    expect(judge(reachOf(parts), { wait: 'all', includeDelivered })).toBe(outcome);
  });
});
