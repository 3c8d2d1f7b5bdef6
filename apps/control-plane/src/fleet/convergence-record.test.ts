import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeView, ConvergenceView } from '@sluice/api-client';
import {
  createFakeServerPlatform,
  openTestSocket,
  startTestServer,
  type TestServer,
  type TestSocket,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let folder: string;
let platform: ReturnType<typeof createFakeServerPlatform>;
let server: TestServer;
let sockets: TestSocket[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-record-'));
  sockets = [];
  await start();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  platform = createFakeServerPlatform();
  server = await startTestServer({ folder, platform });
}

async function stop(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.cut();
  await server.close();
}

/** An instance that says what it has when the test wants it to. */
async function startInstance(key: string): Promise<{ readonly acknowledge: (version: number) => Promise<void> }> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  sockets.push(socket);
  const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
  const [epoch] = String(state).split(':');
  socket.send({ kind: 'hello', key, session: `session of ${key}`, connection: 1, via: 'socket', running: { state } });
  const untilTaken = async (): Promise<void> => {
    socket.send({ kind: 'events', id: key, events: [] });
    await socket.until('taken');
  };
  await untilTaken();
  return {
    acknowledge: async (version) => {
      socket.send({ kind: 'acknowledgement', state: `${epoch}:${version}` });
      await untilTaken();
    },
  };
}

async function flip(kind: string): Promise<{ readonly id: string; readonly version: number }> {
  return server.change({ flag: 'checkout', instructions: [{ kind }] });
}

async function ask(change: string): Promise<ConvergenceView> {
  return (await server.api('GET', `${production}/changes/${change}/convergence`)).body;
}

async function list(): Promise<readonly ChangeView['convergence'][]> {
  const { body } = await server.api('GET', `${production}/changes?limit=3`);
  return body.items.map(({ convergence }: ChangeView) => convergence);
}

const countRows = async (): Promise<number> =>
  (await server.running.context.db.selectFrom('convergences').selectAll().execute()).length;

describe('how far a change got', () => {
  test('is known after the server was started again, as of a minute after it was made', async () => {
    const [one, two, three] = [
      await startInstance('web-1'),
      await startInstance('web-2'),
      await startInstance('web-3'),
    ];
    const { id, version } = await flip('turn-on');
    await platform.clock.advance(200);
    await one.acknowledge(version);
    await platform.clock.advance(800);
    await until(async () => (await countRows()) === 1);
    await two.acknowledge(version);
    await platform.clock.advance(29_000);
    // Nobody is gone.
    for (const each of [one, two]) await each.acknowledge(version);
    await three.acknowledge(version - 1);
    await platform.clock.advance(29_000);
    await three.acknowledge(version);
    const { reachedMs, curve, elapsedMs } = await ask(id);
    expect([reachedMs, elapsedMs]).toEqual([{ half: 1000, most: 59_000, all: 59_000 }, 59_000]);
    await until(async () => {
      await platform.clock.advance(1000);
      const rows = await server.running.context.db.selectFrom('convergences').selectAll().execute();
      return JSON.parse(rows[0]?.summaryJson ?? '{}').accepted === 3;
    });
    await stop();
    await start();
    const after = await ask(id);
    expect(after).toMatchObject({ version, reachedMs, curve });
  });

  test('is in the list of changes, as it is and later as it was written down', async () => {
    const [one, two] = [await startInstance('web-1'), await startInstance('web-2')];
    const first = await flip('turn-on');
    await platform.clock.advance(200);
    await one.acknowledge(first.version);
    expect(await list()).toEqual([{ has: 1, of: 2 }, undefined]);
    await platform.clock.advance(300);
    await two.acknowledge(first.version);
    expect((await list())[0]).toEqual({ has: 2, of: 2, tookMs: 500 });
    const { version } = await flip('turn-off');
    await one.acknowledge(version);
    await until(async () => {
      await platform.clock.advance(1000);
      return (await countRows()) === 2;
    });
    await stop();
    await start();
    expect((await list()).slice(0, 2)).toEqual([
      { has: 1, of: 2 },
      { has: 2, of: 2, tookMs: 500 },
    ]);
  });

  test('is not written down when nobody was there', async () => {
    const { id } = await flip('turn-on');
    for (let second = 0; second < 61; second++) await platform.clock.advance(1000);
    expect(await countRows()).toBe(0);
    await stop();
    await start();
    expect(await ask(id)).not.toHaveProperty('reachedMs');
  });

  test('is written down by the server that leads alone', async () => {
    await startInstance('web-1');
    const { leadership } = server.running.context;
    Object.defineProperty(leadership, 'isLeading', { value: false, configurable: true });
    await flip('turn-on');
    for (let second = 0; second < 3; second++) await platform.clock.advance(1000);
    expect(await countRows()).toBe(0);
    Reflect.deleteProperty(leadership, 'isLeading');
    await until(async () => {
      await platform.clock.advance(1000);
      return (await countRows()) === 1;
    });
  });
});
