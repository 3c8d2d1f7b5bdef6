import { type LinkUp, parseLinkUp, type Running, unpackMembers } from '@sluice/protocol';
import { createFakeServerPlatform, createRandom, type FakeServerPlatform } from '@sluice/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Arrival } from './fleet.ts';
import { Roster } from './roster.ts';

let platform: FakeServerPlatform;
let roster: Roster;
let sent: LinkUp[];

beforeEach(() => {
  platform = createFakeServerPlatform();
  roster = new Roster(platform);
  sent = [];
});

function connect(): void {
  roster.connect((message) => void sent.push(read(message)));
}

/** As it goes through the wire. */
function read(message: LinkUp): LinkUp {
  // What a roster sends is well-formed.
  return parseLinkUp(JSON.stringify(message)) as LinkUp;
}

function arrive(key: string, running: Running = {}, isForeign = false): Arrival {
  return { key, session: `session of ${key}`, connection: 1, via: 'socket', isForeign, sdk: 'x/1', about: {}, running };
}

/** What was sent since this was asked last, in a few words. */
function take(): readonly string[] {
  return sent.splice(0).map(inWords);
}

function inWords(message: LinkUp): string {
  switch (message.kind) {
    case 'joined':
      return `${message.environmentId}: ${message.arrivals.map(({ member, key, running }) => `${member} is ${key} ${inShort(running)}`).join(', ')}`;
    case 'acknowledged':
      return `${unpackMembers(message.members)} run ${inShort(message.running)}`;
    case 'delivered':
      return `${unpackMembers(message.members)} were sent ${message.version}`;
    case 'inferred':
      return `${message.environmentId}: ${message.session} names ${message.version}`;
    case 'lost':
      return `${unpackMembers(message.members)} lost for ${message.silentMs}`;
    case 'heard':
      return `${unpackMembers(message.members)} were heard`;
    case 'left':
      return `${unpackMembers(message.members)} left`;
    case 'answered':
      return `${message.id} answered ${message.agoMs} ago`;
    default:
      return message.kind;
  }
}

function inShort({ state, problem, refused, configs, valves, oldestVersion, repairs, heldMs }: Running): string {
  const words = [
    state,
    problem,
    refused && `without ${refused.map(({ key }) => key)}`,
    configs && `with ${configs.map(({ key, value }) => `${key} ${value}`)}`,
    valves && `having ${valves.map(({ key, lacks }) => `${key}${lacks === undefined ? '' : ` in part`}`)}`,
    repairs && `repairing ${repairs.map(({ migration, depth }) => `${depth} of ${migration}`).join() || 'nothing'}`,
    oldestVersion && `operating since ${oldestVersion}`,
    heldMs && `for ${heldMs}`,
  ];
  return words.filter(Boolean).join(' ') || 'nothing';
}

