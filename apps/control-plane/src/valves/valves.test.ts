import { createLaunchDarklyClient, startTestServer, type TestServer, untilUpdated } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const hourMs = 3_600_000;

let server: TestServer;
let now = Date.UTC(2026, 10, 26, 12);

beforeAll(async () => {
  server = await startTestServer({ platform: { now: () => now } });
});

afterAll(() => server.close());

async function createValve(key: string, ...modes: readonly string[]): Promise<void> {
  const variations = modes.map((value) => ({ value }));
  const { status } = await server.api('POST', '/projects/default/flags', { key, kind: 'valve', variations });
  expect(status).toBe(201);
}

async function readValveMetrics(): Promise<readonly string[]> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('sluice_valve_'));
}

describe('a valve', () => {
  test('is tripped and restored by changes, and says who, why, until when and whether it is overdue', async () => {
    await createValve('search', 'normal', 'cached', 'off-404');
    const trip = { kind: 'trip', mode: 'cached', reason: 'slow index', incident: 'INC-7', expiresInMs: hourMs };
    const change = await server.change({ flag: 'search', instructions: [trip] });
    const [{ id }] = change.instructions as unknown as [{ id: string }];
    expect(change.effects).toEqual([
      {
        kind: 'flag',
        key: 'search',
        text: 'tripped: `cached` for everyone until 2026-11-26 13:00 UTC: slow index (INC-7)',
      },
    ]);
    const rule = {
      id,
      clauses: [],
      variation: 'cached',
      trip: {
        reason: 'slow index',
        incident: 'INC-7',
        by: 'first-start',
        at: now,
        expiresAt: now + hourMs,
        overdue: false,
      },
    };
    expect((await server.api('GET', `${production}/flags/search`)).body).toMatchObject({
      kind: 'valve',
      rules: [rule],
    });
    now += hourMs;
    const overdue = { ...rule, trip: { ...rule.trip, overdue: true } };
    expect((await server.api('GET', `${production}/flags/search`)).body.rules).toEqual([overdue]);
    const { body } = await server.api('GET', `${production}/flags?kind=valve`);
    expect(body.items.map(({ key, rules }: { key: string; rules: unknown }) => [key, rules])).toEqual([
      ['search', [overdue]],
    ]);
    // It stays as it is until somebody restores it.
    expect((await server.findServed('search')).rules).toMatchObject([{ variation: 1 }]);
    await server.change({ flag: 'search', instructions: [{ kind: 'restore' }] });
    expect((await server.findServed('search')).rules).toEqual([]);
  });

  test('is listed apart from other kinds', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'release' });
    await createValve('listed', 'normal', 'off');
    for (const path of ['/projects/default/flags', `${production}/flags`]) {
      const keysOf = async (kind: string) =>
        (await server.api('GET', `${path}?kind=${kind}`)).body.items.map(({ key }: { key: string }) => key);
      expect(await keysOf('valve')).toContain('listed');
      expect(await keysOf('valve')).not.toContain('release');
      expect(await keysOf('release')).toContain('release');
    }
    expect((await server.api('GET', '/projects/default/flags?kind=other')).body.errors).toEqual([
      { path: 'kind', message: expect.stringContaining('"valve"') },
    ]);
  });

  test('is a metric while it is tripped, and another when it is overdue', async () => {
    await createValve('measured', 'normal', 'cached', 'off');
    const labels = 'project="default",environment="production",valve="measured"';
    const own = async () => (await readValveMetrics()).filter((line) => line.includes('measured'));
    expect(await own()).toEqual([]);
    const account = { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] };
    await server.change({
      flag: 'measured',
      instructions: [
        { kind: 'trip', mode: 'off', reason: 'one bad customer', when: [account], expiresInMs: hourMs },
        { kind: 'trip', mode: 'cached', reason: 'slow', expiresInMs: 2 * hourMs },
      ],
    });
    const tripped = [`sluice_valve_tripped{${labels},mode="off"} 1`, `sluice_valve_tripped{${labels},mode="cached"} 1`];
    expect(await own()).toEqual(tripped);
    now += hourMs;
    expect(await own()).toEqual([...tripped, `sluice_valve_overdue{${labels}} 1`]);
    await server.change({ flag: 'measured', instructions: [{ kind: 'restore' }] });
    expect(await own()).toEqual([]);
  });

  test('is no metric where a rule only keeps somebody in the normal mode', async () => {
    await createValve('kept', 'normal', 'cached', 'off');
    const modes = async () =>
      (await readValveMetrics()).flatMap((line) => /valve="kept",mode="([^"]*)"/.exec(line)?.[1] ?? []);
    const keep = (mode: string, account: string) =>
      server.change({
        flag: 'kept',
        instructions: [
          {
            kind: 'trip',
            mode,
            reason: 'contract',
            exempt: true,
            when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: [account] }],
          },
        ],
      });
    await keep('normal', '42');
    expect(await modes()).toEqual([]);
    await keep('cached', '43');
    expect(await modes()).toEqual(['cached']);
  });

  test('is overdue in the metric also where a rule only keeps somebody in the normal mode', async () => {
    await createValve('kept-long', 'normal', 'off');
    const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }];
    const keep = { kind: 'trip', mode: 'normal', reason: 'contract', exempt: true, when, expiresInMs: hourMs };
    await server.change({ flag: 'kept-long', instructions: [keep] });
    const own = async () => (await readValveMetrics()).filter((line) => line.includes('kept-long'));
    expect(await own()).toEqual([]);
    now += hourMs;
    expect(await own()).toEqual([
      'sluice_valve_overdue{project="default",environment="production",valve="kept-long"} 1',
    ]);
  });

  test('is no metric in the archive, where it serves nothing', async () => {
    await createValve('archived', 'normal', 'off');
    await server.change({
      flag: 'archived',
      instructions: [{ kind: 'trip', mode: 'off', reason: 'slow', expiresInMs: hourMs }],
    });
    now += hourMs;
    const own = async () => (await readValveMetrics()).filter((line) => line.includes('"archived"'));
    expect(await own()).toHaveLength(2);
    await server.change({ flag: 'archived', instructions: [{ kind: 'archive' }] });
    expect(await own()).toEqual([]);
  });

  test('is overdue where it is explained, and where what was counted of it is shown', async () => {
    await createValve('explained', 'normal', 'off');
    await server.change({
      flag: 'explained',
      instructions: [{ kind: 'trip', mode: 'off', reason: 'slow', expiresInMs: hourMs }],
    });
    const explain = async () => {
      const request = { flag: 'explained', context: { kind: 'user', key: 'ann' } };
      return (await server.api('POST', `${production}/evaluate`, request)).body;
    };
    const countOverdue = async () =>
      (await server.api('GET', `${production}/flags/explained/telemetry?window=5m`)).body.overdue;
    expect(await explain()).toMatchObject({
      trip: { reason: 'slow', overdue: false },
      because: expect.stringMatching(/: `off` for everyone until [-0-9]+ [:0-9]+ UTC: slow$/),
    });
    expect(await countOverdue()).toBe(0);
    now += hourMs;
    expect(await explain()).toMatchObject({
      trip: { reason: 'slow', overdue: true },
      because: expect.stringMatching(/: `off` for everyone until [-0-9]+ [:0-9]+ UTC, overdue: slow$/),
    });
    expect(await countOverdue()).toBe(1);
    await server.change({ flag: 'explained', instructions: [{ kind: 'restore' }] });
    expect(await explain()).not.toHaveProperty('trip');
    await server.api('POST', '/projects/default/flags', { key: 'no-valve' });
    const { body } = await server.api('GET', `${production}/flags/no-valve/telemetry?window=5m`);
    expect(body).not.toHaveProperty('overdue');
  });

  test('trips together with others in one change, which is reverted as one, the last first', async () => {
    await createValve('one', 'normal', 'off');
    await createValve('two', 'normal', 'cached', 'off');
    await createValve('three', 'normal', 'off');
    const share = { contextKind: 'account', weight: 10_000 };
    const { id } = await server.change({
      instructions: [
        { kind: 'trip', flag: 'two', mode: 'cached', reason: 'region down', share },
        { kind: 'trip', flag: 'one', mode: 'off', reason: 'region down' },
        { kind: 'trip', flag: 'three', mode: 'off', reason: 'region down' },
      ],
    });
    expect((await server.findServed('two')).rules).toHaveLength(1);
    // The segment that the share needs is the valve's own.
    expect((await server.api('GET', `${production}/segments`)).body.items).toEqual([]);
    const reverted = await server.api('POST', `${production}/changes/${id}/revert`, {});
    expect(reverted.status).toBe(200);
    const undone = ['three', 'one', 'two'];
    expect(reverted.body.instructions.map(({ flag }: { flag: string }) => flag)).toEqual(undone);
    expect(
      reverted.body.effects.flatMap(({ kind, key }: { kind: string; key: string }) => (kind === 'flag' ? [key] : [])),
    ).toEqual(undone);
    for (const key of undone) expect((await server.findServed(key)).rules).toEqual([]);
  });

  test.each([
    [{ kind: 'trip', mode: 'slow', reason: 'x' }, 'instructions[0].mode', '`slow`'],
    [{ kind: 'trip', mode: 'off', reason: '' }, 'instructions[0].reason', 'expected at least 1 character'],
    [{ kind: 'trip', mode: 'off' }, 'instructions[0].reason', 'got nothing'],
    [
      { kind: 'trip', mode: 'off', reason: 'x', expiresInMs: 604_800_001 },
      'instructions[0].expiresInMs',
      'at most 7 days',
    ],
    [
      { kind: 'trip', mode: 'off', reason: 'x', expiresInMs: 1e300 },
      'instructions[0].expiresInMs',
      'at most 7 days (604800000 ms), got 1e+300',
    ],
    [
      { kind: 'trip', mode: 'off', reason: 'x', expiresInMs: 60_000.5 },
      'instructions[0].expiresInMs',
      'expected an integer',
    ],
    [{ kind: 'trip', mode: 'off', reason: 'x', expiresInMs: 1 }, 'instructions[0].expiresInMs', 'at least 60000'],
    [
      {
        kind: 'trip',
        mode: 'off',
        reason: 'x',
        when: [{ contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/64'] }],
      },
      'instructions[0].when[0].values[0]',
      '"10.0.0.0/64"',
    ],
    [
      { kind: 'trip', mode: 'off', reason: 'x', share: { contextKind: 'account', weight: 0 } },
      'instructions[0].share.weight',
      'at least 1',
    ],
    [{ kind: 'turn-off' }, 'instructions[0].kind', 'is a valve and follows `trip` and `restore`'],
  ])('refuses %j by the path, and stores nothing', async (instruction, path, message) => {
    await server.api('POST', '/projects/default/flags', { key: 'refusing', kind: 'valve' });
    const before = (await server.api('GET', `${production}/flags/refusing`)).body;
    const answer = await server.api('POST', `${production}/changes`, { flag: 'refusing', instructions: [instruction] });
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.errors).toEqual([{ path, message: expect.stringContaining(message) }]);
    expect((await server.api('GET', `${production}/flags/refusing`)).body).toEqual(before);
  });

  test('is obeyed by LaunchDarkly’s SDK, for one account and for a share of accounts', async () => {
    await createValve('obeyed', 'normal', 'cached', 'off');
    const client = createLaunchDarklyClient(server, 'FDv1 streaming');
    await client.waitForInitialization({ timeout: 10 });
    const ask = (account: string) => client.variation('obeyed', { kind: 'account', key: account }, 'none');
    expect(await ask('42')).toBe('normal');
    const updated = untilUpdated(client, 'obeyed');
    await server.change({
      flag: 'obeyed',
      instructions: [
        {
          kind: 'trip',
          mode: 'off',
          reason: 'x',
          when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }],
        },
        { kind: 'trip', mode: 'cached', reason: 'x', share: { contextKind: 'account', weight: 50_000 } },
      ],
    });
    await updated;
    expect(await ask('42')).toBe('off');
    const others = await Promise.all(Array.from({ length: 200 }, (_, number) => ask(`other-${number}`)));
    expect(new Set(others)).toEqual(new Set(['normal', 'cached']));
    expect(await client.variation('obeyed', { kind: 'user', key: 'ann' }, 'none')).toBe('normal');
    client.close();
  });
});
