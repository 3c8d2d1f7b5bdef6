import { createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { nameOf } from './instance.ts';
import { type ArrivalParts, buildTestFleet, type TestFleet } from './test-fleet.ts';

function createTestFleet(): TestFleet {
  return buildTestFleet(createFakeServerPlatform());
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Everybody who is known, as `name contact version`. */
function everybody({ instances }: TestFleet): readonly string[] {
  return instances.instances.map((instance) => `${nameOf(instance)} ${instance.contact.kind} ${instance.version}`);
}

describe('an instance', () => {
  test('that is connected again is the same', async () => {
    const fleet = createTestFleet();
    const first = fleet.join('web-1', { connection: 1 });
    await fleet.advance(5 * second);
    fleet.registry.lose([first], 0);
    fleet.join('web-1', { connection: 2, version: 2 });
    expect(everybody(fleet)).toEqual(['web-1 connected 2']);
    expect(fleet.instances.instances[0]?.joinedAt).toBe(0);
  });

  test('that starts again under its key takes its place, and has nothing until it says so', () => {
    const fleet = createTestFleet();
    fleet.registry.lose([fleet.join('web-1', { version: 7 })], 0);
    fleet.join('web-1', { session: 'next', version: undefined });
    expect(everybody(fleet)).toEqual(['web-1 connected 0']);
  });

  test('that starts again before the loss of the old process was noticed is another, until that is gone', async () => {
    const fleet = createTestFleet();
    const old = fleet.join('web-1');
    const next = fleet.join('web-1', { session: 'next' });
    expect(everybody(fleet)).toEqual(['web-1 connected 1', 'web-1 (2) connected 1']);
    fleet.registry.lose([old], 60 * second);
    await fleet.advance(2 * second);
    expect(everybody(fleet)).toEqual(['web-1 gone 1', 'web-1 (2) connected 1']);
    // The next one to start finds the first place free.
    fleet.registry.leave([next]);
    fleet.join('web-1', { session: 'third', version: 3 });
    expect(everybody(fleet)).toEqual(['web-1 connected 3', 'web-1 (2) gone 1']);
  });

  test('that comes back after another has taken its place is a sibling of that', () => {
    const fleet = createTestFleet();
    fleet.registry.lose([fleet.join('web-1', { session: 'old', connection: 1, version: 3 })], 0);
    fleet.join('web-1', { session: 'new', version: 5 });
    // Its process had only lost contact.
    fleet.join('web-1', { session: 'old', connection: 2, version: 4 });
    expect(everybody(fleet)).toEqual(['web-1 connected 5', 'web-1 (2) connected 4']);
  });

  test('has siblings under one key, each with a name of its own', () => {
    const fleet = createTestFleet();
    const members = ['a', 'b', 'c'].map((session, at) => fleet.join('web', { session, version: at + 1 }));
    expect(everybody(fleet)).toEqual(['web connected 1', 'web (2) connected 2', 'web (3) connected 3']);
    fleet.runs(members[1] ?? 0, 9);
    expect(everybody(fleet)).toEqual(['web connected 1', 'web (2) connected 9', 'web (3) connected 3']);
    fleet.registry.lose(members, 0);
    // Each process that comes back is known by its session, whatever place it has.
    fleet.join('web', { session: 'c', connection: 2, version: 4 });
    expect(everybody(fleet)).toEqual(['web lost 1', 'web (2) lost 9', 'web (3) connected 4']);
    fleet.join('web', { session: 'd', version: 5 });
    expect(everybody(fleet)).toEqual(['web connected 5', 'web (2) lost 9', 'web (3) connected 4']);
  });

  test('may have thousands of siblings: somebody gave one key to the whole fleet', () => {
    const fleet = createTestFleet();
    for (let at = 1; at <= 5000; at++) fleet.join('web', { session: `s-${at}` });
    expect(new Set(everybody(fleet)).size).toBe(5000);
  });

  test('is another in another environment', () => {
    const fleet = createTestFleet();
    fleet.join('web-1');
    fleet.registry.join('env-2', { ...arrivalOf(fleet), connection: 1 });
    expect(fleet.registry.open('env-2').instances).toHaveLength(1);
    expect(fleet.instances.instances).toHaveLength(1);
    expect([...fleet.registry.list().keys()]).toEqual(['env-1', 'env-2']);
  });

  test('is there since it came, breaks of contact shorter than its lease included', async () => {
    const fleet = createTestFleet();
    const joinedAt = () => fleet.instances.instances[0]?.joinedAt;
    const join = (connection: number) => fleet.join('web-1', { connection });
    let member = join(1);
    await fleet.advance(minute);
    fleet.registry.lose([member], 0);
    await fleet.advance(59 * second);
    member = join(2);
    expect(joinedAt()).toBe(0);
    fleet.registry.lose([member], 0);
    await fleet.advance(61 * second);
    join(3);
    expect(joinedAt()).toBe(minute + 59 * second + 61 * second);
  });
});

function arrivalOf({ instances }: TestFleet) {
  const [instance] = instances.instances;
  if (instance === undefined) throw new Error('nobody is there');
  return instance.arrival;
}

describe('an instance that moves', () => {
  /** Connected, in the middle of a change, and then connected elsewhere with a higher number. */
  function move(): TestFleet & { readonly old: number; readonly current: number } {
    const fleet = createTestFleet();
    const old = fleet.join('web-1', { connection: 1 });
    fleet.publish(2);
    const current = fleet.join('web-1', { connection: 2 });
    return { ...fleet, old, current };
  }

  test('is counted once, and only its newest connection speaks for it', () => {
    const fleet = move();
    fleet.runs(fleet.old, 2);
    expect(fleet.reach(2)).toMatchObject({ expected: 1, accepted: 0, late: { expected: 0 } });
    fleet.runs(fleet.current, 2);
    fleet.runs(fleet.old, 1);
    expect(fleet.reach(2)).toMatchObject({ expected: 1, accepted: 1 });
  });

  test.each<[string, (fleet: ReturnType<typeof move>) => void]>([
    ['loses contact to it', ({ registry, old }) => registry.lose([old], 0)],
    ['hears its goodbye', ({ registry, old }) => registry.leave([old])],
    ['hears of refusals', ({ registry, old }) => registry.acknowledge([old], { problem: 'no JSON' })],
    ['sends it a version', ({ registry, old }) => registry.deliver([old], 5)],
  ])('is what its newest connection says, also when the one before %s', (_, tell) => {
    const fleet = move();
    tell(fleet);
    tell(fleet);
    expect(everybody(fleet)).toEqual(['web-1 connected 1']);
    expect(fleet.instances.instances[0]).toMatchObject({ problem: undefined, delivered: 0 });
    fleet.runs(fleet.current, 2);
    expect(everybody(fleet)).toEqual(['web-1 connected 2']);
  });

  test('back and forth is counted once', () => {
    const fleet = move();
    for (let connection = 3; connection <= 100; connection++) {
      const member = fleet.join('web-1', { connection });
      fleet.registry.lose([member - 1], 0);
      fleet.runs(member, connection === 50 ? 2 : 1);
    }
    expect(fleet.instances.instances).toHaveLength(1);
    expect(fleet.reach(2)).toMatchObject({ expected: 1, pending: 1 });
  });

  test.each([
    ['an earlier connection', 1],
    ['the same connection once more', 2],
    ['a connection before all', -1],
  ])('and is told of late is not set back: %s', (_, connection) => {
    const fleet = move();
    fleet.runs(fleet.current, 2);
    const late = fleet.join('web-1', { connection, version: 1 });
    expect(everybody(fleet)).toEqual(['web-1 connected 2']);
    // Whatever is told of that number is void.
    fleet.runs(late, 1);
    fleet.registry.lose([late], 0);
    fleet.registry.leave([late]);
    expect(everybody(fleet)).toEqual(['web-1 connected 2']);
  });

  test('to a process with another key takes its place along', () => {
    const fleet = createTestFleet();
    fleet.join('web-1', { session: 's', connection: 1 });
    fleet.join('web-1', { session: 's', connection: 2, via: 'stream', about: { zone: 'b' } });
    expect(fleet.instances.instances).toHaveLength(1);
    expect(arrivalOf(fleet)).toMatchObject({ via: 'stream', about: { zone: 'b' } });
  });
});

describe('an instance that starts again in the middle of a change', () => {
  const restart = (fleet: TestFleet, parts: ArrivalParts) => fleet.join('web-1', { session: 'next', ...parts });

  /** It had version 2 after 100 ms, and its process ended after 200. */
  async function endAfterChange(): Promise<TestFleet> {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    fleet.publish(2);
    await fleet.advance(100);
    fleet.runs(member, 2);
    await fleet.advance(100);
    fleet.registry.lose([member], 0);
    await fleet.advance(100);
    return fleet;
  }

  test('with the change has it, since when it had it first', async () => {
    const fleet = await endAfterChange();
    restart(fleet, { version: 2 });
    expect(fleet.reach(2)).toMatchObject({ expected: 1, accepted: 1, late: { expected: 0 }, reachedMs: { all: 100 } });
  });

  test.each<[string, ArrivalParts]>([
    ['with nothing', { version: undefined }],
    ['with what is older', { version: 1 }],
    ['with what is of another epoch', { version: 2, epoch: 'e0' }],
    ['with what nobody understands', { running: { state: '???' } }],
  ])('%s has not got it, and gets it anew', async (_, parts) => {
    const fleet = await endAfterChange();
    const member = restart(fleet, parts);
    expect(fleet.reach(2)).toMatchObject({ expected: 1, accepted: 0, pending: 1, reachedMs: {} });
    await fleet.advance(50);
    fleet.runs(member, 2);
    expect(fleet.reach(2)).toMatchObject({ accepted: 1, reachedMs: { all: 350 } });
  });

  test('under another key is another that came later, and the old one is gone', async () => {
    const fleet = await endAfterChange();
    fleet.join('web-2', { session: 'next', version: 2 });
    await fleet.advance(61 * second);
    expect(fleet.reach(2)).toMatchObject({ expected: 0, gone: 1, late: { expected: 1, accepted: 1 } });
  });

  test('after its lease ended is expected again: it was there when the change was made', async () => {
    const fleet = await endAfterChange();
    await fleet.advance(61 * second);
    expect(fleet.reach(2)).toMatchObject({ expected: 0, gone: 1 });
    restart(fleet, { version: 1 });
    expect(fleet.reach(2)).toMatchObject({ expected: 1, stale: 1, gone: 0 });
  });

  test('leaves nothing of what the process before refused', async () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    fleet.publish(2);
    fleet.registry.acknowledge([member], {
      state: 'e1:2',
      problem: 'no JSON',
      refused: [{ kind: 'flag', key: 'a', version: 2, reason: 'because' }],
    });
    fleet.registry.lose([member], 0);
    restart(fleet, { version: 2 });
    expect(fleet.reach(2)).toMatchObject({ accepted: 1, partial: 0 });
  });
});

describe('an instance that is gone', () => {
  test('is listed for a day', async () => {
    const fleet = createTestFleet();
    fleet.publish(1);
    fleet.registry.leave([fleet.join('web-1')]);
    await fleet.advance(24 * hour - second);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
    await fleet.advance(2 * second);
    expect(everybody(fleet)).toEqual([]);
  }, 60_000);

  test('is listed for longer where it left records to repair, until they are repaired in its place', () => {
    const fleet = createTestFleet();
    const running = { state: 'e1:1', repairs: [{ migration: 'orders', depth: 3, oldestMs: 40 }] };
    fleet.registry.leave([fleet.join('web-1', { running })]);
    fleet.instances.look(30 * 24 * hour);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
    const again = fleet.join('web-1', { session: 'next' });
    fleet.runs(again, 1, { repairs: [] });
    fleet.registry.leave([again]);
    fleet.instances.look(31 * 24 * hour);
    expect(everybody(fleet)).toEqual([]);
  });

  test('goes after those that left nothing to repair, when there are too many', () => {
    const fleet = createTestFleet();
    const running = { state: 'e1:1', repairs: [{ migration: 'orders', depth: 3, oldestMs: 40 }] };
    fleet.registry.leave([fleet.join('web-0', { running })]);
    for (let at = 1; at <= 5001; at++) fleet.registry.leave([fleet.join(`web-${at}`)]);
    expect(everybody(fleet)).toHaveLength(5000);
    expect(everybody(fleet)).toContain('web-0 gone 1');
    expect(everybody(fleet)).not.toContain('web-1 gone 1');
  });

  test('for a day is another when it comes again', async () => {
    const fleet = createTestFleet();
    const first = fleet.join('web-1', { version: 7 });
    fleet.publish(8);
    fleet.registry.leave([first]);
    for (let passed = 0; passed <= 24; passed++) fleet.instances.look(passed * hour);
    expect(everybody(fleet)).toEqual([]);
    fleet.join('web-1', { session: 'session of web-1', connection: 1, version: undefined });
    expect(everybody(fleet)).toEqual(['web-1 connected 0']);
    // Of the change that it was there for, the one before is gone, and this one came later.
    expect(fleet.reach(8)).toMatchObject({ expected: 0, gone: 1, late: { expected: 1 } });
  });

  test('gives its index to another, who is not taken for it', () => {
    const fleet = createTestFleet();
    const [one, two] = [fleet.join('web-1'), fleet.join('web-2')];
    fleet.publish(2);
    fleet.runs(one, 2);
    fleet.runs(two, 2);
    fleet.registry.leave([one]);
    fleet.instances.look(24 * hour);
    expect(fleet.reach(2)).toMatchObject({ expected: 1, accepted: 1, gone: 1 });
    const three = fleet.join('web-3');
    expect(fleet.instances.instances.map(({ index, key }) => `${index} ${key}`)).toEqual(['0 web-3', '1 web-2']);
    expect(fleet.reach(2)).toMatchObject({
      expected: 1,
      accepted: 1,
      gone: 1,
      reachedMs: { half: 0, all: 0 },
      late: { expected: 1, accepted: 0 },
    });
    // Nor does it get the times of the one before.
    fleet.publish(3);
    fleet.runs(three, 3);
    expect(fleet.reach(2).late).toEqual({ expected: 1, accepted: 1 });
    expect(fleet.reach(3)).toMatchObject({ expected: 2, accepted: 1, gone: 0 });
  });

  test('leaves its siblings their names', () => {
    const fleet = createTestFleet();
    const [first] = ['a', 'b'].map((session) => fleet.join('web', { session }));
    fleet.registry.leave([first ?? 0]);
    fleet.instances.look(24 * hour);
    expect(everybody(fleet)).toEqual(['web (2) connected 1']);
    for (const session of ['c', 'd']) fleet.join('web', { session });
    expect([...everybody(fleet)].sort()).toEqual(['web (2) connected 1', 'web (3) connected 1', 'web connected 1']);
  });

  test('is nobody that anybody speaks for', () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    fleet.registry.leave([member]);
    fleet.runs(member, 9);
    fleet.registry.lose([member], 0);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
  });
});

