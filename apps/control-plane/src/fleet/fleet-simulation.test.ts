import type { InstanceState } from '@sluice/api-client';
import type { Member } from '@sluice/delivery';
import type { RefusedObject, Running } from '@sluice/protocol';
import { createFakeServerPlatform, createRandom } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { stateOf } from './convergence.ts';
import { nameOf } from './instance.ts';
import { buildTestFleet, type TestFleet } from './test-fleet.ts';

function createTestFleet(): TestFleet {
  return buildTestFleet(createFakeServerPlatform());
}

/**
 * One change among 20,000 instances, told as the network tells it: late, twice, in another order, not at all. What
 * becomes of each instance is decided first, and is the truth; the view must equal it at any moment.
 */

const second = 1000;
const minute = 60 * second;
const version = 2;

/** What becomes of an instance. Times are milliseconds after the change was made. */
interface Fate {
  readonly key: string;
  /** When it has the change, or knows that it cannot use it; infinite: never. */
  readonly hasAt: number;
  /** When the server hears of that first. */
  toldAt: number;
  /** Why it cannot use the change, or an object of it. */
  readonly problem?: string;
  readonly refused?: readonly RefusedObject[];
  /** When it can, after all; the server hears of it at once. */
  readonly mendsAt?: number;
  /** When contact was lost for good: before the change was made. */
  readonly lostAt?: number;
  /** When it said goodbye. */
  readonly leavesAt?: number;
  /** When it came; it was there before unless given. */
  readonly joinsAt?: number;
}

/** Who is there, and what the server is told of it when. */
class Simulation {
  readonly fleet: TestFleet = createTestFleet();
  readonly fates: Fate[] = [];
  readonly #random = createRandom(20_000);
  readonly #events: { readonly at: number; readonly happen: () => void }[] = [];
  #publishedAt = 0;

  /** A number in [least, most). */
  between(least: number, most: number): number {
    return least + this.#random.next() * (most - least);
  }

  happens(at: number, happen: () => void): void {
    this.#events.push({ at, happen });
  }

  async publish(): Promise<void> {
    this.#publishedAt = this.fleet.platform.elapsed();
    this.fleet.publish(version);
    this.#events.sort((a, b) => b.at - a.at);
  }

  /** Lets happen what happens until a moment. */
  async runUntil(at: number): Promise<void> {
    for (let next = this.#events.at(-1); next !== undefined && next.at <= at; next = this.#events.at(-1)) {
      this.#events.pop();
      await this.#moveTo(next.at);
      next.happen();
    }
    await this.#moveTo(at);
  }

  async #moveTo(at: number): Promise<void> {
    const ms = this.#publishedAt + at - this.fleet.platform.elapsed();
    // Moving the clock gives way to promises, of which there are none here: not needed for every event.
    if (ms > 0) await this.fleet.advance(ms);
  }
}

/** What an instance says of itself at a moment. */
function describe(fate: Fate, at: number): Running {
  if (at < fate.hasAt) return { state: 'e1:1', heldMs: at + minute };
  if (fate.mendsAt !== undefined && at >= fate.mendsAt) return { state: `e1:${version}`, heldMs: at - fate.mendsAt };
  const heldMs = at - fate.hasAt;
  if (fate.problem !== undefined) return { state: 'e1:1', problem: fate.problem, heldMs };
  return { state: `e1:${version}`, heldMs, ...(fate.refused !== undefined && { refused: fate.refused }) };
}

interface Options {
  /** Milliseconds from when it has the change until the server hears of it, if nothing is lost. */
  readonly tellMs: number;
  /** Whether the first word is lost; the heartbeat after it tells the same. */
  readonly isLost: boolean;
}

/** An instance that is there all the time, and reports over one connection. */
function stay(simulation: Simulation, fate: Fate, { tellMs, isLost }: Options): void {
  const { fleet } = simulation;
  const member = fleet.join(fate.key);
  const firstBeat = simulation.between(0, 10 * second);
  const speak = (at: number) => simulation.happens(at, () => fleet.registry.acknowledge([member], describe(fate, at)));
  if (!isLost) {
    fate.toldAt = fate.hasAt + tellMs;
    speak(fate.toldAt);
  }
  // A heartbeat tells it, too, whichever comes first.
  if (fate.mendsAt !== undefined) speak(fate.mendsAt);
  for (let beat = firstBeat; beat < minute; beat += 10 * second) {
    speak(beat);
    if (beat >= fate.hasAt) fate.toldAt = Math.min(fate.toldAt, beat);
  }
}

