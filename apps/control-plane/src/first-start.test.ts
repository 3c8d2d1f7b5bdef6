import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestLog, findTestDatabase, testStore } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodePlatform, parseSettings, type RunningServer, startServer } from './index.ts';

let folder: string;
let started: RunningServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-first-'));
  started = [];
});

afterEach(async () => {
  for (const server of started) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(
  variables: Readonly<Record<string, string>> = {},
  log = createTestLog().log,
): Promise<RunningServer> {
  const databaseUrl = await findTestDatabase(folder);
  const server = await startServer(parseSettings({ data: folder, 'database-url': databaseUrl, port: '0' }, variables), {
    platform: nodePlatform,
    log,
  });
  started.push(server);
  return server;
}

async function stop(server: RunningServer): Promise<void> {
  started = started.filter((other) => other !== server);
  await server.close();
}

function readKeys(): Readonly<Record<string, string>> {
  const lines = readFileSync(join(folder, 'first-start.txt'), 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ')));
}

function list(server: RunningServer, token: string, path: string): Promise<Response> {
  return fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
}

function poll(server: RunningServer, sdkKey: string): Promise<Response> {
  return fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: sdkKey } });
}

describe('the first start', () => {
  test('makes a project, two environments and keys, in a file that only its owner can read', async () => {
    const server = await start();
    const keys = readKeys();
    expect(Object.keys(keys)).toEqual([
      'url',
      'api-token',
      'sdk-key',
      'client-side-id',
      'staging-sdk-key',
      'staging-client-side-id',
      'setup-link',
    ]);
    expect(keys.url).toBe(server.url);
    expect(statSync(join(folder, 'first-start.txt')).mode & 0o777).toBe(0o600);
    expect(server.firstStart).toEqual({
      apiToken: keys['api-token'],
      sdkKey: keys['sdk-key'],
      setupLink: keys['setup-link'],
      file: join(folder, 'first-start.txt'),
    });
    const { items } = (await (
      await list(server, keys['api-token'] ?? '', '/projects/default/environments')
    ).json()) as { items: unknown };
    expect(items).toMatchObject([
      { key: 'production', version: 0 },
      { key: 'staging', version: 0 },
    ]);
    for (const key of [keys['sdk-key'], keys['staging-sdk-key']])
      expect((await poll(server, key ?? '')).status).toBe(200);
  });

  test('leaves the folder, the database and the secret readable by their owner only', async () => {
    rmSync(folder, { recursive: true });
    await start();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const files = testStore === 'sqlite' ? ['sluice.db', 'secret'] : ['secret', 'first-start.txt'];
    for (const name of files) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  test('logs no key', async () => {
    const log = createTestLog();
    await start({}, log.log);
    const keys = readKeys();
    for (const name of ['api-token', 'sdk-key']) expect(log.lines.join('')).not.toContain(keys[name]);
  });

  test('uses exactly the keys that it is given', async () => {
    const server = await start({
      SLUICE_BOOTSTRAP_API_TOKEN: 'my-own-token',
      SLUICE_BOOTSTRAP_SDK_KEY: 'my-own-sdk-key',
      SLUICE_BOOTSTRAP_CLIENT_ID: 'my-own-client-id',
    });
    expect(readKeys()).toMatchObject({
      'api-token': 'my-own-token',
      'sdk-key': 'my-own-sdk-key',
      'client-side-id': 'my-own-client-id',
    });
    expect((await list(server, 'my-own-token', '/projects')).status).toBe(200);
    expect((await poll(server, 'my-own-sdk-key')).headers.get('x-ld-envid')).toEqual(expect.any(String));
  });

  test('happens once: keys that come later change nothing', async () => {
    const first = await start();
    const keys = readKeys();
    await stop(first);
    const second = await start({
      SLUICE_BOOTSTRAP_API_TOKEN: 'another-token',
      SLUICE_BOOTSTRAP_SDK_KEY: 'another-key',
    });
    expect(second.firstStart).toBeUndefined();
    expect((await list(second, 'another-token', '/projects')).status).toBe(401);
    expect((await poll(second, 'another-key')).status).toBe(401);
    expect((await list(second, keys['api-token'] ?? '', '/projects')).status).toBe(200);
  });

  test('notes where the server listens at each start, for the command on this machine', async () => {
    await stop(await start());
    const keys = readKeys();
    const server = await start();
    expect(readKeys()).toEqual({ ...keys, url: server.url });
  });

  test('is undone when the keys cannot be written, so that nobody is locked out', async () => {
    mkdirSync(join(folder, 'first-start.txt'));
    await expect(start()).rejects.toThrow('EISDIR');
    rmSync(join(folder, 'first-start.txt'), { recursive: true });
    const server = await start();
    expect(server.firstStart?.apiToken).toBe(readKeys()['api-token']);
  });

  test('keeps keys and tokens out of the database as they are', async () => {
    const server = await start();
    const keys = readKeys();
    const { db } = server.context;
    const stored = JSON.stringify([
      await db.selectFrom('credentials').selectAll().execute(),
      await db.selectFrom('apiTokens').selectAll().execute(),
    ]);
    for (const name of ['api-token', 'sdk-key', 'client-side-id']) expect(stored).not.toContain(keys[name]);
    if (testStore === 'postgres') return;
    await stop(server);
    const bytes = readFileSync(join(folder, 'sluice.db'), 'latin1');
    for (const name of ['api-token', 'sdk-key', 'client-side-id']) expect(bytes).not.toContain(keys[name]);
    expect(existsSync(join(folder, 'sluice.db-wal'))).toBe(false);
  });
});