describe('leases', () => {
  test.each([0, 10 * second, 59 * second])('end a minute after the last word, told %i ms late', async (silentMs) => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    await fleet.advance(2 * minute);
    fleet.registry.lose([member], silentMs);
    await fleet.advance(minute - silentMs - 1);
    expect(everybody(fleet)).toEqual(['web-1 lost 1']);
    await fleet.advance(second);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
  });

  test('that ended before the loss was told are over', async () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    await fleet.advance(10 * minute);
    fleet.registry.lose([member], 5 * minute);
    await fleet.advance(second);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
  });

  test.each([hour, -hour])('are not concerned when the time of day jumps by %i ms', async (jump) => {
    const fleet = createTestFleet();
    fleet.registry.lose([fleet.join('web-1')], 0);
    fleet.platform.clock.setTimeOfDay(fleet.platform.now() + jump);
    await fleet.advance(59 * second);
    expect(everybody(fleet)).toEqual(['web-1 lost 1']);
    fleet.platform.clock.setTimeOfDay(fleet.platform.now() - 2 * jump);
    await fleet.advance(second);
    expect(everybody(fleet)).toEqual(['web-1 gone 1']);
  });

  test('are looked at no more once the registry is closed', async () => {
    const fleet = createTestFleet();
    fleet.registry.lose([fleet.join('web-1')], 0);
    fleet.registry.close();
    expect(fleet.platform.clock.waiting).toEqual([]);
  });
});

