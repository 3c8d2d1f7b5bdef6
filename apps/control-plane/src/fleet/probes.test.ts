import { createClient } from '@sluice/sdk-node';
import {
  createFakeServerPlatform,
  type FakeServerPlatform,
  startTestServer,
  type TestServer,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let platform: FakeServerPlatform;
let server: TestServer;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
});

afterEach(() => server.close());

/** Answers to probes by how long they took at most, in seconds; `+Inf`: all. */
async function readAnswers(within: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`sluice_propagation_seconds_bucket{le="${within}"}`));
  return Number(line?.split(' ')[1]);
}

test('how long changes take is measured every ten seconds at the instances that are there', async () => {
  await platform.clock.advance(10_000);
  expect(await readAnswers('+Inf')).toBe(0);
  const clients = ['web-1', 'web-2'].map((key) => {
    const instance = { key };
    return createClient({ url: server.url, sdkKey: server.sdkKey, cacheFolder: false, log: silent, instance });
  });
  try {
    await Promise.all(clients.map((client) => client.ready()));
    const path = '/projects/default/environments/production/fleet';
    await until(async () => (await server.api('GET', path)).body.connected === 2);
    for (const answers of [2, 4]) {
      await platform.clock.advance(10_000);
      await until(async () => (await readAnswers('+Inf')) === answers);
    }
    // The clock of the server stood still meanwhile.
    expect(await readAnswers('0.001')).toBe(4);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
});
