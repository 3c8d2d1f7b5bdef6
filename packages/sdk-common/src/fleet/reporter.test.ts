import type { Notice, RefusedObject, RepairBacklog, Report, Running } from '@sluice/protocol';
import { createFakePlatform, type FakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Origin } from '../status.ts';
import { Reporter } from './reporter.ts';

const identity = { key: 'web-1', session: 's-1', sdk: 'sluice-node/0.1.0', about: { region: 'eu-1' } };
const refused: readonly RefusedObject[] = [{ kind: 'flag', key: 'a', version: 4, reason: 'because' }];

interface Setting {
  readonly platform: FakePlatform;
  readonly reporter: Reporter;
  /** What was posted, a list of reports each. */
  readonly posted: (readonly Report[])[];
  /** What the next posts are answered with. */
  answer: () => Promise<readonly Notice[]>;
  /** Opens a line; returns what is sent by it. */
  openLine(): Report[];
}

function create(): Setting {
  const platform = createFakePlatform();
  const setting = { platform, posted: [] as (readonly Report[])[], answer: async (): Promise<readonly Notice[]> => [] };
  const reporter = new Reporter(
    {
      identity,
      post: (reports) => {
        setting.posted.push(reports);
        return setting.answer();
      },
    },
    platform,
  );
  const openLine = (): Report[] => {
    const sent: Report[] = [];
    reporter.line((text) => void sent.push(JSON.parse(text)));
    return sent;
  };
  return Object.assign(setting, { reporter, openLine });
}

const invitation: Notice = { event: 'fleet', delayMs: 0, spreadMs: 400, heartbeatMs: 10_000 };

function run(
  reporter: Reporter,
  version: number | undefined,
  origin: Origin = 'socket',
  without = [] as typeof refused,
) {
  reporter.running(version === undefined ? undefined : `e1:${version}`, without, origin);
}

/** Kind and what is told to run, in words. */
function inWords(report: Report): string {
  switch (report.kind) {
    case 'hello':
      return `hello ${report.connection} ${report.running.state} by ${report.via}`;
    case 'acknowledgement':
      return `runs ${report.state}`;
    case 'probe':
    case 'events':
      return `${report.kind} ${report.id}`;
    default:
      return report.kind;
  }
}