describe('versions', () => {
  test('that were published before, or lower ones, are no news', async () => {
    const fleet = createTestFleet();
    fleet.join('web-1');
    fleet.publish(5);
    await fleet.advance(second);
    fleet.publish(5);
    fleet.publish(4);
    expect(fleet.reach(5)).toMatchObject({ elapsedMs: second, expected: 1 });
    expect(fleet.instances.findTrack(4)).toBeUndefined();
  });

  test('are tracked, 64 at a time, however many there are', () => {
    const fleet = createTestFleet();
    fleet.join('web-1');
    for (let version = 2; version <= 10_000; version++) fleet.publish(version);
    const tracked = Array.from({ length: 10_001 }, (_, at) => at).filter((at) => fleet.instances.findTrack(at));
    expect(tracked).toEqual(Array.from({ length: 64 }, (_, at) => 9937 + at));
  });

  test('that an instance passes over are those that it has', async () => {
    const fleet = createTestFleet();
    const member = fleet.join('web-1');
    for (const version of [2, 3, 4]) {
      fleet.publish(version);
      await fleet.advance(100);
    }
    fleet.runs(member, 4);
    expect([2, 3, 4].map((version) => fleet.reach(version).reachedMs)).toEqual([
      { half: 300, most: 300, all: 300 },
      { half: 200, most: 200, all: 200 },
      { half: 100, most: 100, all: 100 },
    ]);
  });
});

