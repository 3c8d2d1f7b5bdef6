import type { Hello, Report } from '@sluice/protocol';
import { createFakeServerPlatform, RecordingFleet } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Arrival } from './fleet.ts';
import { Visitors } from './index.ts';

const second = 1000;
const hour = 3_600_000;
const leaseMs = 60 * second;

interface Posting {
  readonly key?: string;
  readonly session?: string;
  readonly environment?: string;
  readonly reports?: readonly Report[];
}

function create() {
  const platform = createFakeServerPlatform();
  const fleet = new RecordingFleet();
  const visitors = new Visitors(fleet, platform);
  /** An instance posts; `version` is what it runs. */
  function post(
    connection: number,
    version: number,
    { key = 'web-1', environment = 'env-1', reports = [], ...rest }: Posting = {},
  ): void {
    const session = rest.session ?? `session of ${key}`;
    const running = { state: `e1:${version}` };
    const hello: Hello = { key, session, connection, sdk: 'sluice/1', via: 'stream', about: {}, running };
    visitors.take(environment, hello, reports, leaseMs);
  }
  const { clock } = platform;
  return { platform, clock, fleet, visitors, post, told: fleet.told };
}

describe('an instance that posts', () => {
  test('arrives with its first word, and stays with the next', () => {
    const { post, told, visitors } = create();
    for (let connection = 1; connection <= 4; connection++) post(connection, connection);
    expect(told).toEqual(['join web-1 e1:1 by stream', 'web-1 e1:2', 'web-1 e1:3', 'web-1 e1:4']);
    expect(visitors.size).toBe(1);
  });

  test('has what it says beside who it is heard in order', () => {
    const { post, told } = create();
    post(1, 1, {
      reports: [
        { kind: 'acknowledgement', state: 'e1:2' },
        { kind: 'probe', id: 'p-1' },
        { kind: 'events', id: 'b-1', events: [] },
        { kind: 'acknowledgement', state: 'e1:3' },
      ],
    });
    expect(told).toEqual(['join web-1 e1:1 by stream', 'web-1 e1:2', 'answer to probe p-1', 'web-1 e1:3']);
  });

  test('leaves with a goodbye, also one that comes with its first word', async () => {
    const { post, told, visitors, clock } = create();
    post(1, 1);
    post(2, 1, { reports: [{ kind: 'goodbye' }] });
    post(1, 1, { key: 'web-2', reports: [{ kind: 'goodbye' }] });
    expect(told).toEqual([
      'join web-1 e1:1 by stream',
      'web-1 e1:1',
      'web-1 left',
      'join web-2 e1:1 by stream',
      'web-2 left',
    ]);
    expect(visitors.size).toBe(0);
    await clock.advance(hour);
    expect(told).toHaveLength(5);
  });

  test('is lost when its lease ends, once, and says anew who it is after that', async () => {
    const { post, told, visitors, clock } = create();
    post(1, 1);
    await clock.advance(59 * second);
    expect(told).toHaveLength(1);
    await clock.advance(second);
    expect(told.slice(1)).toEqual(['lost web-1 after 60000 ms']);
    expect(visitors.size).toBe(0);
    await clock.advance(hour);
    post(2, 2);
    expect(told.slice(2)).toEqual(['join web-1 e1:2 by stream']);
  });

  test('keeps its lease by posting', async () => {
    const { post, told, clock } = create();
    for (let connection = 1; connection <= 100; connection++) {
      post(connection, 1);
      await clock.advance(59 * second);
    }
    expect(told.filter((line) => line.startsWith('lost'))).toEqual([]);
  });

  test.each([hour, -hour])('keeps its lease when the time of day jumps by %i ms', async (jump) => {
    const { post, told, clock, platform } = create();
    post(1, 1);
    clock.setTimeOfDay(platform.now() + jump);
    await clock.advance(59 * second);
    expect(told).toHaveLength(1);
    await clock.advance(second);
    expect(told.slice(1)).toEqual(['lost web-1 after 60000 ms']);
  });

  test('is another in another environment, and under another session', () => {
    const { post, told, visitors } = create();
    post(1, 1);
    post(1, 1, { environment: 'env-2' });
    post(1, 1, { session: 'another' });
    expect(told).toEqual(Array.from({ length: 3 }, () => 'join web-1 e1:1 by stream'));
    expect(visitors.size).toBe(3);
  });

  test('is looked after no more once all is closed', async () => {
    const { post, told, visitors, clock } = create();
    post(1, 1);
    visitors.close();
    await clock.advance(hour);
    expect(told).toHaveLength(1);
    expect(clock.waiting).toEqual([]);
  });
});