describe('over a line', () => {
  test('says who it is before anything else, with what it runs by then', async () => {
    const { reporter, openLine, platform } = create();
    run(reporter, 3, 'disk');
    await platform.clock.advance(250);
    expect(openLine()).toEqual([
      {
        kind: 'hello',
        ...identity,
        connection: 1,
        via: 'socket',
        running: { state: 'e1:3', heldMs: 250 },
      },
    ]);
  });

  test('says who it is also when it runs nothing', () => {
    expect(create().openLine()).toMatchObject([{ kind: 'hello', running: { heldMs: 0 } }]);
  });

  test('needs no invitation', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 3);
    await platform.clock.advance(100);
    expect(sent.map(inWords)).toEqual(['hello 1 undefined by socket', 'runs e1:3']);
  });

  test.each([
    [0, 0, 0],
    [0, 0.5, 200],
    [0, 0.999, 399.6],
    [300, 0, 300],
    [300, 0.999, 699.6],
  ])(
    'tells of a change when the server asks for it: with delay %d and luck %d after %d ms',
    async (delayMs, luck, ms) => {
      const { reporter, openLine, platform } = create();
      const sent = openLine();
      reporter.notice({ ...invitation, delayMs });
      platform.randomValue = luck;
      run(reporter, 3);
      if (ms > 0) await platform.clock.advance(ms - 0.5);
      expect(sent).toHaveLength(1);
      await platform.clock.advance(0.5);
      expect(sent.map(inWords)).toEqual(['hello 1 undefined by socket', 'runs e1:3']);
    },
  );

  test('spreads over 100 ms until the server says otherwise', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    platform.randomValue = 0.999;
    run(reporter, 3);
    await platform.clock.advance(99);
    expect(sent).toHaveLength(1);
    await platform.clock.advance(1);
    expect(sent).toHaveLength(2);
  });

  test('of changes that come meanwhile tells the last', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    reporter.notice(invitation);
    for (let version = 1; version <= 150; version++) {
      run(reporter, version);
      await platform.clock.advance(1);
    }
    expect(sent).toHaveLength(1);
    await platform.clock.advance(50);
    const last = { kind: 'acknowledgement', state: 'e1:150', heldMs: 51 };
    expect(sent.slice(1)).toEqual([last]);
    await platform.clock.advance(1000);
    expect(sent.slice(1)).toEqual([last]);
  });

  test('says nothing of what is the same', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 3);
    await platform.clock.advance(100);
    for (let times = 0; times < 10; times++) run(reporter, 3);
    await platform.clock.advance(1000);
    expect(sent).toHaveLength(2);
  });

  test('tells for how long it has been so, by a clock that never jumps', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 3);
    platform.clock.setTimeOfDay(0);
    await platform.clock.advance(50);
    platform.clock.setTimeOfDay(4_000_000_000_000);
    run(reporter, 3);
    await platform.clock.advance(9950);
    expect(sent.slice(1)).toMatchObject([{ heldMs: 50 }]);
    await platform.clock.advance(50);
    expect(sent.slice(2)).toMatchObject([{ state: 'e1:3', heldMs: 10_050 }]);
  });

  test('tells what it refused, and when it does not any more', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 4, 'socket', refused);
    await platform.clock.advance(100);
    run(reporter, 5, 'socket', refused);
    await platform.clock.advance(100);
    run(reporter, 6);
    await platform.clock.advance(100);
    expect(sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:4', refused, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:5', refused, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:6', heldMs: 50 },
    ]);
  });

  test('tells what it refused whole, beside what it runs, until something else comes', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 4, 'socket', refused);
    reporter.refuse('put-object: data must be JSON');
    reporter.refuse('put-object: data must be JSON');
    await platform.clock.advance(100);
    reporter.refuse('server-intent: payloads must be a list');
    await platform.clock.advance(100);
    run(reporter, 4, 'socket', refused);
    await platform.clock.advance(100);
    expect(sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:4', refused, problem: 'put-object: data must be JSON', heldMs: 50 },
      {
        kind: 'acknowledgement',
        state: 'e1:4',
        refused,
        problem: 'server-intent: payloads must be a list',
        heldMs: 50,
      },
      { kind: 'acknowledgement', state: 'e1:4', refused, heldMs: 50 },
    ]);
  });

  test('tells what it refuses of what it runs, whatever else is wrong', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 4);
    reporter.refuse('data must be JSON');
    reporter.refusing(refused);
    await platform.clock.advance(100);
    reporter.refusing([]);
    await platform.clock.advance(100);
    const problem = 'data must be JSON';
    expect(sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:4', refused, problem, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', problem, heldMs: 50 },
    ]);
  });

  test('tells which configs are in force: when they are others, to whoever is new, and not with each heartbeat', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 4);
    const configs = [{ key: 'cache.ttl', value: '60' }];
    reporter.configs([]);
    reporter.configs(configs);
    await platform.clock.advance(100);
    reporter.configs([...configs]);
    await platform.clock.advance(10_500);
    run(reporter, 5);
    await platform.clock.advance(100);
    reporter.configs([]);
    await platform.clock.advance(100);
    expect(sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:4', configs, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', heldMs: expect.any(Number) },
      { kind: 'acknowledgement', state: 'e1:5', heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:5', configs: [], heldMs: expect.any(Number) },
    ]);
    reporter.configs(configs);
    const [hello, ...others] = openLine();
    expect(hello).toMatchObject({ kind: 'hello', running: { state: 'e1:5', configs } });
    expect(others).toEqual([]);
  });

  test('tells which valves the code has in the same way, beside configs', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 4);
    const [valves, configs] = [[{ key: 'search' }], [{ key: 'cache.ttl', value: '60' }]];
    reporter.valves([]);
    reporter.valves(valves);
    await platform.clock.advance(100);
    reporter.valves([...valves]);
    await platform.clock.advance(10_500);
    reporter.configs(configs);
    await platform.clock.advance(100);
    expect(sent.slice(1)).toEqual([
      { kind: 'acknowledgement', state: 'e1:4', valves, heldMs: 50 },
      { kind: 'acknowledgement', state: 'e1:4', heldMs: expect.any(Number) },
      { kind: 'acknowledgement', state: 'e1:4', configs, valves, heldMs: expect.any(Number) },
    ]);
    expect(openLine()).toMatchObject([{ kind: 'hello', running: { configs, valves } }]);
  });

  test('says who it is on every line, with a number that rises', async () => {
    const { reporter, openLine, platform } = create();
    const lines = [];
    for (let version = 1; version <= 3; version++) {
      const sent = openLine();
      run(reporter, version);
      await platform.clock.advance(100);
      reporter.line(undefined);
      await platform.clock.advance(100);
      lines.push(sent.map(inWords));
    }
    expect(lines).toEqual([
      ['hello 1 undefined by socket', 'runs e1:1'],
      ['hello 2 e1:1 by socket', 'runs e1:2'],
      ['hello 3 e1:2 by socket', 'runs e1:3'],
    ]);
  });

  test('tells on the new line what waited when the old one was lost, and not twice', async () => {
    const { reporter, openLine, platform } = create();
    const old = openLine();
    run(reporter, 3);
    reporter.line(undefined);
    const sent = openLine();
    await platform.clock.advance(1000);
    expect(old).toHaveLength(1);
    expect(sent.map(inWords)).toEqual(['hello 2 e1:3 by socket']);
  });

  test('says nothing while the line is away, and nothing is posted without an invitation', async () => {
    const { reporter, openLine, platform, posted } = create();
    const sent = openLine();
    reporter.line(undefined);
    run(reporter, 3);
    await platform.clock.advance(60_000);
    expect([sent.length, posted]).toEqual([1, []]);
  });
});