describe('an instance of another SDK', () => {
  const foreign = { isForeign: true, connection: 0 };

  test('is known by its session, whichever of its connections speaks', () => {
    const fleet = createTestFleet();
    const [one, two] = [fleet.join('f-1', foreign), fleet.join('f-1', foreign)];
    expect(fleet.instances.instances).toHaveLength(1);
    // The newest speaks for it.
    fleet.registry.deliver([one], 3);
    expect(fleet.instances.instances[0]?.delivered).toBe(0);
    fleet.registry.deliver([two], 3);
    expect(fleet.instances.instances[0]?.delivered).toBe(3);
  });

  test('whose newest connection is lost is where it still asks', async () => {
    const fleet = createTestFleet();
    const [one, two] = [fleet.join('f-1', foreign), fleet.join('f-1', foreign)];
    fleet.registry.lose([two], 0);
    expect(everybody(fleet)).toEqual(['f-1 lost 0']);
    fleet.registry.deliver([one], 3);
    expect(everybody(fleet)).toEqual(['f-1 connected 0']);
    await fleet.advance(2 * minute);
    expect(everybody(fleet)).toEqual(['f-1 connected 0']);
    expect(fleet.instances.instances[0]?.delivered).toBe(3);
  });

  test('of ours is not where an old connection still talks: a session says itself where it is', () => {
    const fleet = createTestFleet();
    const [one, two] = [fleet.join('web-1', { connection: 1 }), fleet.join('web-1', { connection: 2 })];
    fleet.registry.lose([two], 0);
    fleet.runs(one, 9);
    expect(everybody(fleet)).toEqual(['web-1 lost 1']);
  });

  test('never takes the place of one of ours, nor gives it its own', () => {
    const fleet = createTestFleet();
    fleet.registry.lose([fleet.join('same-key', { session: 'own' })], 0);
    fleet.registry.lose([fleet.join('same-key', { ...foreign, session: 'foreign' })], 0);
    fleet.join('same-key', { session: 'own next' });
    expect(fleet.instances.instances.map(({ isForeign }) => isForeign)).toEqual([false, true]);
    expect(fleet.instances.instances.map(({ arrival }) => arrival.isForeign)).toEqual([false, true]);
  });
});

