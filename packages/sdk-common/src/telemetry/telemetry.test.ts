import { type EncodedWindow, TelemetryWindow } from '@sluice/protocol';
import { FakeClock } from '@sluice/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { Telemetry } from './telemetry.ts';

interface Sent {
  readonly sequence: number;
  readonly agoMs: number;
  readonly window: EncodedWindow;
}

let clock: FakeClock;
let telemetry: Telemetry;
let sent: Sent[];
/** What becomes of a window that is sent. */
let answer: () => Promise<boolean>;
let windowMs: number;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  windowMs = 5000;
  answer = async () => true;
  telemetry = new Telemetry(
    (sequence, agoMs, window) => {
      sent.push({ sequence, agoMs, window });
      return answer();
    },
    clock,
    () => windowMs,
  );
});

const call = {
  valve: 'search',
  mode: 'normal',
  cause: 'normal',
  outcome: 'ok',
  durationMs: 12,
  account: '42',
  route: '/search',
} as const;

/** Calls of valves, or requests, that a window tells of. */
function countIn(window: EncodedWindow): number {
  return [...TelemetryWindow.parse(window).window.list()]
    .flatMap((tally) => [...tally.list()])
    .reduce((sum, [, , , durations]) => sum + durations.count, 0);
}

function cellsOf(key: string): readonly (readonly string[])[] {
  const subject = sent.flatMap(({ window }) => window.subjects).find((each) => each.key === key);
  return subject?.cells.map(([first, second, third]) => [first, second, third]) ?? [];
}

describe('a window', () => {
  test('that is longer than what the server reads is told in parts', async () => {
    const routes = Array.from({ length: 500 }, (_, index) => `/${index}/`.padEnd(256, 'r'));
    const accounts = Array.from({ length: 10 }, (_, index) => `${index}-`.padEnd(256, 'a'));
    for (const route of routes)
      for (const account of accounts) telemetry.request({ route, method: 'GET', status: 200, durationMs: 1, account });
    await telemetry.flush();
    expect(sent.length).toBeGreaterThan(1);
    for (const { window } of sent) expect(JSON.stringify(window).length).toBeLessThan(999_000);
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index + 1));
    expect(sent.reduce((sum, { window }) => sum + countIn(window), 0)).toBe(5000);
    expect(sent.flatMap(({ window }) => window.subjects.map(({ key }) => key)).sort()).toEqual(routes.sort());
  });

  test('is as long as the server asks for', async () => {
    windowMs = 80_000;
    telemetry.valveCall(call);
    await clock.advance(5000);
    expect(sent).toHaveLength(1);
    telemetry.valveCall(call);
    await clock.advance(79_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
  });

  test('is sent every 5 seconds in which there was something, and not otherwise', async () => {
    await clock.advance(20_000);
    expect(sent).toEqual([]);
    telemetry.valveCall(call);
    await clock.advance(4_999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    telemetry.valveCall(call);
    telemetry.valveCall(call);
    await clock.advance(5000);
    expect(sent.map(({ sequence, agoMs, window }) => [sequence, agoMs, countIn(window)])).toEqual([
      [1, 0, 1],
      [2, 0, 2],
    ]);
  });

  test('tells everything that was counted', async () => {
    telemetry.valveCall(call);
    telemetry.providerSend({ set: 'mail', provider: 'ses', outcome: 'unknown', durationMs: 3 });
    telemetry.configRefusal({ key: 'ttl', reason: 'below the least value' });
    const place = { migration: 'orders', cohort: 'default', stage: 'shadow' } as const;
    telemetry.migrationCall({ ...place, operation: 'write', side: 'new', outcome: 'failed', durationMs: 3 });
    telemetry.migrationComparison({ ...place, outcome: 'transient', hasIgnored: true, mismatch: undefined });
    const mismatch = { record: 'a', versions: { old: '1' }, differences: [{ path: 'total', old: '9' }] };
    telemetry.migrationComparison({ ...place, outcome: 'persistent', hasIgnored: false, mismatch });
    const request = { method: 'GET', durationMs: 8, account: '42' };
    telemetry.request({ ...request, route: '/items/:id', status: 499 });
    telemetry.request({ ...request, route: '/items/:id', status: 500, arm: 'treated' });
    telemetry.request({ ...request, route: undefined, status: 404 });
    await telemetry.flush();
    const [valve] = sent[0]?.window.subjects ?? [];
    expect(sent[0]?.window.subjects.find(({ key }) => key === 'orders')?.mismatches).toEqual([
      { ...mismatch, cohort: 'default', stage: 'shadow' },
    ]);
    expect(valve).toMatchObject({ kind: 'valve', accounts: [0, '42', 1, 0], routes: [0, '/search', 1, 0] });
    expect(['search', 'mail', 'ttl', 'orders', '/items/:id', 'unmatched'].map(cellsOf)).toEqual([
      [['normal', 'normal', 'ok']],
      [['ses', 'unknown', '']],
      [['below the least value', '', '']],
      ['write new failed', 'transient', 'ignored', 'persistent'].map((event) => ['default', 'shadow', event]),
      [
        ['GET', 'ok', ''],
        ['GET', 'failed', 'treated'],
      ],
      [['GET', 'ok', '']],
    ]);
  });

  test('has a bound, whatever is counted', async () => {
    for (let at = 0; at < 100_000; at++) {
      telemetry.request({
        route: `/${at % 5000}`,
        method: `M${at % 700}`,
        status: 200,
        durationMs: at,
        account: `${at}`,
      });
    }
    await telemetry.flush();
    const [{ window } = { window: { subjects: [] } }] = sent;
    expect(countIn(window)).toBe(100_000);
    expect(window.subjects).toHaveLength(501);
    expect(JSON.stringify(window).length).toBeLessThan(700_000);
  });
});