describe('a heartbeat', () => {
  test.each([
    [0, 9000],
    [0.5, 10_000],
    [1, 11_000],
  ])('repeats what it runs: with luck %d after %i ms', async (luck, ms) => {
    const { openLine, platform, reporter } = create();
    platform.randomValue = 0;
    const sent = openLine();
    run(reporter, 3);
    platform.randomValue = luck;
    await platform.clock.advance(0);
    for (let times = 2; times <= 4; times++) {
      await platform.clock.advance(ms - 1);
      expect(sent).toHaveLength(times);
      await platform.clock.advance(1);
      expect(sent.at(-1)).toEqual({ kind: 'acknowledgement', state: 'e1:3', heldMs: ms * (times - 1) });
    }
  });

  test('comes so long after the last word, whatever that was', async () => {
    const { openLine, platform, reporter } = create();
    const sent = openLine();
    for (let version = 1; version <= 5; version++) {
      await platform.clock.advance(9000);
      run(reporter, version);
    }
    await platform.clock.advance(50);
    expect(sent.map(inWords).slice(1)).toEqual(['runs e1:1', 'runs e1:2', 'runs e1:3', 'runs e1:4', 'runs e1:5']);
    await platform.clock.advance(10_000);
    expect(sent).toHaveLength(7);
  });

  test('comes as often as the server asks, but not more than about once a second', async () => {
    const { openLine, platform, reporter } = create();
    reporter.notice({ event: 'fleet', delayMs: 0, spreadMs: 0, heartbeatMs: 2000 });
    const sent = openLine();
    await platform.clock.advance(20_000);
    expect(sent).toHaveLength(11);
    reporter.notice({ event: 'fleet', delayMs: 0, spreadMs: 0, heartbeatMs: -5 });
    await platform.clock.advance(12_000);
    expect(sent).toHaveLength(22);
  });

  test.each([1e12, Number.POSITIVE_INFINITY, Number.MAX_VALUE])(
    'and a spread are never further away than timers reach, when the server asks for %d ms',
    async (ms) => {
      const { openLine, platform, reporter } = create();
      reporter.notice({ event: 'fleet', delayMs: ms, spreadMs: ms, heartbeatMs: ms });
      openLine();
      run(reporter, 3);
      // What is longer than this fires at once: a fleet would never stop to report.
      for (const waiting of platform.clock.waiting) expect(waiting).toBeLessThan(2 ** 31);
      expect(platform.clock.waiting).toHaveLength(2);
    },
  );

  test('takes the place of a report that waits', async () => {
    const { openLine, platform, reporter } = create();
    const sent = openLine();
    reporter.notice({ event: 'fleet', delayMs: 0, spreadMs: 20_000, heartbeatMs: 10_000 });
    await platform.clock.advance(5000);
    run(reporter, 3);
    await platform.clock.advance(5000);
    expect(sent.map(inWords)).toEqual(['hello 1 undefined by socket', 'runs e1:3']);
    await platform.clock.advance(9999);
    expect(sent).toHaveLength(2);
  });
});

