import {
  createTestLog,
  openTestSocket,
  startTestServer,
  type TestServer,
  type TestSocket,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What an instance is told of how long it may rely on the server, of which the database has to know. */

let server: TestServer;
let sockets: TestSocket[];
let lines: readonly string[];

beforeEach(async () => {
  sockets = [];
  const { log, lines: written } = createTestLog();
  lines = written;
  server = await startTestServer({ log });
});

afterEach(async () => {
  for (const socket of sockets) socket.cut();
  await server.close();
});

async function arrive(key: string): Promise<TestSocket> {
  const socket = await openTestSocket(`${server.url}/sdk/v1/socket`, server.sdkKey);
  sockets.push(socket);
  await socket.until('payload-transferred');
  socket.send({ kind: 'hello', key, session: `session of ${key}`, connection: 1, via: 'socket', running: {} });
  return socket;
}

interface Lease {
  readonly mark: number;
  readonly ageMs: number;
  readonly state: string;
}

async function renew(socket: TestSocket): Promise<Lease> {
  socket.send({ kind: 'renewal', mark: 7 });
  return JSON.parse((await socket.until('lease')).at(-1)?.data ?? '');
}

const database = () => server.running.context.db;

async function listWritten(): Promise<readonly string[]> {
  const rows = await database().selectFrom('fleetSnapshots').select('rosterJson').execute();
  return rows.flatMap(({ rosterJson }) => JSON.parse(rosterJson).map(({ key }: { readonly key: string }) => key));
}

test('an instance is told that it is known once it is written where other servers look, and this one after a restart', async () => {
  const first = await arrive('web-1');
  expect(await renew(first)).toMatchObject({ mark: 7, ageMs: expect.any(Number) });
  expect(await listWritten()).toEqual(['web-1']);
  // Right after, although news are not written as often.
  const second = await arrive('web-2');
  const { ageMs } = await renew(second);
  expect(ageMs).toBeLessThan(30_000);
  expect(await listWritten()).toEqual(['web-1', 'web-2']);
});

test('what was taken away is written again before anybody is told', async () => {
  const socket = await arrive('web-1');
  await renew(socket);
  await database().deleteFrom('fleetSnapshots').execute();
  await arrive('web-2');
  socket.send({ kind: 'acknowledgement' });
  await renew(socket);
  expect(await listWritten()).toEqual(expect.arrayContaining(['web-1']));
});

test('it is told as of a version that was looked up afterwards, also where another server made that', async () => {
  const socket = await arrive('web-1');
  const { state } = await renew(socket);
  await database()
    .updateTable('environments')
    .set(({ eb }) => ({ version: eb('version', '+', 40) }))
    .execute();
  const [epoch, version] = state.split(':');
  expect((await renew(socket)).state).toBe(`${epoch}:${Number(version) + 40}`);
});

test('while the database cannot be written, nobody is told that it is known', async () => {
  const socket = await arrive('web-1');
  await renew(socket);
  await sql`alter table fleet_snapshots rename to elsewhere`.execute(database());
  const late = await arrive('web-2');
  late.send({ kind: 'renewal', mark: 1 });
  await until(() => lines.some((line) => line.includes('other servers could not be told')));
  await sql`alter table elsewhere rename to fleet_snapshots`.execute(database());
  // The answer to the first question never comes.
  expect((await renew(late)).mark).toBe(7);
});