describe('a window that is not taken', () => {
  test('is sent again under the same number, as it was, before anything that comes after it', async () => {
    answer = async () => false;
    telemetry.valveCall(call);
    await clock.advance(5000);
    telemetry.valveCall(call);
    await clock.advance(5000);
    answer = async () => true;
    await clock.advance(5000);
    expect(sent.map(({ sequence, agoMs, window }) => [sequence, agoMs, countIn(window)])).toEqual([
      [1, 0, 1],
      [1, 5000, 1],
      [1, 10_000, 1],
      [2, 5000, 1],
    ]);
  });

  test('is waited for: there is never more than one on its way', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    answer = () => promise;
    for (let at = 0; at < 4; at++) {
      telemetry.valveCall(call);
      await clock.advance(5000);
    }
    expect(sent.map(({ sequence }) => sequence)).toEqual([1]);
    resolve(true);
    await clock.advance(0);
    expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  test('costs nothing that was counted, and no more memory than 12 more windows, however long that lasts', async () => {
    answer = async () => false;
    for (let at = 0; at < 720; at++) {
      telemetry.valveCall(call);
      await clock.advance(5000);
    }
    answer = async () => true;
    sent.length = 0;
    await clock.advance(5000);
    expect(sent).toHaveLength(13);
    expect(sent.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 13 }, (_, at) => at + 1));
    expect(sent.reduce((sum, { window }) => sum + countIn(window), 0)).toBe(720);
    // All are about as long: an hour in 12 parts, the newest aside.
    const ages = sent.slice(1).map(({ agoMs }) => agoMs);
    const spans = ages.slice(1).map((age, at) => (ages[at] ?? 0) - age);
    expect(Math.max(...spans)).toBeLessThanOrEqual(700_000);
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
  });
});

test('when it closes it sends what is left, and counts time no more', async () => {
  telemetry.valveCall(call);
  await telemetry.close();
  expect(sent).toHaveLength(1);
  expect(clock.waiting).toEqual([]);
});