describe('a probe', () => {
  test('is answered at once', () => {
    const { openLine, reporter } = create();
    const sent = openLine();
    reporter.notice({ event: 'probe', id: 'p-1' });
    expect(sent.slice(1)).toEqual([{ kind: 'probe', id: 'p-1' }]);
  });

  test('is answered by post where there is no line', async () => {
    const { platform, reporter, posted } = create();
    reporter.notice(invitation);
    run(reporter, 3, 'stream');
    await platform.clock.advance(400);
    reporter.notice({ event: 'probe', id: 'p-1' });
    await settle();
    expect(posted.map((reports) => reports.map(inWords))).toEqual([
      ['hello 1 e1:3 by stream'],
      ['hello 2 e1:3 by stream', 'probe p-1'],
    ]);
  });
});

describe('by post', () => {
  test.each(['stream', 'poll'] as const)('tells whoever invited it what it runs by %s', async (origin) => {
    const { platform, reporter, posted } = create();
    reporter.notice(invitation);
    run(reporter, 3, origin);
    await platform.clock.advance(199);
    expect(posted).toEqual([]);
    await platform.clock.advance(1);
    expect(posted).toEqual([
      [{ kind: 'hello', ...identity, connection: 1, via: origin, running: { state: 'e1:3', heldMs: 200 } }],
    ]);
  });

  test.each<Origin>(['stream', 'poll', 'disk', 'file', 'test', 'none'])(
    'tells nothing to whoever did not invite it: LaunchDarkly, by %s',
    async (origin) => {
      const { platform, reporter, posted } = create();
      run(reporter, 3, origin);
      reporter.refuse('because');
      await platform.clock.advance(60_000);
      await reporter.close();
      expect(posted).toEqual([]);
      expect(platform.clock.waiting).toEqual([]);
    },
  );

  test.each<Origin>(['disk', 'file', 'test', 'none'])('tells nothing of what no server sent: %s', async (origin) => {
    const { platform, reporter, posted } = create();
    reporter.notice(invitation);
    run(reporter, 3, origin);
    await platform.clock.advance(60_000);
    expect(posted).toEqual([]);
  });

  test('says each time who it is: it may be another server that takes it in', async () => {
    const { platform, reporter, posted } = create();
    reporter.notice(invitation);
    for (let version = 3; version <= 5; version++) {
      run(reporter, version, 'stream');
      await platform.clock.advance(400);
    }
    expect(posted.map((reports) => reports.map(inWords))).toEqual([
      ['hello 1 e1:3 by stream'],
      ['hello 2 e1:4 by stream'],
      ['hello 3 e1:5 by stream'],
    ]);
  });

  test('has heartbeats', async () => {
    const { platform, reporter, posted } = create();
    reporter.notice(invitation);
    run(reporter, 3, 'poll');
    await platform.clock.advance(30_200);
    expect(posted.map((reports) => reports.map(inWords).join())).toEqual(
      [1, 2, 3, 4].map((connection) => `hello ${connection} e1:3 by poll`),
    );
  });

  test('heeds what the server answers', async () => {
    const setting = create();
    const { platform, reporter, posted } = setting;
    setting.answer = async () => [{ event: 'fleet', delayMs: 0, spreadMs: 4000, heartbeatMs: 60_000 }];
    reporter.notice(invitation);
    run(reporter, 3, 'poll');
    await platform.clock.advance(200);
    expect(posted).toHaveLength(1);
    run(reporter, 4, 'poll');
    await platform.clock.advance(1999);
    expect(posted).toHaveLength(1);
    await platform.clock.advance(1);
    expect(posted).toHaveLength(2);
    await platform.clock.advance(59_999);
    expect(posted).toHaveLength(2);
    await platform.clock.advance(1);
    expect(posted).toHaveLength(3);
  });

  test('tells that it gets flags another way now, though they are the same', async () => {
    const { platform, reporter, posted, openLine } = create();
    const sent = openLine();
    reporter.notice(invitation);
    run(reporter, 3);
    await platform.clock.advance(400);
    reporter.line(undefined);
    run(reporter, 3, 'stream');
    await platform.clock.advance(400);
    run(reporter, 3, 'poll');
    await platform.clock.advance(400);
    const again = openLine();
    run(reporter, 3);
    await platform.clock.advance(400);
    expect(sent.map(inWords)).toEqual(['hello 1 undefined by socket', 'runs e1:3']);
    expect(posted.map((reports) => reports.map(inWords).join())).toEqual([
      'hello 2 e1:3 by stream',
      'hello 3 e1:3 by poll',
    ]);
    expect(again.map(inWords)).toEqual(['hello 4 e1:3 by socket']);
  });

  test('is not used while there is a line', async () => {
    const { platform, reporter, posted, openLine } = create();
    reporter.notice(invitation);
    run(reporter, 3, 'stream');
    const sent = openLine();
    await platform.clock.advance(60_000);
    expect(posted).toEqual([]);
    expect(sent.length).toBeGreaterThan(4);
  });
});

