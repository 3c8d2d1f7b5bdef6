import { randomUUID } from 'node:crypto';
import { createApiClient, type Place, type ValveRowView } from '@sluice/api-client';
import { TelemetryWindow } from '@sluice/protocol';
import { createFakeServerPlatform, startTestServer, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const place: Place = { project: 'default', environment: 'production' };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let api: ReturnType<typeof createApiClient>;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  api = createApiClient({ url: server.url, token: server.apiToken, fetch });
});

afterEach(() => server.close());

function pass(ms: number): void {
  platform.clock.setTimeOfDay(platform.now() + ms);
}

async function createValve(key: string, more: { readonly tags?: string[]; readonly owner?: string } = {}) {
  const variations = [{ value: 'normal' }, { value: 'cached', description: 'From the cache' }, { value: 'off-404' }];
  await api.createFlag('default', { key, kind: 'valve', variations, ...more });
}

interface Calls {
  readonly mode?: string;
  readonly cause?: string;
  readonly outcome?: string;
  readonly account?: string;
}

/** So many calls of a valve, as an SDK has counted them. */
async function call(valve: string, times: number, { mode = 'normal', cause = 'normal', ...rest }: Calls = {}) {
  const window = new TelemetryWindow();
  const tally = window.find('valve', valve);
  for (let at = 0; at < times; at++) {
    tally?.count(mode, cause, rest.outcome ?? 'ok', at % 7);
    if (rest.account !== undefined) tally?.countAccount(rest.account);
  }
  const { db, telemetry } = server.running.context;
  const { id } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  const told = telemetry.record(id, { session: randomUUID(), sequence: 1, agoMs: 0, window: window.encode() });
  await telemetry.flush();
  await told;
}

function trip(flag: string, more: Readonly<Record<string, unknown>> = {}) {
  return server.change({
    flag,
    instructions: [{ kind: 'trip', mode: 'cached', reason: 'slow', expiresInMs: hourMs, ...more }],
  });
}

const keysOf = (rows: readonly ValveRowView[]) => rows.map(({ key }) => key);
const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

describe('the board of valves', () => {
  test('has those that are off normal first, overdue before the oldest, and pages the others by their first tag', async () => {
    await createValve('plain');
    await createValve('b', { tags: ['elastic'] });
    await createValve('a', { tags: ['mail'] });
    for (const key of ['young', 'old', 'overdue', 'kept']) await createValve(key);
    await trip('old', { expiresInMs: 4 * hourMs });
    pass(minuteMs);
    await trip('overdue', { expiresInMs: minuteMs });
    await trip('young', { expiresInMs: 4 * hourMs });
    const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }];
    await trip('kept', { mode: 'normal', exempt: true, when, expiresInMs: 4 * hourMs });
    pass(2 * minuteMs);
    const first = await api.listValves(place, { limit: 2 });
    expect(first.counts).toEqual({ tripped: 3, normal: 4 });
    expect(keysOf(first.tripped)).toEqual(['overdue', 'old', 'young']);
    expect(first.tripped[0]?.trips).toMatchObject([{ isOverdue: true }]);
    expect(keysOf(first.items)).toEqual(['b', 'a']);
    const second = await api.listValves(place, { limit: 2, cursor: first.nextCursor });
    expect(second.tripped).toEqual([]);
    expect(keysOf(second.items)).toEqual(['kept', 'plain']);
    expect(second.nextCursor).toBeUndefined();
  });

  test('says of a trip whom it concerns, who, why and until when', async () => {
    await createValve('search', { owner: 'Search', tags: ['elastic'] });
    const at = platform.now();
    const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }];
    const { instructions } = await trip('search', { when, incident: 'INC-7' });
    const [{ id }] = instructions as unknown as [{ id: string }];
    const row = await api.getValve(place, 'search');
    expect(row).toMatchObject({ owner: 'Search', tags: ['elastic'] });
    expect(row.modes).toEqual([
      { mode: 'normal' },
      { mode: 'cached', description: 'From the cache' },
      { mode: 'off-404' },
    ]);
    expect(row.trips).toEqual([
      {
        rule: id,
        mode: 'cached',
        scope: 'everyone where account key is "42"',
        when,
        since: at,
        by: 'first-start',
        why: 'slow',
        incident: 'INC-7',
        until: at + hourMs,
        isOverdue: false,
      },
    ]);
  });

  test('tells calls by cause over three hours, and of the last five minutes rate, modes and accounts', async () => {
    await createValve('search');
    await call('search', 50);
    pass(4 * hourMs);
    await call('search', 30);
    pass(2 * hourMs);
    await trip('search');
    await call('search', 60, { mode: 'cached', cause: 'rule', account: 'acme' });
    await call('search', 30, { account: 'globex' });
    await call('search', 6, { mode: 'cached', cause: 'breaker' });
    await call('search', 3, { mode: 'cached', cause: 'timeout' });
    await call('search', 1, { outcome: 'failed' });
    await call('other', 1000);
    const { tripped } = await api.listValves(place);
    const [row] = tripped;
    const { calls, lately } = row ?? (await api.getValve(place, 'search'));
    expect(calls.normal).toHaveLength(60);
    expect(calls.normal.at(-1)).toBe(30);
    expect([calls.normal, calls.trip, calls.breaker, calls.error].map(sum)).toEqual([60, 60, 6, 4]);
    expect(calls.from + 60 * calls.stepMs).toBeGreaterThan(platform.now());
    expect(lately.perSecond).toBeCloseTo(100 / 300);
    expect(lately.modes).toEqual([
      { mode: 'cached', share: 0.69 },
      { mode: 'normal', share: 0.31 },
    ]);
    expect(lately.accounts).toEqual([
      { account: 'acme', share: 0.6 },
      { account: 'globex', share: 0.3 },
    ]);
  });

  test('remembers when a mode was served last', async () => {
    await createValve('search');
    const at = platform.now();
    const counters = [{ count: 1, variation: 1, version: 1 }];
    await fetch(`${server.url}/bulk`, {
      method: 'POST',
      headers: { authorization: server.sdkKey, 'content-type': 'application/json' },
      body: JSON.stringify([{ kind: 'summary', features: { search: { counters } } }]),
    });
    await server.running.context.evaluations.flush();
    pass(30 * hourMs);
    const { items } = await api.listValves(place);
    expect(items[0]?.modes).toMatchObject([
      { mode: 'normal' },
      { mode: 'cached', lastServedAt: at - (at % minuteMs) },
      { mode: 'off-404' },
    ]);
    expect(items[0]?.modes[2]).not.toHaveProperty('lastServedAt');
  });

  test('finds valves by words in keys, descriptions and tags, and has nothing of other kinds or of the archive', async () => {
    await createValve('search', { tags: ['elastic'] });
    await createValve('mail', { owner: 'Elastic team' });
    await createValve('gone', { tags: ['elastic'] });
    await api.createFlag('default', { key: 'elastic-flag' });
    await server.change({ flag: 'gone', instructions: [{ kind: 'archive' }] });
    expect(keysOf((await api.listValves(place, { search: 'elastic' })).items)).toEqual(['search']);
    const nothing = await api.listValves(place, { search: 'el%stic' });
    expect(nothing).toEqual({ counts: { tripped: 0, normal: 0 }, tripped: [], items: [] });
    await expect(api.getValve(place, 'elastic-flag')).rejects.toThrow('valve');
  });
});