describe('an instance that was elsewhere in between', () => {
  test('arrives anew: the number that it had here stands for nothing any more', () => {
    const { post, told, fleet } = create();
    post(1, 1);
    post(2, 1);
    // The third connection was a socket.
    post(4, 2);
    post(5, 3);
    expect(told.filter((line) => line.startsWith('join'))).toEqual([
      'join web-1 e1:1 by stream',
      'join web-1 e1:2 by stream',
    ]);
    expect(told.at(-1)).toBe('web-1 e1:3');
    expect(fleet.arrivals.map(({ connection }) => connection)).toEqual([1, 4]);
  });

  test('leaves no number behind that stands for it, however often it comes and goes', () => {
    const { post, told, visitors } = create();
    for (let connection = 1; connection <= 99; connection += 2) post(connection, connection);
    const joined = told.filter((line) => line.startsWith('join')).length;
    const ended = told.filter((line) => line.startsWith('lost')).length;
    expect([joined, ended, visitors.size]).toEqual([50, 49, 1]);
    // The old number ends before the new one begins: it takes nothing from it.
    expect(told.slice(0, 4)).toEqual([
      'join web-1 e1:1 by stream',
      'lost web-1 after 0 ms',
      'join web-1 e1:3 by stream',
      'lost web-1 after 0 ms',
    ]);
  });
});

describe('a word that comes late or twice', () => {
  test.each([
    ['an earlier one', 1],
    ['the same again', 3],
  ])('is not heard: %s', async (_, connection) => {
    const { post, told, clock, visitors } = create();
    for (let at = 1; at <= 3; at++) post(at, at);
    const before = [...told];
    await clock.advance(30 * second);
    post(connection, 1, {
      reports: [{ kind: 'acknowledgement', state: 'e1:1' }, { kind: 'goodbye' }],
    });
    expect(told).toEqual(before);
    expect(visitors.size).toBe(1);
    // Nor does it say anything about who is there now: the instance is still known by its number.
    await clock.advance(30 * second);
    expect(told.slice(before.length)).toEqual(['lost web-1 after 60000 ms']);
  });
});

describe('a foreign instance', () => {
  const pollLeaseMs = 120 * second;
  const arrival = (session: string): Arrival => ({
    isForeign: true,
    key: session,
    session,
    connection: 0,
    sdk: 'NodeJSClient/9.13.7',
    via: 'poll',
    about: {},
    running: {},
  });

  test('arrives when it asks first, and was sent what it asked for', () => {
    const { visitors, told } = create();
    visitors.note('env-1', arrival('f-1'), 3, pollLeaseMs);
    visitors.note('env-1', arrival('f-1'), 3, pollLeaseMs);
    visitors.note('env-1', arrival('f-2'), 4, pollLeaseMs);
    expect(told).toEqual([
      'join f-1 nothing by poll',
      'f-1 was sent 3',
      'f-1 was sent 3',
      'join f-2 nothing by poll',
      'f-2 was sent 4',
    ]);
    expect(visitors.size).toBe(2);
  });

  test('is lost when it has not asked for its lease, and arrives again when it asks', async () => {
    const { visitors, told, clock } = create();
    visitors.note('env-1', arrival('f-1'), 3, pollLeaseMs);
    await clock.advance(119 * second);
    visitors.note('env-1', arrival('f-1'), 3, pollLeaseMs);
    await clock.advance(119 * second);
    expect(told).toHaveLength(3);
    await clock.advance(second);
    expect(told.at(-1)).toBe('lost f-1 after 120000 ms');
    visitors.note('env-1', arrival('f-1'), 4, pollLeaseMs);
    expect(told.slice(-2)).toEqual(['join f-1 nothing by poll', 'f-1 was sent 4']);
  });

  test('does not keep others awake, nor they it', async () => {
    const { visitors, told, clock, post } = create();
    post(1, 1);
    for (let times = 0; times < 3; times++) {
      visitors.note('env-1', arrival('f-1'), 3, pollLeaseMs);
      await clock.advance(30 * second);
    }
    expect(told.filter((line) => line.startsWith('lost'))).toEqual(['lost web-1 after 60000 ms']);
  });
});

test('twenty thousand have their leases looked at together', async () => {
  const { post, told, clock, visitors } = create();
  for (let at = 0; at < 20_000; at++) post(1, 1, { key: `web-${at}` });
  await clock.advance(59 * second);
  expect(visitors.size).toBe(20_000);
  await clock.advance(second);
  expect(visitors.size).toBe(0);
  expect(told).toHaveLength(40_000);
});