describe('events by the line', () => {
  const events = '[{"kind":"summary"}]';

  test('are sent as they are, and what the server says of them is passed on', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    expect(reporter.hasLine).toBe(true);
    const answer = reporter.sendEvents('b-1', events);
    expect(sent.at(-1)).toEqual({ kind: 'events', id: 'b-1', events: [{ kind: 'summary' }] });
    reporter.notice({ event: 'taken', id: 'b-1', status: 202, at: 5 });
    expect(await answer).toEqual({ status: 202, at: 5 });
    // Only the heartbeat is left to wait for.
    expect(platform.clock.waiting).toHaveLength(1);
  });

  test('are told apart by their ids, whatever those are', async () => {
    const { reporter, openLine } = create();
    const sent = openLine();
    const strange = '"\n__proto__';
    const answers = [reporter.sendEvents(strange, events), reporter.sendEvents('b-2', events)];
    expect(sent.at(-2)).toMatchObject({ id: strange });
    reporter.notice({ event: 'taken', id: 'b-2', status: 202, at: 2 });
    reporter.notice({ event: 'taken', id: 'b-9', status: 500, at: 9 });
    reporter.notice({ event: 'taken', id: strange, status: 413, at: 1 });
    reporter.notice({ event: 'taken', id: strange, status: 500, at: 3 });
    expect(await Promise.all(answers)).toEqual([
      { status: 413, at: 1 },
      { status: 202, at: 2 },
    ]);
  });

  test('count as lost when the server says nothing for ten seconds', async () => {
    const { reporter, openLine, platform } = create();
    openLine();
    let answer: unknown = 'none';
    void reporter.sendEvents('b-1', events).then((given) => {
      answer = given;
    });
    await platform.clock.advance(9999);
    expect(answer).toBe('none');
    await platform.clock.advance(1);
    expect(answer).toBeUndefined();
    reporter.notice({ event: 'taken', id: 'b-1', status: 202, at: 5 });
  });

  test('are waited for by a process that ends: whoever closes wants them sent', () => {
    const { reporter, openLine, platform } = create();
    const waits: [delayMs: number, keepsAlive: boolean][] = [];
    platform.clock.after = (delayMs: number, _: () => void, keepsAlive = false) => {
      waits.push([delayMs, keepsAlive]);
      return () => undefined;
    };
    openLine();
    void reporter.sendEvents('b-1', events);
    // A heartbeat keeps no process from ending.
    expect(waits).toEqual([
      [10_000, false],
      [10_000, true],
    ]);
  });

  test('count as lost when the line is', async () => {
    const { reporter, openLine } = create();
    openLine();
    const answers = [reporter.sendEvents('b-1', events), reporter.sendEvents('b-2', events)];
    reporter.line(undefined);
    expect(await Promise.all(answers)).toEqual([undefined, undefined]);
  });

  test('are not taken without a line', async () => {
    const { reporter, openLine } = create();
    expect(reporter.hasLine).toBe(false);
    expect(await reporter.sendEvents('b-1', events)).toBeUndefined();
    openLine();
    reporter.line(undefined);
    expect(reporter.hasLine).toBe(false);
    expect(await reporter.sendEvents('b-1', events)).toBeUndefined();
  });
});