describe('a relay that is connected', () => {
  beforeEach(connect);

  test('tells of its instances together, some milliseconds later', async () => {
    roster.join('env-1', arrive('web-1', { state: 'e1:1' }));
    roster.join('env-2', arrive('web-2'));
    roster.join('env-1', arrive('web-3', { state: 'e1:1', heldMs: 100 }));
    expect(take()).toEqual([]);
    await platform.clock.advance(50);
    expect(take()).toEqual(['env-1: 1 is web-1 e1:1 for 50, 3 is web-3 e1:1 for 150', 'env-2: 2 is web-2 for 50']);
    await platform.clock.advance(1000);
    expect(take()).toEqual([]);
  });

  test('tells which configs are in force when they are others, and to whoever is new above', async () => {
    const configs = [{ key: 'ttl', value: '60' }];
    const member = roster.join('env-1', arrive('web-1', { state: 'e1:1', configs }));
    await platform.clock.advance(50);
    expect(take()).toEqual(['env-1: 1 is web-1 e1:1 with ttl 60 for 50']);
    // A heartbeat, which does not repeat them, and one that does.
    roster.acknowledge([member], { state: 'e1:1', heldMs: 50 });
    roster.acknowledge([member], { state: 'e1:1', configs, heldMs: 50 });
    await platform.clock.advance(50);
    expect(take().filter((message) => !message.endsWith('heard'))).toEqual([]);
    roster.acknowledge([member], { state: 'e1:2' });
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:2', configs: [{ key: 'ttl', value: '90' }] });
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:3' });
    await platform.clock.advance(50);
    expect(take()).toEqual(['1 run e1:2 for 50', '1 run e1:2 with ttl 90 for 50', '1 run e1:3 for 50']);
    roster.disconnect();
    connect();
    expect(take()).toEqual(['env-1: 1 is web-1 e1:3 with ttl 90 for 50']);
  });

  test('tells which valves the code has when they are others, and to whoever is new above', async () => {
    const valves = [{ key: 'search' }];
    const member = roster.join('env-1', arrive('web-1', { state: 'e1:1', valves }));
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:1' });
    roster.acknowledge([member], { state: 'e1:1', valves });
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:1', valves: [{ key: 'search', lacks: [{ mode: 'cached' }] }] });
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:2' });
    await platform.clock.advance(50);
    expect(take().filter((message) => !message.endsWith('heard'))).toEqual([
      'env-1: 1 is web-1 e1:1 having search for 50',
      '1 run e1:1 having search in part for 50',
      '1 run e1:2 for 50',
    ]);
    roster.disconnect();
    connect();
    expect(take()).toEqual(['env-1: 1 is web-1 e1:2 having search in part for 50']);
  });

  test('tells under which version the oldest operation began, and when none runs any more', async () => {
    const member = roster.join('env-1', arrive('web-1', { state: 'e1:5', oldestVersion: 4 }));
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:6', oldestVersion: 4 });
    roster.acknowledge([member], { state: 'e1:6', oldestVersion: 5 });
    await platform.clock.advance(50);
    roster.acknowledge([member], { state: 'e1:6' });
    await platform.clock.advance(50);
    expect(take()).toEqual([
      'env-1: 1 is web-1 e1:5 operating since 4 for 50',
      '1 run e1:6 operating since 4 for 50',
      '1 run e1:6 operating since 5 for 50',
      '1 run e1:6 for 50',
    ]);
  });

  test('tells how many records they have to repair', async () => {
    const repairs = (depth: number) => [{ migration: 'orders', depth, oldestMs: 10 }];
    const member = roster.join('env-1', arrive('web-1', { state: 'e1:5', repairs: repairs(3) }));
    await platform.clock.advance(50);
    for (const running of [{ repairs: repairs(3) }, { repairs: repairs(2) }, {}, { repairs: [] }]) {
      roster.acknowledge([member], { state: 'e1:5', ...running });
      await platform.clock.advance(50);
    }
    expect(take()).toEqual([
      'env-1: 1 is web-1 e1:5 repairing 3 of orders for 50',
      '1 run e1:5 repairing 2 of orders for 50',
      '1 run e1:5 repairing nothing for 50',
    ]);
  });

  test('tells when each of them had a change, however late it tells', async () => {
    const [one, two] = ['web-1', 'web-2'].map((key) => roster.join('env-1', arrive(key)));
    await platform.clock.advance(50);
    take();
    roster.acknowledge([one ?? 0], { state: 'e1:2' });
    await platform.clock.advance(20);
    roster.acknowledge([two ?? 0], { state: 'e1:2', heldMs: 7 });
    await platform.clock.advance(30);
    expect(take()).toEqual(['1 run e1:2 for 50', '2 run e1:2 for 37']);
  });

  test('keeps heartbeats that say nothing new to itself for a while', async () => {
    const refused = [{ kind: 'flag' as const, key: 'x', version: 2, reason: 'because' }];
    const one = roster.join('env-1', arrive('web-1', { state: 'e1:2' }));
    await platform.clock.advance(50);
    take();
    const said: Running[] = [
      { state: 'e1:2', heldMs: 5 },
      { state: 'e1:2', refused },
      { state: 'e1:2', refused: structuredClone(refused) },
      { state: 'e1:2', problem: 'cannot' },
      { state: 'e1:2', problem: 'cannot' },
      { state: 'e1:3' },
    ];
    for (const running of said) {
      roster.acknowledge([one], running);
      await platform.clock.advance(50);
    }
    expect(take()).toEqual(['1 run e1:2 without x for 50', '1 run e1:2 cannot for 50', '1 run e1:3 for 50']);
  });

  test('tells of heartbeats every ten seconds, of all at once, and of nobody who is gone', async () => {
    const members = ['a', 'b', 'c'].map((key) => roster.join('env-1', arrive(key, { state: 'e1:2' })));
    await platform.clock.advance(10_000);
    take();
    roster.acknowledge(members, { state: 'e1:2' });
    await platform.clock.advance(50);
    expect(take()).toEqual(['1,2,3 were heard']);
    roster.hear(members);
    roster.leave(members.slice(2));
    await platform.clock.advance(9900);
    expect(take()).toEqual(['3 left']);
    await platform.clock.advance(100);
    expect(take()).toEqual(['1,2 were heard']);
    await platform.clock.advance(20_000);
    expect(take()).toEqual([]);
  });

  test('tells of those that go, once, and of nobody whom it does not know', async () => {
    const [one, two, three] = ['a', 'b', 'c'].map((key) => roster.join('env-1', arrive(key))) as [
      number,
      number,
      number,
    ];
    await platform.clock.advance(50);
    take();
    roster.lose([one, one, 99], 20_000);
    roster.leave([two]);
    roster.lose([two], 0);
    roster.acknowledge([one, three, 99], { state: 'e1:2' });
    await platform.clock.advance(50);
    expect(take()).toEqual(['3 run e1:2 for 50', '1 lost for 20000', '2 left']);
    expect(roster.size).toBe(1);
  });

  test('says nothing of an instance that came and went in between but that it went', async () => {
    roster.leave([roster.join('env-1', arrive('web-1'))]);
    await platform.clock.advance(50);
    expect(take()).toEqual(['1 left']);
  });

  test('tells of foreign instances what was sent to them, and what they name', async () => {
    const one = roster.join('env-1', arrive('theirs', {}, true));
    roster.deliver([one], 2);
    for (const version of [2, 3, 1]) roster.infer('env-1', 'session of theirs', version);
    await platform.clock.advance(50);
    expect(take()).toEqual(['env-1: 1 is theirs for 50', '1 were sent 2', 'env-1: session of theirs names 3']);
    roster.deliver([one], 2);
    roster.deliver([one], 1);
    await platform.clock.advance(50);
    expect(take()).toEqual([]);
  });

  test('tells how long ago probes were answered', async () => {
    roster.answerProbe('p', 3);
    await platform.clock.advance(20);
    roster.answerProbe('p', 0);
    await platform.clock.advance(30);
    expect(take()).toEqual(['p answered 53,30 ago']);
  });

  test('tells nothing any more once it is closed', async () => {
    roster.join('env-1', arrive('web-1'));
    roster.close();
    await platform.clock.advance(1000);
    expect(take()).toEqual([]);
  });
});