/** An instance that arrives elsewhere in the middle of it, while the connection before still says things. */
function move(simulation: Simulation, fate: Fate): void {
  const { fleet } = simulation;
  const old = fleet.join(fate.key, { connection: 1 });
  const movesAt = simulation.between(0, 3 * second);
  let current: Member | undefined;
  simulation.happens(movesAt, () => {
    current = fleet.join(fate.key, { connection: 2, running: describe(fate, movesAt) });
  });
  const tellsAt = fate.hasAt + simulation.between(0, 200);
  simulation.happens(tellsAt, () => {
    fleet.registry.acknowledge([current ?? old], describe(fate, tellsAt));
  });
  fate.toldAt = movesAt >= fate.hasAt ? Math.min(movesAt, tellsAt) : tellsAt;
  // What was on the way over the old connection: something older, something that is not true, its end.
  const lateBy = (ms: number) => movesAt + simulation.between(0, ms);
  const lies = [{ state: 'e1:1' }, { state: 'e1:9' }, { state: 'e1:1', problem: 'not true' }];
  for (const lie of lies) simulation.happens(lateBy(2 * second), () => fleet.registry.acknowledge([old], lie));
  if (simulation.between(0, 1) < 0.5) {
    simulation.happens(lateBy(2 * second), () => fleet.registry.join('env-1', arrivalAgain(fleet, fate.key)));
  }
  const endsAt = lateBy(5 * second);
  if (simulation.between(0, 1) < 0.5) simulation.happens(endsAt, () => fleet.registry.lose([old], 0));
  else simulation.happens(endsAt, () => fleet.registry.leave([old]));
}

/** The first hello once more, as a proxy may repeat it. */
function arrivalAgain({ instances }: TestFleet, key: string) {
  const instance = instances.instances.find((each) => each.key === key);
  if (instance === undefined) throw new Error(`${key} is not there`);
  return { ...instance.arrival, connection: 1, running: { state: 'e1:1' } };
}

const reasons = ['data must be JSON', 'variations must be a list', 'rules[0].clauses must be a list'] as const;

function simulate(): Simulation {
  const simulation = new Simulation();
  const { fleet, fates } = simulation;
  fleet.publish(1);
  for (let at = 0; at < 20_000; at++) {
    const key = `web-${at}`;
    // Most have it soon; some take long.
    const hasAt = at % 50 === 0 ? simulation.between(500, 8 * second) : simulation.between(1, 400);
    const tellMs = simulation.between(0, 100);
    const isLost = at % 100 === 7;
    let fate: Fate = { key, hasAt, toldAt: Number.POSITIVE_INFINITY };
    if (at % 1000 === 1) {
      // In turn the whole change, and one object or two of it.
      const reason = reasons[Math.floor(at / 1000) % 3] ?? '';
      const refused = ['a', 'b']
        .slice(0, 1 + (at % 2))
        .map((flag) => ({ kind: 'flag', key: flag, version, reason }) as const);
      const mendsAt = simulation.between(20 * second, 25 * second);
      fate = { ...fate, mendsAt, ...(Math.floor(at / 1000) % 2 === 0 ? { problem: reason } : { refused }) };
      stay(simulation, fate, { tellMs, isLost });
    } else if (at % 400 === 3) {
      // Contact is lost before the change is made, to each at another time.
      const silentMs = simulation.between(0, 55 * second);
      fate = { ...fate, hasAt: Number.POSITIVE_INFINITY, lostAt: -silentMs };
      fleet.registry.lose([fleet.join(key)], silentMs);
    } else if (at % 100 === 5) {
      move(simulation, fate);
    } else if (at % 100 === 9) {
      // Says goodbye, with or without the change.
      const leavesAt = simulation.between(0, 10 * second);
      fate = { ...fate, leavesAt, toldAt: hasAt + tellMs };
      const member = fleet.join(key);
      simulation.happens(fate.toldAt, () => fleet.registry.acknowledge([member], describe(fate, fate.toldAt)));
      simulation.happens(leavesAt, () => fleet.registry.leave([member]));
    } else stay(simulation, fate, { tellMs, isLost });
    fates.push(fate);
  }
  for (let at = 0; at < 300; at++) {
    const joinsAt = simulation.between(0, 10 * second);
    const hasAt = joinsAt + (at % 2 === 0 ? 0 : simulation.between(0, 5 * second));
    const fate: Fate = { key: `late-${at}`, joinsAt, hasAt, toldAt: hasAt };
    let member: Member | undefined;
    simulation.happens(joinsAt, () => {
      member = fleet.join(fate.key, { running: describe(fate, joinsAt) });
    });
    simulation.happens(hasAt, () => fleet.registry.acknowledge([member ?? 0], describe(fate, hasAt)));
    fates.push(fate);
  }
  return simulation;
}

