import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createFakeServerPlatform,
  createTestLog,
  findTestDatabase,
  openTestStream,
  type PostgresCluster,
  startPostgresCluster,
  startTcpProxy,
  startTestServer,
  type TestServer,
  type TestServerOptions,
  type TestStream,
  until,
} from '@sluice/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startServerProcess } from '../../proofs/server-process.ts';

const production = '/projects/default/environments/production';
const variables = { SLUICE_SECRET: 'the-secret-of-all' };

let replicas: TestServer[];
let platforms: ReturnType<typeof createFakeServerPlatform>[];

beforeEach(() => {
  replicas = [];
  platforms = [];
});

afterEach(async () => {
  for (const replica of replicas) await replica.close();
});

/** A replica on whose clock time stands still until a test moves it. */
async function start(databaseUrl: string | undefined, options: TestServerOptions = {}): Promise<TestServer> {
  const platform = createFakeServerPlatform();
  const server = await startTestServer({ platform, variables, databaseUrl, ...options });
  platforms.push(platform);
  replicas.push(server);
  return server;
}

/** Lets seconds go by on all replicas until something is so. */
function untilInSeconds(isSo: () => boolean | Promise<boolean>): Promise<void> {
  return until(async () => {
    for (const { clock } of platforms) await clock.advance(1000);
    return isSo();
  });
}

async function openStream(server: TestServer): Promise<TestStream> {
  const stream = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
  await stream.until('payload-transferred');
  return stream;
}

/** Of the last payload that came. */
function lastVersion({ text }: TestStream): number {
  return Number([...text.matchAll(/"state":"\w+:(\d+)"/g)].at(-1)?.[1]);
}

interface Written {
  /** What the API said of every request. */
  readonly statuses: Set<number>;
  /** Changes that were acknowledged, by id. */
  readonly acknowledged: Map<string, number>;
  isOver: boolean;
}

/** Changes a flag again and again until it is told to stop. */
async function write(server: TestServer, written: Written): Promise<void> {
  for (let at = 0; !written.isOver; at++) {
    const instructions = [
      { kind: at % 2 === 0 ? 'turn-on' : 'turn-off' },
      { kind: 'add-targets', variation: 'on', keys: [`user-${at % 50}`] },
    ];
    const { status, body } = await server.api('POST', `${production}/changes`, { flag: 'checkout', instructions });
    written.statuses.add(status);
    // What is there already is not recorded.
    if (status === 200 && body.status === 'applied') written.acknowledged.set(body.id, body.version);
    else if (status === 503)
      expect([body.code, body.title]).toEqual(['unavailable', 'the database cannot answer now; try again']);
  }
}

