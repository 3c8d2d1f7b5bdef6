import { createApiClient, type RouteTelemetryView } from '@sluice/api-client';
import { type EncodedSubject, TelemetryWindow } from '@sluice/protocol';
import { createFakeServerPlatform, startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const environment = '/projects/default/environments/production';
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let sequence: number;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  sequence = 0;
  server = await startTestServer({ platform });
  await server.api('POST', '/projects/default/flags', { key: 'search' });
});

afterEach(() => server.close());

interface Sending {
  readonly session?: string;
  readonly sequence?: number;
  readonly agoMs?: unknown;
}

/** Posts windows as an SDK does; resolves with the names of those that were taken. */
async function tell(windows: readonly unknown[], sending: Sending = {}): Promise<readonly string[]> {
  const { session = 's-1', agoMs = 0 } = sending;
  const hello = { kind: 'hello', key: 'web-1', session, connection: platform.now() };
  const reports = windows.map((window) => {
    const number = sending.sequence ?? ++sequence;
    return { kind: 'telemetry', session, sequence: number, agoMs, window };
  });
  let isAnswered = false;
  const answered = fetch(`${server.url}/sdk/v1/reports`, {
    method: 'POST',
    headers: { authorization: server.sdkKey },
    body: JSON.stringify([hello, ...reports]),
  }).finally(() => {
    isAnswered = true;
  });
  await until(async () => {
    await server.running.context.telemetry.flush();
    return isAnswered;
  });
  const { events } = JSON.parse(await (await answered).text());
  return events.flatMap(({ event, data }: { event: string; data: { id: string } }) =>
    event === 'taken' ? [data.id] : [],
  );
}

/** Calls through valve `search`: so many by account 42, of 100 ms. */
function callsOf(count: number, mode = 'normal'): object {
  const window = new TelemetryWindow();
  for (let at = 0; at < count; at++) {
    const tally = window.find('valve', 'search');
    tally?.count(mode, mode === 'normal' ? 'normal' : 'rule', 'ok', 100);
    tally?.countAccount('42');
  }
  return window.encode();
}

async function readFlag(window = '1h', flag = 'search') {
  return (await server.api('GET', `${environment}/flags/${flag}/telemetry?window=${window}`)).body;
}

async function readRoutes(window = '1h') {
  return (await server.api('GET', `${environment}/routes/telemetry?window=${window}`)).body.items;
}

/** Calls of the valve in all. */
async function countCalls(window = '1h'): Promise<number> {
  const { valve } = await readFlag(window);
  return (valve?.calls ?? []).reduce((sum: number, { count }: { count: number }) => sum + count, 0);
}

async function readMetric(name: string): Promise<number | undefined> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

const dropped = (reason: string): Promise<number | undefined> =>
  readMetric(`sluice_telemetry_dropped_total{reason="${reason}"}`);