describe('closing', () => {
  test('says goodbye by the line, and nothing after it', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 3);
    const events = reporter.sendEvents('b-1', '[]');
    await reporter.close();
    expect(sent.map(inWords)).toEqual(['hello 1 undefined by socket', 'events b-1', 'runs e1:3', 'goodbye']);
    expect(await events).toBeUndefined();
    run(reporter, 4);
    reporter.refuse('because');
    expect(platform.clock.waiting).toEqual([]);
    reporter.line(undefined);
    await platform.clock.advance(100_000);
    expect(sent).toHaveLength(4);
    expect(platform.clock.waiting).toEqual([]);
  });

  test.each(['a line', 'post'])('tells by %s what it leaves to be repaired', async (by) => {
    const { reporter, openLine, platform, posted } = create();
    let repairs: readonly RepairBacklog[] = [];
    reporter.watchRepairs(() => repairs);
    reporter.notice(invitation);
    const sent = by === 'post' ? undefined : openLine();
    run(reporter, 3, by === 'post' ? 'poll' : 'socket');
    await platform.clock.advance(400);
    repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];
    await reporter.close();
    const [last, goodbye] = (sent ?? posted.at(-1) ?? []).slice(-2);
    expect(last === undefined || !('running' in last) ? last : last.running).toMatchObject({ state: 'e1:3', repairs });
    expect(goodbye).toEqual({ kind: 'goodbye' });
  });

  test('says goodbye by post, and waits until it is said', async () => {
    const setting = create();
    const { reporter, platform, posted } = setting;
    reporter.notice(invitation);
    run(reporter, 3, 'poll');
    await platform.clock.advance(400);
    const { promise, resolve } = Promise.withResolvers<readonly Notice[]>();
    setting.answer = () => promise;
    let isClosed = false;
    const closing = reporter.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(posted.at(-1)?.map(inWords)).toEqual(['hello 2 e1:3 by poll', 'goodbye']);
    expect(isClosed).toBe(false);
    // Whoever is asked for after the goodbye is not there.
    resolve([{ event: 'probe', id: 'p-1' }]);
    await closing;
    expect(posted).toHaveLength(2);
    expect(platform.clock.waiting).toEqual([]);
  });

  test('says nothing to those who never heard of it', async () => {
    const { reporter, posted } = create();
    reporter.notice(invitation);
    run(reporter, 3, 'stream');
    await reporter.close();
    expect(posted).toEqual([]);
  });

  test('says nothing while the line is away', async () => {
    const { reporter, openLine, posted } = create();
    const sent = openLine();
    reporter.line(undefined);
    await reporter.close();
    expect([sent.length, posted]).toEqual([1, []]);
  });
});

