import { Outflow } from '@sluice/delivery';
import {
  createFakeServerPlatform,
  openTestStream,
  startTestServer,
  type TestServer,
  tamper,
  testStore,
  until,
} from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelRegistry } from './channel-registry.ts';

let server: TestServer;
let production: string;
let platform: ReturnType<typeof createFakeServerPlatform>;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  const { id } = await server.running.context.db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  production = id;
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(() => server.close());

/** Channels of another server on the same database. */
function createRegistry(): ChannelRegistry {
  const outflow = new Outflow(platform);
  return new ChannelRegistry(server.running.context.db, {
    outflow,
    onVersion: () => undefined,
    every: platform.every,
  });
}

describe('the channels', () => {
  test('are loaded once, however many ask at the same time', async () => {
    const { channels } = server.running.context;
    const [one, two] = await Promise.all([channels.open(production), channels.open(production)]);
    expect(one).toBe(two);
    expect(one.log.find('flag', 'checkout')).toBeDefined();
  });

  test('take in what another server wrote, found by version', async () => {
    const elsewhere = createRegistry();
    const channel = await elsewhere.open(production);
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    await server.change({ flag: 'checkout', instructions: [{ kind: 'add-targets', variation: 'off', keys: ['ann'] }] });
    expect(channel.selector.version).toBe(1);
    await Promise.all([elsewhere.refresh(production), elsewhere.refresh(production), elsewhere.refresh(production)]);
    expect(channel.selector.version).toBe(3);
    expect(JSON.parse(channel.log.find('flag', 'checkout')?.json ?? '')).toMatchObject({ on: true, version: 3 });
  });

  test('read nothing for an environment that nobody asked for', async () => {
    const registry = createRegistry();
    await registry.refresh(production);
    expect((await registry.list()).size).toBe(0);
  });

  test('that could not be loaded are tried again', async () => {
    const registry = createRegistry();
    await expect(registry.open('nowhere')).rejects.toThrow();
    await tamper(server, "update environments set id = 'nowhere' where key = 'staging'");
    expect((await registry.open('nowhere')).selector.version).toBe(1);
  });

  test('that could not be brought up to date are tried again within a second', async () => {
    const { channels, db } = server.running.context;
    const channel = await channels.open(production);
    await sql`alter table objects rename to objects_away`.execute(db);
    await db.updateTable('environments').set({ version: 2 }).where('id', '=', production).execute();
    await expect(channels.refresh(production)).rejects.toThrow(/no such table|does not exist/);
    await sql`alter table objects_away rename to objects`.execute(db);
    expect(channel.selector.version).toBe(1);
    await platform.clock.advance(1000);
    await until(() => channel.selector.version === 2);
  });

  test('replace everything when the epoch changed under them', async () => {
    const { channels, db } = server.running.context;
    const stream = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
    await stream.until('payload-transferred');
    await db
      .updateTable('environments')
      .set({ epoch: 'another', version: 1_000_001 })
      .where('id', '=', production)
      .execute();
    await channels.refresh(production);
    const events = await stream.until('payload-transferred');
    expect(events[0]?.data).toContain('"xfer-full"');
    expect(JSON.parse(events.at(-1)?.data ?? '').state).toBe('another:1000001');
    stream.close();
  });

  test('find what changed by an index, not by looking at every flag', async () => {
    const query = sql`select kind, key, version, compiled_json from objects
      where environment_id = 'x' and version > 5 order by version, kind, key`;
    const plan = await server.running.context.db.transaction().execute(async (reads) => {
      if (testStore === 'sqlite') return sql`explain query plan ${query}`.execute(reads);
      // So few rows would be read without an index.
      await sql`set local enable_seqscan = off`.execute(reads);
      return sql`explain ${query}`.execute(reads);
    });
    const condition = {
      sqlite: 'objects_version (environment_id=? AND version>?)',
      postgres: "Index Cond: ((environment_id = 'x'::text) AND (version > 5))",
    };
    expect(JSON.stringify(plan.rows)).toContain(condition[testStore]);
  });

  test('publish a change to open streams without being asked', async () => {
    const stream = await openTestStream(`${server.url}/all`, server.sdkKey);
    expect((await stream.next()).event).toBe('put');
    const { version } = await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    const { event, data } = await stream.next();
    expect([event, JSON.parse(data)]).toMatchObject([
      'patch',
      { path: '/flags/checkout', data: { on: true, version } },
    ]);
    stream.close();
  });
});
