import { createFakeServerPlatform, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const path = '/projects/default/environments/production/flags/checkout/evaluation-series';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let changed: { readonly id: string; readonly version: number };

async function evaluate(...counters: readonly object[]): Promise<void> {
  await fetch(`${server.url}/bulk`, {
    method: 'POST',
    headers: { authorization: server.sdkKey, 'content-type': 'application/json' },
    body: JSON.stringify([{ kind: 'summary', features: { checkout: { counters } } }]),
  });
  await server.running.context.evaluations.flush();
}

function pass(ms: number): void {
  platform.clock.setTimeOfDay(platform.now() + ms);
}

beforeAll(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  await server.api('POST', '/projects/default/flags', {
    key: 'checkout',
    variations: [{ value: 'red', name: 'Red' }, { value: 'blue' }],
  });
  await evaluate({ count: 7, variation: 0, version: 1 });
  pass(80 * dayMs);
  await evaluate({ count: 5, variation: 0, version: 1 });
  pass(3 * dayMs + 20 * minuteMs);
  changed = await server.change({ flag: 'checkout', comment: 'sale', instructions: [{ kind: 'turn-on' }] });
  await evaluate({ count: 3, variation: 0, version: 2 }, { count: 2, variation: 0, version: 1 }, { count: 1 });
  pass(minuteMs);
  await evaluate(
    { count: 4, variation: 1, version: 2 },
    { count: 6, variation: 0, version: 2 },
    { count: 1, variation: 9 },
  );
});

afterAll(() => server.close());

describe('evaluations over time', () => {
  test('are in steps of 15 minutes for a day, by variation, with the changes of the flag', async () => {
    const { body } = await server.api('GET', path);
    const now = platform.now();
    expect(body).toMatchObject({ flag: 'checkout', to: now, stepMs: 15 * minuteMs });
    expect(body.from).toBe(now - 6 * minuteMs - 95 * 15 * minuteMs);
    const only = (last: number) => [...Array.from({ length: 95 }, () => 0), last];
    expect(body.series).toEqual([
      { total: 1, counts: only(1) },
      { variation: 0, id: 'red', name: 'Red', total: 11, counts: only(11) },
      { variation: 1, id: 'blue', total: 4, counts: only(4) },
      { variation: 9, total: 1, counts: only(1) },
    ]);
    const { id, version } = changed;
    expect(body.changes).toEqual([{ id, version, at: now - minuteMs, actor: expect.any(String), comment: 'sale' }]);
  });

  test('are in hours for a week', async () => {
    const { body } = await server.api('GET', `${path}?window=7d`);
    expect(body.stepMs).toBe(hourMs);
    const red = body.series.find(({ variation }: { variation?: number }) => variation === 0);
    expect(red.counts).toHaveLength(168);
    expect([red.counts.at(-1), red.counts.at(-1 - 72), red.total]).toEqual([11, 5, 16]);
  });

  test('are in half days for 90 days, and the first change is that which made the flag', async () => {
    const { body } = await server.api('GET', `${path}?window=90d`);
    expect(body.stepMs).toBe(12 * hourMs);
    const red = body.series.find(({ variation }: { variation?: number }) => variation === 0);
    expect(red.counts).toHaveLength(180);
    expect([red.counts.at(-1), red.counts.at(-7), red.counts.at(-167), red.total]).toEqual([11, 5, 7, 23]);
    expect(body.changes.map(({ version }: { version: number }) => version)).toEqual([1, 2]);
  });

  test('of what is no flag are not found, and of another window are refused', async () => {
    expect((await server.api('GET', path.replace('checkout', 'typo'))).status).toBe(404);
    expect((await server.api('GET', `${path}?window=1y`)).body.errors).toEqual([
      { path: 'window', message: 'expected "24h", "7d" or "90d", got "1y"' },
    ]);
  });
});
