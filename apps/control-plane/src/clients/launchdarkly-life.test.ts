import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LDClient } from '@launchdarkly/node-server-sdk';
import {
  createLaunchDarklyClient,
  launchDarklyModes,
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

async function turn(server: TestServer, kind: 'turn-on' | 'turn-off'): Promise<void> {
  const change = { flag: 'checkout', instructions: [{ kind }] };
  const { status } = await server.api('POST', '/projects/default/environments/production/changes', change);
  expect(status).toBe(200);
}

async function createFlag(server: TestServer): Promise<void> {
  expect(await server.api('POST', '/projects/default/flags', { key: 'checkout' })).toMatchObject({ status: 201 });
}

describe.each(launchDarklyModes)('the LaunchDarkly Node SDK, %s', (mode) => {
  test.concurrent(
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

  test.concurrent(
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

  test.concurrent(
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

  test.concurrent(
    'goes on through a server that starts, loses its database, and is restored from a backup',
    async ({ onTestFinished }) => {
      const { server, again } = await startLastingServer(onTestFinished);
      const { folder } = server;
      await createFlag(server);
      await turn(server, 'turn-on');
      const backup = join(folder, 'backup.db');
      const place = { folder, databaseUrl: server.databaseUrl };
      await createBackup(place, backup, nodePlatform);
      await server.running.close();

      // The client starts first, and waits for the server.
      const client = createLaunchDarklyClient(server, mode);
      onTestFinished(() => client.close());
      const initialised = client.waitForInitialization({ timeout: 60 });
      const second = await again();
      await initialised;
      expect(await client.variation('checkout', ann, false)).toBe(true);
      const turnedOff = untilUpdated(client, 'checkout');
      await turn(second, 'turn-off');
      await turnedOff;

      // Without its database the server still answers what it knows, and tells nobody that their key is wrong.
      await second.running.context.db.destroy();
      const known = await fetch(`${second.url}/sdk/latest-all`, { headers: { authorization: second.sdkKey } });
      const unknown = await fetch(`${second.url}/sdk/latest-all`, { headers: { authorization: 'sdk-unknown' } });
      expect([known.status, unknown.status]).toEqual([200, 503]);
      expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThan(0);
      await second.running.close().catch(() => undefined);

      const restored = untilUpdated(client, 'checkout');
      await restoreBackup(backup, place, { platform: nodePlatform, secret: undefined, replace: true });
      const third = await again();
      await restored;
      expect(await client.variation('checkout', ann, false)).toBe(true);
      const turnedOffAgain = untilUpdated(client, 'checkout');
      await turn(third, 'turn-off');
      await turnedOffAgain;
      expect(await client.variation('checkout', ann, true)).toBe(false);
    },
    3 * patienceMs,
  );
});