describe('what was counted of a migration', () => {
  beforeEach(() => server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' }));

  test('is told by cohort, stage, operation and side, and what became of comparisons', async () => {
    const window = new TelemetryWindow();
    const tally = window.find('migration', 'orders');
    const times = (count: number, cohort: string, event: string, durationMs = 0): void => {
      for (let at = 0; at < count; at++) tally?.count(cohort, 'shadow', event, durationMs);
    };
    times(90, 'default', 'read old ok', 10);
    times(8, 'default', 'read old failed', 10);
    times(2, 'gold', 'read old ok', 10);
    times(5, 'default', 'write new ok', 40);
    times(20, 'default', 'equal');
    times(3, 'gold', 'persistent');
    for (const event of ['transient', 'ignored', 'dropped', 'failed']) times(1, 'default', event);
    await tell([window.encode()]);
    const { migration } = await readFlag('5m', 'orders');
    const nearly10 = { p50Ms: expect.closeTo(10, 0), p99Ms: expect.closeTo(10, 0) };
    expect(migration.calls).toMatchObject([
      { cohort: 'default', stage: 'shadow', operation: 'read', side: 'old', count: 98, failed: 8, ...nearly10 },
      { cohort: 'default', stage: 'shadow', operation: 'write', side: 'new', count: 5, failed: 0 },
      { cohort: 'gold', stage: 'shadow', operation: 'read', side: 'old', count: 2, failed: 0 },
    ]);
    expect(migration.stores).toMatchObject([
      { operation: 'read', side: 'old', count: 100, failed: 8 },
      { operation: 'write', side: 'new', count: 5, failed: 0, p50Ms: expect.closeTo(40, 0) },
    ]);
    expect(migration.comparisons).toEqual([
      {
        ...{ cohort: 'default', stage: 'shadow' },
        ...{ compared: 21, transient: 1, persistent: 0, ignored: 1, dropped: 1, failed: 1 },
      },
      {
        ...{ cohort: 'gold', stage: 'shadow' },
        ...{ compared: 3, transient: 0, persistent: 3, ignored: 0, dropped: 0, failed: 0 },
      },
    ]);
    expect(migration.compared).toMatchObject({ compared: 24, transient: 1, persistent: 3 });
    expect(migration.series).toMatchObject([
      { at: platform.now(), operation: 'read', side: 'old', count: 100 },
      { at: platform.now(), operation: 'write', side: 'new', count: 5 },
    ]);
  });

  test('has bounds that can be told, whatever is sent', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const cells = [
      ['default', 'live', 'equal', [0, most]],
      ['default', 'live', 'persistent', [0, most]],
      ['default', 'sideways', 'equal', [0, 1]],
    ];
    await tell([{ subjects: [{ kind: 'migration', key: 'orders', cells }] }]);
    expect((await readFlag('5m', 'orders')).migration.compared).toMatchObject({ compared: most, persistent: most });
    expect(await dropped('malformed')).toBe(1);
  });
});

describe('what was counted of a valve', () => {
  test('is told by mode, cause and outcome, with how long calls took and who called', async () => {
    const window = new TelemetryWindow();
    const tally = window.find('valve', 'search');
    for (let at = 1; at <= 100; at++) tally?.count('normal', 'normal', at > 97 ? 'failed' : 'ok', at);
    for (let at = 0; at < 5; at++) tally?.count('cached', 'breaker', 'ok', 2);
    for (const account of ['7', '42', '42']) tally?.countAccount(account);
    tally?.countRoute('/search/:what');
    await tell([window.encode()]);
    const told = await readFlag('5m');
    expect(told).toMatchObject({ flag: 'search', to: platform.now(), stepMs: 10 * second, evaluations: [] });
    const { valve } = told;
    expect(valve.calls).toEqual([
      { mode: 'cached', cause: 'breaker', outcome: 'ok', count: 5 },
      { mode: 'normal', cause: 'normal', outcome: 'failed', count: 3 },
      { mode: 'normal', cause: 'normal', outcome: 'ok', count: 97 },
    ]);
    expect(valve.modes.map(({ mode, count, failed }: Record<string, unknown>) => [mode, count, failed])).toEqual([
      ['cached', 5, 0],
      ['normal', 100, 3],
    ]);
    const { p50Ms, p95Ms, p99Ms } = valve.modes[1];
    for (const [found, exact] of [
      [p50Ms, 50],
      [p95Ms, 95],
      [p99Ms, 99],
    ])
      expect(Math.abs(found / exact - 1)).toBeLessThanOrEqual(1 / 64);
    expect(valve.accounts).toEqual([
      { account: '42', count: 2, overcountAtMost: 0 },
      { account: '7', count: 1, overcountAtMost: 0 },
    ]);
    expect(valve.routes).toEqual([{ route: '/search/:what', count: 1, overcountAtMost: 0 }]);
    expect(valve.series).toMatchObject([{ mode: 'cached' }, { at: platform.now(), mode: 'normal', count: 100 }]);
  });

  test('adds up over instances, in the order of time', async () => {
    const start = platform.now();
    await tell([callsOf(1)]);
    await tell([callsOf(2)], { session: 's-2' });
    await platform.clock.advance(10 * second);
    await tell([callsOf(4, 'cached')]);
    expect((await readFlag()).valve.series).toMatchObject([
      { at: start, mode: 'normal', count: 3 },
      { at: start + 10 * second, mode: 'cached', count: 4 },
    ]);
    expect((await readFlag()).valve.accounts).toEqual([{ account: '42', count: 7, overcountAtMost: 0 }]);
  });

  test('is counted for Prometheus, by mode and cause', async () => {
    await tell([callsOf(3, 'cached'), callsOf(2, 'cached')]);
    const labels = 'project="default",environment="production",valve="search",mode="cached",cause="rule",outcome="ok"';
    await until(async () => (await readMetric(`sluice_valve_calls_total{${labels}}`)) === 5);
    expect(await readMetric(`sluice_valve_calls_total{${labels}}`)).toBe(5);
  });

  test('is told with the evaluations that events bring, which are counted there and nowhere else', async () => {
    const counters = [
      { count: 3, variation: 0, version: 1 },
      { count: 4, variation: 0, version: 2 },
      { count: 1, version: 2 },
    ];
    const headers = { authorization: server.sdkKey };
    const body = JSON.stringify([{ kind: 'summary', features: { search: { counters } } }]);
    await fetch(`${server.url}/bulk`, { method: 'POST', headers, body });
    await server.running.context.evaluations.flush();
    const { evaluations, valve, providers, config } = await readFlag();
    expect(evaluations).toEqual([{ count: 1 }, { variation: 0, count: 7 }]);
    expect([valve, providers, config]).toEqual([undefined, undefined, undefined]);
  });
});