describe('a window of telemetry', () => {
  const window = { subjects: [] };
  const report = { kind: 'telemetry', session: 's-1', sequence: 4, agoMs: 20, window };

  test('goes by the line, and is taken when the server says so', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    const taken = reporter.sendWindow(4, 20, window);
    expect(sent.at(-1)).toEqual(report);
    reporter.notice({ event: 'taken', id: 's-1/3', status: 202, at: 0 });
    reporter.notice({ event: 'taken', id: 's-1/4', status: 202, at: 0 });
    expect(await taken).toBe(true);
    const unanswered = reporter.sendWindow(5, 0, window);
    await platform.clock.advance(10_000);
    expect(await unanswered).toBe(false);
  });

  test('is not known to be taken when the line breaks', async () => {
    const { reporter, openLine } = create();
    openLine();
    const taken = reporter.sendWindow(4, 20, window);
    reporter.line(undefined);
    expect(await taken).toBe(false);
  });

  test('is posted where there is no line, and taken when the answer says so', async () => {
    const setting = create();
    const { reporter, posted } = setting;
    expect([await reporter.sendWindow(4, 20, window), posted]).toEqual([false, []]);
    reporter.notice(invitation);
    run(reporter, 3, 'stream');
    setting.answer = async () => [invitation, { event: 'taken', id: 's-1/4', status: 202, at: 0 }];
    expect(await reporter.sendWindow(4, 20, window)).toBe(true);
    expect(posted.at(-1)).toMatchObject([{ kind: 'hello' }, report]);
    expect(await reporter.sendWindow(5, 20, window)).toBe(false);
  });

  test('that no server would read is given up', async () => {
    const { reporter, openLine } = create();
    const sent = openLine();
    const subjects = [{ kind: 'route' as const, key: 'x'.repeat(1_000_001), cells: [] }];
    expect(await reporter.sendWindow(4, 20, { subjects })).toBe(true);
    expect(sent.map(({ kind }) => kind)).toEqual(['hello']);
  });
});

test('tells with whatever it tells how many records are to be repaired, and that there are none', async () => {
  const { reporter, openLine, platform } = create();
  let repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];
  reporter.watchRepairs(() => repairs);
  run(reporter, 3);
  const sent = openLine();
  await platform.clock.advance(11_000);
  repairs = Array.from({ length: 60 }, (_, at) => ({ migration: `m-${at}`, depth: 1, oldestMs: 0 }));
  await platform.clock.advance(11_000);
  repairs = [];
  await platform.clock.advance(11_000);
  const told = sent.map((report) => ('running' in report ? report.running : report) as Running);
  expect(told.map((each) => each.repairs?.length)).toEqual([1, 1, 50, 0]);
  expect(told[0]?.repairs).toEqual([{ migration: 'orders', depth: 3, oldestMs: 40 }]);
});