describe('probes', () => {
  test('measure how long a word takes, there and back', async () => {
    const fleet = createTestFleet();
    fleet.registry.noteProbe('env-1', 'p-1');
    await fleet.advance(40);
    fleet.registry.answerProbe('p-1', 0);
    await fleet.advance(60);
    fleet.registry.answerProbe('p-1', 70);
    expect(fleet.measured).toEqual([0.04, 0.03]);
  });

  test('are never answered before they were sent', () => {
    const fleet = createTestFleet();
    fleet.registry.noteProbe('env-1', 'p-1');
    fleet.registry.answerProbe('p-1', 5000);
    expect(fleet.measured).toEqual([0]);
  });

  test('that nobody sent, or that are long ago, measure nothing', () => {
    const fleet = createTestFleet();
    fleet.registry.answerProbe('made-up', 0);
    fleet.registry.answerProbe('__proto__', 0);
    for (let at = 1; at <= 11; at++) fleet.registry.noteProbe('env-1', `p-${at}`);
    for (let at = 1; at <= 11; at++) fleet.registry.answerProbe(`p-${at}`, 0);
    expect(fleet.measured).toHaveLength(10);
  });
});

test('whoever waits for news hears of everything that may matter, until it stops', () => {
  const fleet = createTestFleet();
  let heard = 0;
  const news = (tell: () => unknown): number => {
    heard = 0;
    tell();
    return heard;
  };
  const stop = fleet.instances.onNews(() => heard++);
  let member = 0;
  const told = [
    news(() => (member = fleet.join('web-1'))),
    news(() => fleet.runs(member, 2)),
    news(() => fleet.registry.lose([member], 0)),
    news(() => (member = fleet.join('web-1', { connection: 2 }))),
    news(() => fleet.registry.leave([member])),
    news(() => (member = fleet.join('f-1', { isForeign: true }))),
    news(() => fleet.registry.deliver([member], 2)),
    news(() => fleet.registry.infer('env-1', 'session of f-1', 2)),
  ];
  expect(told.every((count) => count > 0)).toBe(true);
  expect(news(() => fleet.registry.deliver([member], 2))).toBe(0);
  stop();
  expect(news(() => fleet.registry.leave([member]))).toBe(0);
});