test('sends are told by provider and outcome, refusals by reason', async () => {
  const window = new TelemetryWindow();
  window.find('providers', 'search')?.count('mailgun', 'failed', '', 30);
  window.find('providers', 'search')?.count('ses', 'sent', '', 20);
  window.find('config', 'search')?.count('below the least value', '', '', 0);
  await tell([window.encode(), window.encode()]);
  const at = platform.now();
  const { providers, config } = await readFlag();
  expect(providers.sends).toEqual([
    { provider: 'mailgun', outcome: 'failed', count: 2 },
    { provider: 'ses', outcome: 'sent', count: 2 },
  ]);
  expect(providers.providers).toMatchObject([
    { provider: 'mailgun', count: 2, failed: 2 },
    { provider: 'ses', count: 2, failed: 0 },
  ]);
  expect(providers.series).toMatchObject([
    { at, provider: 'mailgun' },
    { at, provider: 'ses' },
  ]);
  expect(config).toEqual({ refusals: [{ reason: 'below the least value', count: 2 }], series: [{ at, count: 2 }] });
});

test('while many routes are added up others get their turn', async () => {
  await server.close();
  let turns = 0;
  const later: typeof platform.later = (callback) => {
    turns++;
    platform.later(callback);
  };
  server = await startTestServer({ platform: { ...platform, later } });
  const window = new TelemetryWindow();
  for (let at = 0; at < 400; at++) window.find('route', `/${at}`)?.count('GET', 'ok', '', 1);
  await tell([window.encode()]);
  turns = 0;
  expect(await readRoutes()).toHaveLength(400);
  expect(turns).toBeGreaterThanOrEqual(400 / 50);
});

test('routes are told by arm, whatever arms are called', async () => {
  const window = new TelemetryWindow();
  const route = window.find('route', '/search');
  route?.count('GET', 'ok', '', 1);
  for (const arm of ['control', 'failed', 'failed']) route?.count('GET', 'ok', arm, 10);
  route?.count('POST', 'failed', 'control', 100);
  await tell([window.encode()]);
  const [told] = await readRoutes('5m');
  expect(told).toMatchObject({ count: 5, failed: 1 });
  expect(told.arms).toMatchObject([
    { arm: 'control', count: 2, failed: 1 },
    { arm: 'failed', count: 2, failed: 0 },
  ]);
  expect(told.arms[0].p50Ms).toBeLessThan(11);
  expect(told.arms[0].p99Ms).toBeGreaterThan(98);
});