test('tells nothing of records to repair before it knows of them, and then at once', async () => {
  const { reporter, openLine, platform } = create();
  let repairs: readonly RepairBacklog[] | undefined;
  reporter.watchRepairs(() => repairs);
  run(reporter, 3);
  const sent = openLine();
  expect(sent).toMatchObject([{ kind: 'hello', running: { state: 'e1:3' } }]);
  expect(sent[0]).not.toHaveProperty('running.repairs');
  repairs = [{ migration: 'orders', depth: 3, oldestMs: 40 }];
  reporter.repairsNews();
  await platform.clock.advance(100);
  expect(sent.slice(1)).toMatchObject([{ kind: 'acknowledgement', state: 'e1:3', repairs }]);
});

test('tells of operations that began under an earlier version, and when the oldest of them has ended', async () => {
  const { reporter, openLine, platform } = create();
  const operations: { oldest: number | undefined } = { oldest: 3 };
  reporter.watch(operations);
  run(reporter, 3);
  const sent = openLine();
  const oldestOf = () =>
    sent
      .map((report) => ('running' in report ? report.running : report))
      .map((each) => ('oldestVersion' in each ? each.oldestVersion : undefined));
  run(reporter, 4);
  await platform.clock.advance(1000);
  run(reporter, 5);
  await platform.clock.advance(1000);
  expect(oldestOf()).toEqual([undefined, 3, 3]);
  operations.oldest = 4;
  reporter.operationEnded();
  await platform.clock.advance(1000);
  operations.oldest = undefined;
  reporter.operationEnded();
  await platform.clock.advance(1000);
  // Nobody waits any more.
  operations.oldest = 5;
  reporter.operationEnded();
  await platform.clock.advance(1000);
  expect(oldestOf()).toEqual([undefined, 3, 3, 4, undefined]);
  expect(sent.at(-1)).toMatchObject({ state: 'e1:5' });
});

describe('where somebody wants to know whether this instance is known', () => {
  const lease = { event: 'lease', state: 'e1:4' } as const;

  test('asks at once, and then whenever it tells of anything, with the time at which it asks', async () => {
    const { reporter, openLine, platform } = create();
    const sent = openLine();
    run(reporter, 3);
    await platform.clock.advance(100);
    expect(sent.map(inWords)).not.toContain('renewal');
    reporter.watchKnown(() => undefined);
    expect(sent.slice(2)).toEqual([{ kind: 'renewal', mark: 100 }]);
    await platform.clock.advance(10_000);
    expect(sent.slice(3)).toMatchObject([{ kind: 'acknowledgement' }, { kind: 'renewal', mark: 10_050 }]);
    expect(openLine()).toMatchObject([{ kind: 'hello' }, { kind: 'renewal', mark: 10_100 }]);
  });

  test('asks with its posts, each of which says first who it is, and hears the answer to them', async () => {
    const setting = create();
    const { reporter, platform, posted } = setting;
    const known: unknown[] = [];
    reporter.notice(invitation);
    run(reporter, 3, 'stream');
    await platform.clock.advance(500);
    setting.answer = async () => [{ ...lease, mark: platform.clock.elapsed(), ageMs: 20 }];
    reporter.watchKnown((each) => known.push(each));
    await settle();
    expect(posted.at(-1)?.map(inWords)).toEqual(['hello 2 e1:3 by stream', 'renewal']);
    await platform.clock.advance(10_000);
    expect(posted.at(-1)?.map(inWords)).toEqual(['hello 3 e1:3 by stream', 'renewal']);
    expect(known[0]).toEqual({ at: 480, state: 'e1:4' });
  });

  test('counts from when it asked, however late the answer is; a time that has not come yet is none of its own', async () => {
    const { reporter, openLine, platform } = create();
    openLine();
    const known: unknown[] = [];
    reporter.watchKnown((each) => known.push(each));
    await platform.clock.advance(90_000);
    reporter.notice({ ...lease, mark: 0, ageMs: 700 });
    reporter.notice({ ...lease, mark: 90_001, ageMs: 0 });
    reporter.notice({ ...lease, mark: 90_000, ageMs: -5 });
    expect(known).toEqual([{ at: -700, state: 'e1:4' }]);
  });
});