/** The state of an instance as it is in truth. */
function truthOf(fate: Fate, at: number): InstanceState {
  const { toldAt, problem, refused, lostAt, leavesAt, mendsAt = Number.POSITIVE_INFINITY } = fate;
  if (leavesAt !== undefined && at >= leavesAt) return 'gone';
  if (lostAt !== undefined) return at >= lostAt + minute ? 'gone' : 'offline';
  if (at < toldAt) return at > 2 * second ? 'stale' : 'pending';
  if (at >= mendsAt) return 'accepted';
  if (problem !== undefined) return 'refused';
  return refused === undefined ? 'accepted' : 'partial';
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return counts;
}

/** When such a share had it, of those who have it by now and are expected. */
function truthOfTime(delays: readonly number[], expected: number, share: number): number | undefined {
  return delays[Math.ceil((share * expected) / 100) - 1];
}

function expectTruth(simulation: Simulation, at: number): void {
  const { fleet, fates } = simulation;
  const reach = fleet.reach(version);
  const there = fates.filter(({ joinsAt }) => joinsAt === undefined);
  const states = new Map(there.map((fate) => [fate.key, truthOf(fate, at)]));
  const expected = there.filter(({ key }) => states.get(key) !== 'gone');
  const { accepted, partial, refused, pending, stale, polling, offline, gone } = reach;
  const counts = { accepted, partial, refused, pending, stale, polling, offline, gone };
  const none = { accepted: 0, partial: 0, refused: 0, pending: 0, stale: 0, polling: 0, offline: 0, gone: 0 };
  expect(counts).toEqual({ ...none, ...countBy([...states.values()], (state) => state) });
  expect(reach.expected).toBe(expected.length);
  expect(reach.share).toBe(accepted / expected.length);

  const late = fates.filter(({ joinsAt }) => joinsAt !== undefined && joinsAt <= at);
  expect(reach.late).toEqual({ expected: late.length, accepted: late.filter(({ toldAt }) => toldAt <= at).length });

  // Every name, not only of the hundred that are shown.
  const now = fleet.platform.elapsed();
  const track = fleet.instances.findTrack(version);
  const seen = new Map(
    fleet.instances.instances.map((instance) => [
      nameOf(instance),
      stateOf(instance, { epoch: 'e1', version, now }, track),
    ]),
  );
  expect(there.filter(({ key }) => seen.get(key) !== states.get(key)).map(({ key }) => key)).toEqual([]);
  const behind = expected.filter(({ key }) => states.get(key) !== 'accepted');
  expect(reach.stragglers.map(({ instance, state }) => [instance, state])).toEqual(
    behind.slice(0, 100).map(({ key }) => [key, states.get(key)]),
  );

  const refusing = behind.filter(({ key }) => ['partial', 'refused'].includes(states.get(key) ?? ''));
  const told = refusing.flatMap(({ problem, refused: objects = [] }) =>
    problem === undefined ? objects.map(({ kind, key, reason }) => `${kind} ${key}: ${reason}`) : [problem],
  );
  expect(Object.fromEntries(reach.refusals.map(({ reason, instances }) => [reason, instances]))).toEqual(
    countBy(told, (reason) => reason),
  );

  const delays = expected
    .filter(({ key }) => states.get(key) === 'accepted')
    .map(({ hasAt, mendsAt = hasAt }) => mendsAt)
    .sort((a, b) => a - b);
  for (const [name, share] of [
    ['half', 50],
    ['most', 99],
    ['all', 100],
  ] as const) {
    const truth = truthOfTime(delays, expected.length, share);
    const { reachedMs = {} } = reach;
    if (truth === undefined) expect(reachedMs[name]).toBeUndefined();
    else expect(Math.abs((reachedMs[name] ?? Number.NaN) - truth)).toBeLessThan(5);
  }
  expect(reach.curve?.at(-1)?.share ?? 0).toBe(accepted / expected.length);
}

test('the view of a change among 20,000 instances equals the truth at every moment', async () => {
  const simulation = simulate();
  await simulation.publish();
  let at = 0;
  for (const moment of [0, 10, 150, 399, 1000, 2000, 2500, 5000, 12_000, 22_500, 30_000, 59_000, 75_000]) {
    // The clock on the wall does what it likes.
    const { clock } = simulation.fleet.platform;
    clock.setTimeOfDay(clock.now() + (at++ % 2 === 0 ? 3_600_000 : -7_200_000));
    await simulation.runUntil(moment);
    expectTruth(simulation, moment);
  }
  const { accepted, expected, gone, reachedMs } = simulation.fleet.reach(version);
  // Those that were lost and those that left are gone; the last that mended makes the change complete.
  expect({ gone, expected, accepted }).toEqual({ gone: 50 + 200, expected: 19_750, accepted: 19_750 });
  expect(reachedMs?.all).toBeGreaterThan(20 * second);
});