test('routes are told with requests, failures and times, the busiest first', async () => {
  const window = new TelemetryWindow();
  window.find('route', '/items/:id')?.count('GET', 'ok', '', 5);
  for (const outcome of ['ok', 'ok', 'failed']) window.find('route', '/search')?.count('GET', outcome, '', 10);
  window.find('route', '/search')?.count('POST', 'ok', 'treated', 1000);
  window.find('route', '/search')?.countAccount('42');
  await tell([window.encode()]);
  const routes = await readRoutes('5m');
  expect(routes).toMatchObject([
    {
      route: '/search',
      count: 4,
      failed: 1,
      methods: [
        { method: 'GET', count: 3, failed: 1 },
        { method: 'POST', count: 1, failed: 0 },
      ],
      accounts: [{ account: '42', count: 1, overcountAtMost: 0 }],
    },
    { route: '/items/:id', count: 1, failed: 0, accounts: [] },
  ]);
  expect(routes[0].p50Ms).toBeLessThan(11);
  expect(routes[0].p99Ms).toBeGreaterThan(980);
  const api = createApiClient({ url: server.url, token: server.apiToken, fetch });
  const place = { project: 'default', environment: 'production' };
  expect((await api.getRoutesTelemetry(place, '5m')).items).toEqual(routes);
  expect(await api.getTelemetry(place, 'search', '1h')).toEqual(await readFlag('1h'));
});

describe('what is asked for', () => {
  test.each(['5', 'm', '5w', '1.5h', '-5m', '9s', '91d', '99999999999d', '5m ', ''])(
    'a window of %j is refused, with what would be one',
    async (window) => {
      const path = `${environment}/flags/search/telemetry?window=${encodeURIComponent(window)}`;
      const { status, body } = await server.api('GET', path);
      expect([status, body.code, body.errors?.[0]?.path ?? body.errors]).toEqual([400, 'invalid-request', 'window']);
      const expected = 'a whole number and a unit, s, m, h or d, such as 30s, 5m, 1h or 7d, from 10s to 90d';
      expect(body.errors[0].message).toBe(`expected ${expected}, got ${JSON.stringify(window)}`);
    },
  );

  test('a flag or environment that there is not is not found', async () => {
    const answers = [
      await server.api('GET', `${environment}/flags/gone/telemetry`),
      await server.api('GET', '/projects/default/environments/gone/routes/telemetry'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });

  test('a window leaves out what was before', async () => {
    await tell([callsOf(1)]);
    await platform.clock.advance(2 * minute);
    await tell([callsOf(2)]);
    expect([await countCalls('30s'), await countCalls('5m')]).toEqual([2, 3]);
  });
});

describe('a window that comes again', () => {
  test('counts once, at once or later, by whichever way', async () => {
    await tell([callsOf(1)], { sequence: 1 });
    expect(await tell([callsOf(1)], { sequence: 1 })).toEqual(['s-1/1']);
    expect(await tell([callsOf(1), callsOf(1)], { sequence: 2 })).toEqual(['s-1/2', 's-1/2']);
    expect(await countCalls()).toBe(2);
    await tell([callsOf(1)], { sequence: 1 });
    expect(await countCalls()).toBe(2);
    await tell([callsOf(1)], { sequence: 1, session: 's-2' });
    expect(await countCalls()).toBe(3);
  });

  test('counts once in each environment: sessions of others are not theirs', async () => {
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'other' });
    const post = (authorization: string): Promise<Response> =>
      fetch(`${server.url}/sdk/v1/reports`, {
        method: 'POST',
        headers: { authorization },
        body: JSON.stringify([
          { kind: 'hello', key: 'web-1', session: 's-1', connection: 1 },
          { kind: 'telemetry', session: 's-1', sequence: 9, agoMs: 0, window: callsOf(1) },
        ]),
      });
    const answered = post(body.sdkKey);
    let isAnswered = false;
    void answered.finally(() => {
      isAnswered = true;
    });
    await until(async () => {
      await server.running.context.telemetry.flush();
      return isAnswered;
    });
    expect((await answered).status).toBe(200);
    await tell([callsOf(1)], { sequence: 1 });
    expect(await countCalls()).toBe(1);
  });
});

