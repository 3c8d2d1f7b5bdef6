import { openTestSocket, openTestStream, startTestServer, type TestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** What Prometheus reads, as name and labels to value. */
async function readMetrics(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('metrics', () => {
  test('tell changes, batches of events and requests', async () => {
    const before = await readMetrics();
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    await server.api('GET', '/projects/default/flags/gone');
    await fetch(`${server.url}/bulk`, { method: 'POST', headers: { authorization: server.sdkKey }, body: '[]' });
    const after = await readMetrics();
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    // The flag was created in two environments.
    expect(grown('sluice_changes_total')).toBe(3);
    expect(grown('sluice_event_batches_total')).toBe(1);
    const route = '/api/v1/projects/:project/flags';
    expect(grown(`sluice_api_request_seconds_count{method="POST",route="${route}",status="201"}`)).toBe(1);
    expect(grown(`sluice_api_request_seconds_count{method="GET",route="${route}/:flag",status="404"}`)).toBe(1);
  });

  test('count a change that was tried or refused as none', async () => {
    const before = (await readMetrics()).get('sluice_changes_total');
    const at = '/projects/default/environments/production/changes';
    await server.api('POST', at, { flag: 'checkout', instructions: [{ kind: 'turn-off' }], dryRun: true });
    await server.api('POST', at, { flag: 'gone', instructions: [{ kind: 'turn-off' }] });
    expect((await readMetrics()).get('sluice_changes_total')).toBe(before);
  });

  test('tell open streams by environment and protocol, and the version that is published', async () => {
    const streams = await Promise.all(
      ['/all', '/all', '/sdk/stream'].map((path) => openTestStream(`${server.url}${path}`, server.sdkKey)),
    );
    const metrics = await readMetrics();
    expect(metrics.get('sluice_streams{project="default",environment="production",protocol="fdv1"}')).toBe(2);
    expect(metrics.get('sluice_streams{project="default",environment="production",protocol="fdv2"}')).toBe(1);
    expect(metrics.get('sluice_environment_version{project="default",environment="production"}')).toBe(2);
    expect(metrics.get('sluice_streams_dropped')).toBe(0);
    expect(metrics.get('sluice_leader')).toBe(1);
    expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(0);
    for (const stream of streams) stream.close();
  });

  test('call environments what people call them, also one that was made since', async () => {
    await server.api('POST', '/projects', { key: 'shop' });
    const { body } = await server.api('POST', '/projects/shop/environments', { key: 'test' });
    const socket = await openTestSocket(server.url, body.sdkKey);
    const first = await socket.until('payload-transferred');
    socket.send({
      kind: 'hello',
      key: 'web-1',
      session: 'a',
      connection: 1,
      sdk: 'sluice-test/1',
      via: 'socket',
      about: {},
      running: { state: JSON.parse(first.at(-1)?.data ?? '').state },
    });
    await until(async () =>
      (await readMetrics()).has('sluice_instances{project="shop",environment="test",contact="connected"}'),
    );
    const metrics = await readMetrics();
    expect(metrics.get('sluice_streams{project="shop",environment="test",protocol="socket"}')).toBe(1);
    expect([...metrics.keys()].join()).not.toContain('environment=""');
    socket.cut();
  });
});
