import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { LDClient } from '@launchdarkly/node-server-sdk';
import { createGate } from '@sluice/delivery';
import {
  createFakeServerPlatform,
  createLaunchDarklyClient,
  launchDarklyModes,
  startTestFront,
  startTestServer,
  type TestServer,
  untilUpdated,
} from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { createBackup, restoreBackup } from '../backup/backups.ts';
import { nodePlatform } from '../platform.ts';

const ann = { kind: 'user', key: 'ann' };
/** Polling clients look every 30 s. */
const patienceMs = 90_000;

/** Registers what has to be closed when the test is over; tests run side by side. */
type WhenFinished = (close: () => Promise<void> | void) => void;

async function startServer(whenFinished: WhenFinished): Promise<TestServer> {
  const server = await startTestServer();
  whenFinished(() => server.close());
  return server;
}

async function startClient(
  whenFinished: WhenFinished,
  ...parameters: Parameters<typeof createLaunchDarklyClient>
): Promise<LDClient> {
  const client = createLaunchDarklyClient(...parameters);
  whenFinished(() => client.close());
  await client.waitForInitialization({ timeout: 20 });
  return client;
}

/** A server whose folder outlives it, so that another can take its place on the same port. */
async function startLastingServer(
  whenFinished: WhenFinished,
): Promise<{ server: TestServer; again: () => Promise<TestServer> }> {
  const server = await startTestServer();
  const { folder } = server;
  const port = Number(new URL(server.url).port);
  let current = server;
  whenFinished(async () => {
    await current.running.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    server,
    again: async () => {
      current = await startTestServer({ folder, port });
      return current;
    },
  };
}

/** A server that has not come further than its gate; returns its address. */
async function startGate(whenFinished: WhenFinished): Promise<string> {
  const { listener } = createGate(nodePlatform);
  const server = createServer(listener.request).on('upgrade', listener.upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function turn(server: TestServer, kind: 'turn-on' | 'turn-off'): Promise<void> {
  const change = { flag: 'checkout', instructions: [{ kind }] };
  const { status } = await server.api('POST', '/projects/default/environments/production/changes', change);
  expect(status).toBe(200);
}

async function createFlag(server: TestServer): Promise<void> {
  expect(await server.api('POST', '/projects/default/flags', { key: 'checkout' })).toMatchObject({ status: 201 });
}

describe.concurrent.each(launchDarklyModes)('the LaunchDarkly Node SDK, %s', (mode) => {
  test(
    'sees a flag turned on, and still sees changes after the server was restarted',
    async ({ onTestFinished }) => {
      const { server, again } = await startLastingServer(onTestFinished);
      await createFlag(server);
      const client = await startClient(onTestFinished, server, mode);
      expect(await client.variation('checkout', ann, true)).toBe(false);

      const turnedOn = untilUpdated(client, 'checkout');
      await turn(server, 'turn-on');
      await turnedOn;
      expect(await client.variation('checkout', ann, false)).toBe(true);

      await server.running.close();
      // Without a server the last values are served.
      expect(await client.variation('checkout', ann, false)).toBe(true);
      const turnedOff = untilUpdated(client, 'checkout');
      await turn(await again(), 'turn-off');
      await turnedOff;
      expect(await client.variation('checkout', ann, true)).toBe(false);
    },
    patienceMs,
  );

  test(
    'sends evaluations that are counted by variation and version',
    async ({ onTestFinished }) => {
      const server = await startServer(onTestFinished);
      await createFlag(server);
      const client = await startClient(onTestFinished, server, mode);
      for (let count = 0; count < 5; count++) await client.variation('checkout', ann, true);
      await client.flush();
      await server.running.context.evaluations.flush();
      const { body } = await server.api('GET', '/projects/default/environments/production/flags/checkout/evaluations');
      expect(body.items).toEqual([{ minute: expect.any(Number), variation: 1, version: 1, count: 5 }]);
    },
    patienceMs,
  );

  test(
    'never matches a rule with our own operators, negated or not',
    async ({ onTestFinished }) => {
      const server = await startServer(onTestFinished);
      const rules = ['cidr', 'glob'].flatMap((op) => [false, true].map((negate) => ({ op, negate })));
      for (const [index, { op, negate }] of rules.entries()) {
        await server.api('POST', '/projects/default/flags', { key: `own-${index}` });
        const clause = { attribute: 'ip', op, values: [op === 'cidr' ? '10.0.0.0/8' : '10.*'], negate };
        const instructions = [
          { kind: 'turn-on' },
          { kind: 'set-fallthrough', variation: 'off' },
          { kind: 'add-rule', rule: { clauses: [clause], variation: 'on' } },
        ];
        await server.api('POST', '/projects/default/environments/production/changes', {
          flag: `own-${index}`,
          instructions,
        });
      }
      const client = await startClient(onTestFinished, server, mode);
      for (const [index] of rules.entries()) {
        for (const ip of ['10.1.2.3', '192.168.0.1']) {
          const detail = await client.variationDetail(`own-${index}`, { ...ann, ip }, true);
          expect(detail).toMatchObject({ value: false, reason: { kind: 'FALLTHROUGH' } });
        }
      }
    },
    patienceMs,
  );

  test(
    'goes on through a server that starts, one that lost its database, and one that is restored from a backup',
    async ({ onTestFinished }) => {
      const { server, again } = await startLastingServer(onTestFinished);
      const { folder, sdkKey } = server;
      await createFlag(server);
      await turn(server, 'turn-on');
      const backup = join(folder, 'backup.db');
      const place = { folder, databaseUrl: server.databaseUrl };
      await createBackup(place, backup, nodePlatform);
      await turn(server, 'turn-off');
      await server.running.close();

      // Starting: the client comes before the server is ready, and is told so.
      const front = await startTestFront(await startGate(onTestFinished), onTestFinished);
      const client = createLaunchDarklyClient({ url: front.url, sdkKey }, mode);
      onTestFinished(() => client.close());
      await front.untilAnswered(503);
      expect(client.initialized()).toBe(false);
      const second = await again();
      front.turnTo(second.url);
      await client.waitForInitialization({ timeout: 60 });
      expect(await client.variation('checkout', ann, true)).toBe(false);
      await second.running.close();

      // Gone: this server has loaded nothing yet, so everything must be looked up, and cannot be.
      const third = await again();
      const gone = third.running.context.db.destroy();
      front.turnTo(third.url);
      await front.untilAnswered(503);
      await gone;
      expect(await client.variation('checkout', ann, true)).toBe(false);
      await third.running.close();

      // Restoring: nobody is there, then a server that starts, then one with what there was.
      front.turnTo(undefined);
      await restoreBackup(backup, place, { platform: nodePlatform, secret: undefined, replace: true });
      front.turnTo(await startGate(onTestFinished));
      // A client that polls comes only every 30 s, and has met one by now.
      if (mode !== 'FDv1 polling') await front.untilAnswered(503);
      const restored = untilUpdated(client, 'checkout');
      const fourth = await again();
      front.turnTo(fourth.url);
      await restored;
      expect(await client.variation('checkout', ann, false)).toBe(true);

      const turnedOff = untilUpdated(client, 'checkout');
      await turn(fourth, 'turn-off');
      await turnedOff;
      expect(await client.variation('checkout', ann, true)).toBe(false);
    },
    3 * patienceMs,
  );
});

describe.concurrent.each([
  ['FDv1 streaming', '/all'],
  ['FDv2', '/sdk/stream'],
] as const)('the stream of the LaunchDarkly Node SDK, %s', (mode, path) => {
  test('goes on while the database is gone', async ({ onTestFinished }) => {
    const platform = createFakeServerPlatform();
    const server = await startTestServer({ platform });
    onTestFinished(() => server.close());
    await createFlag(server);
    const front = await startTestFront(server.url, onTestFinished);
    const client = await startClient(onTestFinished, { url: front.url, sdkKey: server.sdkKey }, mode);
    await front.untilAnswered(200, path);
    const [channel] = [...(await server.running.context.channels.list()).values()];
    const [stream] = channel?.subscribers ?? [];
    expect(stream).toBeDefined();

    await server.running.context.db.destroy();
    // Longer than the SDK waits for a heartbeat, as the server's clock has it.
    await platform.clock.advance(10 * 60_000);
    expect(channel?.subscribers).toEqual([stream]);
    expect(await client.variation('checkout', ann, true)).toBe(false);
  });
});