describe('hostile windows', () => {
  test('that are late are dropped, counted, and not asked for again', async () => {
    expect(await tell([callsOf(1)], { agoMs: hour + 1 })).toEqual(['s-1/1']);
    expect([await countCalls('90d'), await dropped('late')]).toEqual([0, 1]);
    expect(await tell([callsOf(1)], { agoMs: hour - 1 })).toEqual(['s-1/2']);
    expect(await countCalls('90d')).toBe(1);
  });

  test('are placed by the clock of the server and the age that they state', async () => {
    const at = platform.now();
    await platform.clock.advance(5 * minute);
    await tell([callsOf(1)], { agoMs: 5 * minute });
    await tell([callsOf(2)], { agoMs: -5 * hour });
    expect((await readFlag()).valve.series).toMatchObject([
      { at, count: 1 },
      { at: platform.now(), count: 2 },
    ]);
  });

  test.each<[string, EncodedSubject | object]>([
    ['negative counts', { kind: 'valve', key: 'search', cells: [['normal', 'normal', 'ok', [100, -5]]] }],
    [
      'what JSON makes of NaN',
      { kind: 'valve', key: 'search', cells: [['normal', 'normal', 'ok', [100, Number.NaN]]] },
    ],
    ['buckets that there are not', { kind: 'valve', key: 'search', cells: [['normal', 'normal', 'ok', [99_999, 1]]] }],
    ['a text that no database takes', { kind: 'route', key: '/\u0000', cells: [['GET', 'ok', '', [100, 1]]] }],
    ['half a character', { kind: 'route', key: '/\ud800', cells: [['GET', 'ok', '', [100, 1]]] }],
  ])('lose what has %s, and nothing else', async (_, wrong) => {
    const { subjects } = callsOf(3) as { subjects: object[] };
    expect(await tell([{ subjects: [wrong, ...subjects] }])).toEqual(['s-1/1']);
    expect([await countCalls(), await dropped('malformed'), await readRoutes()]).toEqual([3, 1, []]);
  });

  test.each([null, 7, 'window', [], { subjects: 'none' }, { subjects: [null, [], 7, {}] }])(
    'that are %j are done with',
    async (window) => {
      expect(await tell([window])).toEqual(['s-1/1']);
      expect(await tell([callsOf(1)])).toEqual(['s-1/2']);
      expect(await countCalls()).toBe(1);
    },
  );

  test('about flags that there are none of are dropped and counted', async () => {
    const window = new TelemetryWindow();
    for (const key of ['made-up', 'search']) window.find('valve', key)?.count('normal', 'normal', 'ok', 1);
    await tell([window.encode()]);
    expect([await countCalls(), await dropped('unknown-flag')]).toEqual([1, 1]);
    const { db } = server.running.context;
    expect(await db.selectFrom('telemetry').select('key').execute()).toEqual([{ key: 'search' }]);
  });

  test('of 100,000 accounts name the busiest, with how wrong that may be', async () => {
    const windows = Array.from({ length: 10 }, (_, part) => {
      const window = new TelemetryWindow();
      const tally = window.find('valve', 'search');
      for (let at = 0; at < 10_000; at++) {
        tally?.count('normal', 'normal', 'ok', 1);
        tally?.countAccount(at % 20 === 0 ? '42' : `account-${part}-${at}`);
      }
      return window.encode();
    });
    await tell(windows);
    const { accounts } = (await readFlag()).valve;
    expect(accounts).toHaveLength(50);
    expect(accounts[0].account).toBe('42');
    expect(accounts[0].count).toBeGreaterThanOrEqual(5000);
    expect(accounts[0].count - accounts[0].overcountAtMost).toBeLessThanOrEqual(5000);
    expect(accounts[0].overcountAtMost).toBeLessThanOrEqual(100_000 / 50);
  });

  test('of made-up routes tell 500 apart in an hour, and count the rest as one', async () => {
    for (let part = 0; part < 3; part++) {
      const window = new TelemetryWindow();
      for (let at = 0; at < 400; at++) window.find('route', `/${part}/${at}`)?.count('GET', 'ok', '', 1);
      await tell([window.encode()]);
    }
    const routes = await readRoutes('5m');
    expect(routes).toHaveLength(501);
    expect(routes[0]).toMatchObject({ route: 'other', count: 700 });
  });

  test('with counts beyond all bounds do not break what is answered', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const cells = [['normal', 'normal', 'ok', [100, most, 1, most]]];
    const accounts = [most, '42', most, most];
    await tell([{ subjects: [{ kind: 'valve', key: 'search', cells, accounts }], uncounted: most }, callsOf(5)]);
    expect((await readFlag()).valve).toMatchObject({
      calls: [{ count: most }],
      accounts: [{ account: '42', count: most }],
    });
  });

  test('that are too many to be written are refused, so that they come again', async () => {
    const { db, telemetry } = server.running.context;
    const { id } = await db.selectFrom('environments').select('id').executeTakeFirstOrThrow();
    const enormous = { subjects: [{ kind: 'valve', key: 'search', cells: Array(600_000).fill(0) }] };
    const report = { sequence: 1, agoMs: 0, window: enormous };
    const first = telemetry.record(id, { ...report, session: 's-1' });
    const second = telemetry.record(id, { ...report, session: 's-2' });
    await expect(second).rejects.toThrow('more telemetry comes than can be written');
    await Promise.all([telemetry.flush(), first]);
    expect(await dropped('malformed')).toBe(600_000);
  });

  test('of 100,000 sessions in an hour are all that is remembered: the rest is dropped and counted', async () => {
    const { db, telemetry } = server.running.context;
    const environmentId = (await db.selectFrom('environments').select('id').executeTakeFirstOrThrow()).id;
    for (let start = 0; start <= 100_000; start += 20_000) {
      const sessions = Array.from({ length: start < 100_000 ? 20_000 : 1 }, (_, at) => `made-up-${start + at}`);
      const told = sessions.map((session) =>
        telemetry.record(environmentId, { session, sequence: 1, agoMs: 0, window: {} }),
      );
      await telemetry.flush();
      await Promise.all(told);
    }
    const { count } = await db
      .selectFrom('telemetrySenders')
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(100_000);
    expect(await dropped('too-many')).toBe(1);
  }, 120_000);

  test('many of one session at a time are taken a few at a time', async () => {
    const taken = await tell(Array.from({ length: 30 }, () => callsOf(1)));
    expect([taken.length, await countCalls()]).toEqual([20, 20]);
  });
});