describe('a relay that was cut off', () => {
  test('tells of all who are here once it is connected, and of nothing that was', async () => {
    const [one, two, three] = ['a', 'b', 'c'].map((key) => roster.join('env-1', arrive(key, { state: 'e1:1' }))) as [
      number,
      number,
      number,
    ];
    roster.acknowledge([one], { state: 'e1:2' });
    roster.deliver([three], 2);
    roster.leave([two]);
    roster.answerProbe('p', 0);
    await platform.clock.advance(1000);
    connect();
    expect(take()).toEqual(['env-1: 1 is a e1:2 for 1000, 3 is c e1:1 for 1000', '3 were sent 2']);
    roster.disconnect();
    roster.acknowledge([one], { state: 'e1:3' });
    await platform.clock.advance(1000);
    expect(take()).toEqual([]);
    connect();
    expect(take()).toEqual(['env-1: 1 is a e1:3 for 1000, 3 is c e1:1 for 2000', '3 were sent 2']);
  });

  test('tells of thousands in messages of hundreds', () => {
    for (let at = 0; at < 1201; at++) roster.join('env-1', arrive(`web-${at}`));
    connect();
    expect(sent.map((message) => (message.kind === 'joined' ? message.arrivals.length : 0))).toEqual([500, 500, 201]);
  });
});

test('what a change costs upward does not depend on how many instances have it', async () => {
  const random = createRandom(1);
  async function countBytes(instances: number): Promise<{ readonly messages: number; readonly bytes: number }> {
    platform = createFakeServerPlatform();
    roster = new Roster(platform);
    connect();
    const members = Array.from({ length: instances }, (_, at) => roster.join('env-1', arrive(`web-${at}`)));
    await platform.clock.advance(50);
    sent = [];
    // They have it somewhere within a fifth of a second.
    const times = members.map((member) => ({ member, at: random.integer(200) })).sort((a, b) => a.at - b.at);
    let now = 0;
    for (const { member, at } of times) {
      await platform.clock.advance(at - now);
      now = at;
      roster.acknowledge([member], { state: 'e1:2' });
    }
    await platform.clock.advance(50);
    const heard = sent.flatMap((message) => (message.kind === 'acknowledged' ? unpackMembers(message.members) : []));
    expect(heard.toSorted((a, b) => a - b)).toEqual(members);
    return { messages: sent.length, bytes: JSON.stringify(sent).length };
  }
  const [few, many] = [await countBytes(500), await countBytes(10_000)];
  expect(many.messages).toBeLessThanOrEqual(few.messages + 1);
  expect(many.messages).toBeLessThanOrEqual(41);
  // Each instance takes two characters or three in a list of numbers.
  expect((many.bytes - few.bytes) / 9500).toBeLessThan(4);
});