describe('PostgreSQL that crashes under write load', () => {
  let cluster: PostgresCluster;

  beforeAll(async () => {
    // As careless a database as there may be: what is acknowledged is on disk all the same.
    cluster = await startPostgresCluster({
      durable: true,
      settings: ['synchronous_commit=off', 'wal_writer_delay=10s'],
    });
  });

  afterAll(() => cluster.close());

  test('and comes back has lost nothing that was acknowledged, and the same servers and streams go on', async () => {
    const log = createTestLog();
    const [one, two] = [await start(cluster.url, { log: log.log }), await start(cluster.url)];
    await one.api('POST', '/projects/default/flags', { key: 'checkout' });
    const streams = [await openStream(one), await openStream(two)];
    const written: Written = { statuses: new Set(), acknowledged: new Map(), isOver: false };
    const writing = [one, two, one, two].map((server) => write(server, written));
    for (let crash = 1; crash <= 3; crash++) {
      const before = written.acknowledged.size;
      await untilInSeconds(() => written.acknowledged.size >= before + 20);
      await cluster.stop('immediate');
      await until(async () => (await one.api('GET', '/projects')).status === 503);
      // SDKs are served from memory, and none hears that its key is wrong.
      expect(await one.findServed('checkout')).toBeDefined();
      const unknown = await fetch(`${two.url}/sdk/latest-all`, { headers: { authorization: 'sdk-unknown' } });
      expect(unknown.status).toBe(503);
      await cluster.start();
    }
    const before = written.acknowledged.size;
    await untilInSeconds(() => written.acknowledged.size >= before + 20);
    written.isOver = true;
    await Promise.all(writing);
    expect([...written.statuses].sort()).toEqual([200, 503]);

    const { db } = one.running.context;
    const [environment] = await db.selectFrom('environments').selectAll().where('key', '=', 'production').execute();
    const stored = await db
      .selectFrom('changes')
      .select(['id', 'version'])
      .where('environmentId', '=', environment?.id ?? '')
      .orderBy('version')
      .execute();
    const versions = new Map(stored.map(({ id, version }) => [id, version]));
    for (const [id, version] of written.acknowledged) expect([id, versions.get(id)]).toEqual([id, version]);
    expect(stored.map(({ version }) => version)).toEqual(stored.map((_, at) => at + 1));
    expect((await one.api('GET', `${production}/changes/chain`)).body).toMatchObject({ intact: true });
    // The newest version arrives on the streams that were open all the time, also by announcements alone.
    const isHeard = () => log.lines.some((line) => line.includes('heard of at once again'));
    await untilInSeconds(isHeard);
    const { version } = await two.change({
      flag: 'checkout',
      instructions: [{ kind: 'set-off-variation', variation: 'on' }],
    });
    await untilInSeconds(() => streams.every((stream) => lastVersion(stream) === version));
    for (const stream of streams) stream.close();
    // What was logged of it, of every kind, gives no password away.
    expect(log.errors.length).toBeGreaterThan(0);
    expect(log.lines.some((line) => line.includes(cluster.password))).toBe(false);
  }, 120_000);
});

describe('a replica that is killed', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['between its commit and its publishing', 'commit'],
    ['while it publishes', 'publish'],
  ])('%s leaves the change to the others, who deliver it', async (_, moment) => {
    const databaseUrl = await findTestDatabase(folder);
    const other = await start(databaseUrl);
    await other.api('POST', '/projects/default/flags', { key: 'checkout' });
    const killed = await startServerProcess({
      folder,
      databaseUrl,
      preloads: [join(import.meta.dirname, '../../proofs/kill-itself.ts')],
      variables: { ...variables, SLUICE_KILL_AT: moment },
    });
    const [cut, kept] = [await openStream({ ...other, url: killed.url }), await openStream(other)];
    const request = fetch(`${killed.url}/api/v1${production}/changes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${other.apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'the last one' }),
    });
    await expect(request).rejects.toThrow('fetch failed');
    expect(await cut.ended).toBe('cut');
    expect(cut.text).not.toContain('"on":true');
    // The other's clock stands still: it heard of it.
    const changed = await kept.until('payload-transferred');
    expect(changed.map(({ data }) => data).join()).toContain('"on":true');
    kept.close();
    await killed.kill();
  });
});

describe('a network that swallows everything', () => {
  test('costs a while, not the server: requests are answered 503, and all works once it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-network-'));
    const url = new URL((await findTestDatabase(folder)) ?? '');
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    // An answer is not waited for as long as usual.
    const spoiled = Object.assign(new URL(url), { port: String(proxy.port), search: '?query_timeout=500' }).href;
    const server = await start(spoiled, { folder });
    const other = await start(url.href);
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const stream = await openStream(server);
    // So many that every connection of the pool is in use.
    const ask = () =>
      Promise.all(Array.from({ length: 12 }, async () => (await server.api('GET', '/projects')).status));
    expect(new Set(await ask())).toEqual(new Set([200]));
    proxy.swallow();
    expect(new Set(await ask())).toEqual(new Set([503]));
    expect(await server.findServed('checkout')).toMatchObject({ on: false });
    await other.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    proxy.heal();
    await untilInSeconds(() => lastVersion(stream) === 2);
    expect(new Set(await ask())).toEqual(new Set([200]));
    stream.close();
    await proxy.close();
    rmSync(folder, { recursive: true });
  }, 60_000);
});