describe('what was counted', () => {
  /** Lets so much time go by; of its seconds only the last ten minutes are lived through one by one. */
  async function pass(ms: number): Promise<void> {
    platform.clock.setTimeOfDay(platform.now() + ms - 10 * minute);
    await platform.clock.advance(10 * minute);
  }

  /** What is done now and then is done again, unless the last time is not over yet. */
  function untilRows(isSo: (rows: Readonly<Record<string, number>>) => boolean, stepMs = 10 * minute): Promise<void> {
    return until(async () => {
      if (isSo(await countRows())) return true;
      await platform.clock.advance(stepMs);
      return false;
    });
  }

  /** Rows by how long their periods are. */
  async function countRows(): Promise<Readonly<Record<string, number>>> {
    const rows = await server.running.context.db.selectFrom('telemetry').select(['periodMs', 'rolledUp']).execute();
    const counts: Record<string, number> = {};
    for (const { periodMs, rolledUp } of rows) {
      const name = `${periodMs / second}s${rolledUp === 1 ? '' : ' open'}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  test('is added up by the minute and the hour, and is the same whichever is asked for', async () => {
    for (let at = 0; at < 12; at++) {
      await tell([callsOf(1)]);
      await tell([callsOf(2)], { session: 's-2' });
      await platform.clock.advance(10 * second);
    }
    await untilRows((rows) => rows['60s open'] === 2, 10 * second);
    // Two flushes were one period.
    expect(await countRows()).toEqual({ '10s': 12, '60s open': 2 });
    for (const window of ['10m', '1h', '24h', '7d']) expect([window, await countCalls(window)]).toEqual([window, 36]);
    await pass(hour);
    await untilRows((rows) => rows['3600s open'] === 1);
    expect(await countRows()).toMatchObject({ '60s': 2, '3600s open': 1 });
    for (const window of ['3h', '24h', '7d']) expect([window, await countCalls(window)]).toEqual([window, 36]);
  });

  test('of routes is told by the 500 busiest, however many there were, and added up by the day as them', async () => {
    for (let part = 0; part < 3; part++) {
      const window = new TelemetryWindow();
      for (let at = 0; at < 400; at++) {
        const times = at === 7 ? 3 : at < 100 ? 2 : 1;
        for (let time = 0; time < times; time++)
          window.find('route', `/${part}/${at}`)?.count('GET', at === 7 ? 'failed' : 'ok', '', 1);
      }
      await tell([window.encode()], { session: `s-${part}` });
      platform.clock.setTimeOfDay(platform.now() + hour);
    }
    const expectBusiest = async (window: string): Promise<void> => {
      const routes = await readRoutes(window);
      expect(routes).toHaveLength(501);
      expect(routes[0]).toMatchObject({ route: 'other', count: 700, failed: 0 });
      const busiest = routes.slice(1, 4).map(({ route, count, failed }: RouteTelemetryView) => [route, count, failed]);
      expect(busiest).toEqual(['/0/7', '/1/7', '/2/7'].map((route) => [route, 3, 3]));
      expect(routes.filter(({ count }: RouteTelemetryView) => count === 2)).toHaveLength(297);
    };
    await expectBusiest('24h');
    await expectBusiest('7d');
    await pass(24 * hour);
    await untilRows((rows) => rows['86400s open'] === 501);
    expect(await countRows()).toMatchObject({ '3600s': 1200, '86400s open': 501 });
    await expectBusiest('7d');
  });

  test('comes late and is added up with the rest', async () => {
    await tell([callsOf(1)]);
    await platform.clock.advance(2 * minute);
    await untilRows((rows) => rows['60s open'] === 1, 10 * second);
    await tell([callsOf(2)], { agoMs: 2 * minute });
    expect([await countCalls('24h'), await countCalls('7d')]).toEqual([3, 3]);
    await untilRows((rows) => rows['60s open'] === 2, 10 * second);
    expect([await countCalls('1h'), await countCalls('24h'), await countCalls('7d')]).toEqual([3, 3, 3]);
  });

  test('is forgotten in the end, the finest first', async () => {
    await tell([callsOf(1)]);
    await pass(2 * hour);
    await untilRows((rows) => rows['10s'] === undefined && rows['3600s open'] === 1);
    expect(await countRows()).toEqual({ '60s': 1, '3600s open': 1 });
    await pass(46 * hour);
    await untilRows((rows) => rows['60s'] === undefined);
    expect([await countRows(), await countCalls('7d')]).toEqual([{ '3600s': 1, '86400s open': 1 }, 1]);
    const { db } = server.running.context;
    expect(await db.selectFrom('telemetrySenders').selectAll().execute()).toEqual([]);
    await pass(88 * 24 * hour);
    await untilRows((rows) => Object.keys(rows).length === 0);
    expect(await countRows()).toEqual({});
  });

  test('is not lost when it cannot be written: it is not said to be taken', async () => {
    const { db, telemetry } = server.running.context;
    await db.schema.alterTable('telemetry').renameTo('away').execute();
    expect(await tell([callsOf(1)], { sequence: 1 })).toEqual([]);
    await db.schema.alterTable('away').renameTo('telemetry').execute();
    await tell([callsOf(1)], { sequence: 1 });
    await telemetry.flush();
    expect(await countCalls()).toBe(1);
  });
});
