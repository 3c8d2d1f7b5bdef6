import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ConvergenceView, FleetView } from '@sluice/api-client';
import {
  createLaunchDarklyClient,
  createTestLog,
  launchDarklyModes,
  startTestServer,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeEdgePlatform, parseEdgeSettings, type RunningEdge, startEdge } from './index.ts';

const production = '/projects/default/environments/production';
const ann = { kind: 'user', key: 'ann' };

let server: TestServer;
let edge: RunningEdge;
let data: string;

beforeEach(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  const environments = [{ project: 'default', environment: 'production' }];
  const { key: credential } = (await server.api('POST', '/edges', { name: 'fra', environments })).body;
  data = mkdtempSync(join(tmpdir(), 'sluice-edge-'));
  const settings = parseEdgeSettings({ upstream: server.url, credential, data, port: '0' }, {});
  edge = await startEdge(settings, nodeEdgePlatform, createTestLog().log);
  await edge.untilReady();
});

afterEach(async () => {
  await edge.close();
  await server.close();
  rmSync(data, { recursive: true, force: true });
});

async function readConvergence(change: string): Promise<ConvergenceView> {
  return (await server.api('GET', `${production}/changes/${change}/convergence`)).body;
}

async function readFleet(): Promise<FleetView> {
  return (await server.api('GET', `${production}/fleet`)).body;
}

/** Evaluations of `checkout` that the server knows of, by variation. */
async function readCounts(): Promise<Readonly<Record<string, number>>> {
  await server.running.context.evaluations.flush();
  const { items } = (await server.api('GET', `${production}/flags/checkout/evaluations?since=0`)).body;
  const counts: Record<string, number> = {};
  for (const { variation, count } of items) counts[variation] = (counts[variation] ?? 0) + count;
  return counts;
}

describe.each(launchDarklyModes)('the LaunchDarkly Node SDK, %s, at an edge', (mode) => {
  test('has changes; the server knows what was sent to it, what it runs and what it evaluated', async () => {
    // Who polls does so every 30 s at most: there the change is there before.
    const isPolling = mode === 'FDv1 polling';
    const flip = () => server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    const before = isPolling ? await flip() : undefined;
    if (before !== undefined)
      await until(() => [...edge.relay.channels.values()][0]?.selector.version === before.version);
    const client = createLaunchDarklyClient({ url: edge.url, sdkKey: server.sdkKey }, mode);
    try {
      await client.waitForInitialization({ timeout: 10 });
      await until(async () => (await readFleet()).foreign.live === 1);
      const { sdks } = (await readFleet()).foreign;
      expect(sdks).toMatchObject([{ sdk: expect.stringMatching(/^NodeJSClient/), instances: 1 }]);
      const change = before ?? (await flip());
      if (!isPolling) {
        expect((await readConvergence(change.id)).foreign).toMatchObject({ expected: 1, inferred: 0 });
        await until(async () => (await readConvergence(change.id)).foreign.delivered === 1);
      }
      await until(async () => (await client.variation('checkout', ann, false)) === true);
      await client.flush();
      await until(async () => ((await readCounts())['0'] ?? 0) >= 1);
      if (!isPolling) await until(async () => (await readConvergence(change.id)).foreign.inferred === 1);
      expect((await readFleet()).items).toMatchObject([{ state: 'foreign', through: 'fra', version: change.version }]);
    } finally {
      client.close();
    }
  });
});

describe('an edge', () => {
  const summary = (count: number): object => ({
    kind: 'summary',
    startDate: 1_700_000_000_000,
    endDate: 1_700_000_005_000,
    features: {
      checkout: {
        default: false,
        contextKinds: ['user'],
        counters: [{ value: true, variation: 0, version: 2, count }],
      },
    },
  });
  const index = { kind: 'index', creationDate: 1_700_000_000_000, context: { kind: 'user', key: 'ann' } };

  async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const json = Buffer.from(JSON.stringify(body));
    const response = await fetch(`${edge.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: server.sdkKey,
        'content-type': 'application/json',
        'user-agent': 'NodeJSClient/9.10.0',
        'x-launchdarkly-event-schema': '4',
        ...headers,
      },
      body: headers['content-encoding'] === 'gzip' ? gzipSync(json) : json,
    });
    return response.status;
  }

  test('tells of the contexts that were evaluated for', async () => {
    expect(await post('/bulk', [{ ...index, context: { kind: 'user', key: 'behind-edge', plan: 'pro' } }])).toBe(202);
    const listed = async () => {
      await server.running.context.contexts.flush();
      const path = '/projects/default/environments/production/contexts?search=behind-edge';
      return (await server.api('GET', path)).body.items;
    };
    await expect.poll(listed, { timeout: 15_000 }).toMatchObject([{ key: 'behind-edge', attributes: { plan: 'pro' } }]);
  });

  test('takes events as LaunchDarkly’s SDK sends them, packed or not, each batch once', async () => {
    const first = { 'x-launchdarkly-payload-id': '6f3c8b1e-0000-4000-8000-000000000001' };
    const second = {
      'x-launchdarkly-payload-id': '6f3c8b1e-0000-4000-8000-000000000002',
      'content-encoding': 'gzip',
    };
    for (const [count, headers] of [
      [3, first],
      [3, first],
      [4, second],
    ] as const)
      expect(await post('/bulk', [index, summary(count)], headers)).toBe(202);
    await until(async () => (await readCounts())['0'] !== undefined);
    await edge.close();
    expect(await readCounts()).toEqual({ 0: 7 });
  });

  test('takes diagnostics, and refuses events that are none or of an unknown key', async () => {
    const diagnostic = {
      kind: 'diagnostic-init',
      id: { diagnosticId: 'd-1', sdkKeySuffix: '456789' },
      creationDate: 1_700_000_000_000,
      sdk: { name: 'node-server-sdk', version: '9.10.0' },
      configuration: { streamingDisabled: false },
      platform: { name: 'Node' },
    };
    expect(await post('/diagnostic', diagnostic)).toBe(202);
    expect(await post('/diagnostic', diagnostic, { 'content-encoding': 'gzip' })).toBe(202);
    expect(await post('/bulk', [], { authorization: 'sdk-nobody' })).toBe(401);
    const { status } = await fetch(`${edge.url}/bulk`, {
      method: 'POST',
      headers: { authorization: server.sdkKey },
      body: '{',
    });
    expect(status).toBe(400);
  });
});
