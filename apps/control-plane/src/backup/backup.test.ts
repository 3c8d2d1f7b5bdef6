import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openTestStream, startTestServer, type TestServer, type TestServerOptions } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodePlatform, type RestoredBackup } from '../index.ts';
import { createSqliteBackup } from './create-backup.ts';
import { restoreSqliteBackup } from './restore-backup.ts';

const changes = '/projects/default/environments/production/changes';

let base: string;
let folder: string;
let file: string;
let running: TestServer[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sluice-backup-'));
  folder = join(base, 'data');
  file = join(base, 'backup.db');
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.close();
  rmSync(base, { recursive: true, force: true });
});

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer({ folder, ...options });
  running.push(server);
  return server;
}

async function stop(server: TestServer): Promise<void> {
  running = running.filter((other) => other !== server);
  await server.close();
}

/** A server that has one flag, turned on. */
async function startWithFlag(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await start(options);
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
  return server;
}

function restore(into = folder, secret?: string): Promise<RestoredBackup> {
  return restoreSqliteBackup(file, into, { platform: nodePlatform, secret });
}

describe('a backup', () => {
  test('of a running server has everything up to then, in a file for its owner only', async () => {
    const server = await startWithFlag();
    const { sizeBytes } = await createSqliteBackup(folder, file, 1);
    expect(statSync(file)).toMatchObject({ size: sizeBytes });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-off' }] });
    await stop(server);
    await restore();
    const again = await start();
    expect(await again.findServed('checkout')).toMatchObject({ on: true });
  });

  test('of a server that does not run is the same', async () => {
    await stop(await startWithFlag());
    await createSqliteBackup(folder, file, 1);
    await restore(join(base, 'other'));
    const again = await start({ folder: join(base, 'other') });
    expect(await again.findServed('checkout')).toMatchObject({ on: true });
  });

  test('brings no link to come back with it, which may have been used since', async () => {
    const server = await start();
    const { link } = (await server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const ann = {
      token: link.split('#')[1],
      name: 'Ann',
      email: 'ann@example.com',
      password: 'a long enough password',
    };
    const { id } = (await server.api('POST', '/invitations/accept', ann)).body.person;
    const recovery = (await server.api('POST', `/people/${id}/recovery`)).body;
    await createSqliteBackup(folder, file, 1);
    await stop(server);
    await restore();
    const again = await start();
    const body = { token: recovery.link.split('#')[1], password: 'another password that is long' };
    expect(await again.api('POST', '/session/recovery', body)).toMatchObject({ status: 404 });
    expect((await again.api('GET', '/people')).body.items).toMatchObject([{ name: 'Ann', recoveryExpiresAt: null }]);
  });

  test('has nothing of a change that was not committed', async () => {
    const server = await startWithFlag();
    const transaction = await server.running.context.db.startTransaction().execute();
    await transaction.deleteFrom('changeObjects').execute();
    await transaction.deleteFrom('changes').execute();
    await createSqliteBackup(folder, file, 1);
    await transaction.rollback().execute();
    await stop(server);
    expect((await restore()).environments).toHaveLength(2);
  });

  test('is whole whenever it is made while changes go on', async () => {
    const server = await startWithFlag();
    const program = `import { createSqliteBackup } from ${JSON.stringify(join(import.meta.dirname, 'create-backup.ts'))};
      for (let at = 0; at < 10; at++) {
        await createSqliteBackup(${JSON.stringify(folder)}, ${JSON.stringify(base)} + '/backup-' + at + '.db', 1);
        // There was another change, however busy the machine is.
        await new Promise((resolve) => process.once('message', resolve));
      }
      process.disconnect();`;
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    const ended = once(child, 'exit');
    let isOver = false;
    ended.then(() => {
      isOver = true;
    });
    for (let at = 0; !isOver; at++) {
      await server.change({ flag: 'checkout', instructions: [{ kind: at % 2 === 0 ? 'turn-off' : 'turn-on' }] });
      // It may have left by now.
      child.send('changed', () => undefined);
    }
    expect(await ended).toEqual([0, null]);
    await stop(server);
    const versions: number[] = [];
    for (let at = 0; at < 10; at++) {
      file = join(base, `backup-${at}.db`);
      // Restoring follows the chain of changes of every environment to its head.
      const { environments } = await restore(join(base, `restored-${at}`));
      versions.push(environments[0]?.version ?? 0);
    }
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBeGreaterThan(1);
  });

  test.each<[string, () => void, string]>([
    ['over a file that is there', () => writeFileSync(file, 'precious'), 'already-exists'],
    ['of a folder without a database', () => rmSync(folder, { recursive: true }), 'not-found'],
  ])('%s is refused', async (_, prepare, code) => {
    await stop(await startWithFlag());
    prepare();
    await expect(createSqliteBackup(folder, file, 1)).rejects.toMatchObject({ code });
    expect(readdirSync(base)).not.toContain('backup.db.unfinished');
    if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('that cannot be written leaves nothing behind', async () => {
    await stop(await startWithFlag());
    file = join(base, 'nowhere', 'backup.db');
    await expect(createSqliteBackup(folder, file, 1)).rejects.toThrow();
    expect(readdirSync(base)).toEqual(['data']);
  });
});

describe('restoring', () => {
  test('starts a new epoch, versions a million higher, and is a change in the history', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, Date.UTC(2026, 0, 2));
    await stop(server);
    const { environments } = await restore();
    expect(environments).toEqual([
      { project: 'default', environment: 'production', version: 1_000_002 },
      { project: 'default', environment: 'staging', version: 1_000_001 },
    ]);
    const again = await start();
    expect(await again.findServed('checkout')).toMatchObject({ version: 1_000_002 });
    const { items } = (await again.api('GET', changes)).body;
    expect(items[0]).toMatchObject({
      version: 1_000_002,
      actor: 'sluice backup restore',
      comment: 'restored from the backup of 2026-01-02T00:00:00.000Z',
      instructions: [{ kind: 'restore-backup', createdAt: Date.UTC(2026, 0, 2) }],
    });
    expect((await again.api('GET', `${changes}/chain`)).body).toEqual({ intact: true, changes: 3 });
    expect((await again.change({ flag: 'checkout', instructions: [{ kind: 'turn-off' }] })).version).toBe(1_000_003);
  });

  test('makes streams that resume from before get everything', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await server.api('POST', '/projects/default/flags', { key: 'lost' });
    const before = await openTestStream(`${server.url}/sdk/stream`, server.sdkKey);
    const { state } = JSON.parse((await before.until('payload-transferred')).at(-1)?.data ?? '');
    before.close();
    await stop(server);
    await restore();
    const again = await start();
    const after = await openTestStream(`${again.url}/sdk/stream?basis=${state}`, again.sdkKey);
    const events = await after.until('payload-transferred');
    expect(JSON.parse(events[0]?.data ?? '').payloads[0]).toMatchObject({
      intentCode: 'xfer-full',
      reason: 'cant-catchup',
    });
    expect(events.map(({ event }) => event)).toEqual(['server-intent', 'put-object', 'payload-transferred']);
    const transferred = JSON.parse(events.at(-1)?.data ?? '');
    expect(transferred.version).toBe(1_000_002);
    expect(transferred.state.split(':')[0]).not.toBe(state.split(':')[0]);
    after.close();
  });

  test('twice from one backup leads to two epochs', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await stop(server);
    const epochs = new Set<string>();
    for (const name of ['one', 'two']) {
      await restore(join(base, name));
      const { db } = (await start({ folder: join(base, name) })).running.context;
      const row = await db
        .selectFrom('environments')
        .select('epoch')
        .where('key', '=', 'production')
        .executeTakeFirst();
      epochs.add(row?.epoch ?? '');
    }
    expect(epochs.size).toBe(2);
  });

  test('keeps what was there before under another name', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await server.api('POST', '/projects/default/flags', { key: 'newer' });
    await stop(server);
    const { replaced } = await restore();
    const old = new DatabaseSync(replaced ?? '', { readOnly: true });
    expect(old.prepare("select count(*) as n from definitions where key = 'newer'").get()).toEqual({ n: 1 });
    old.close();
    const again = await start();
    expect(await again.findServed('newer')).toBeUndefined();
  });

  test('works over a database that is damaged, and keeps that too', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await stop(server);
    writeFileSync(join(folder, 'sluice.db'), 'not a database any more');
    const { replaced } = await restore();
    expect(readFileSync(replaced ?? '', 'utf8')).toBe('not a database any more');
    const again = await start();
    expect(await again.findServed('checkout')).toMatchObject({ on: true });
  });

  test('takes along what a server that was killed had not yet moved into its file', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await server.api('POST', '/projects/default/flags', { key: 'newer' });
    // As if killed: what is on disk now, log included.
    const killed = join(base, 'killed');
    mkdirSync(killed);
    for (const name of ['sluice.db', 'sluice.db-wal', 'secret']) copyFileSync(join(folder, name), join(killed, name));
    const { replaced } = await restore(killed);
    const old = new DatabaseSync(replaced ?? '');
    expect(old.prepare("select count(*) as n from definitions where key = 'newer'").get()).toEqual({ n: 1 });
    old.close();
    const again = await start({ folder: killed });
    expect(await again.findServed('newer')).toBeUndefined();
    expect(await again.findServed('checkout')).toBeDefined();
  });

  test('brings the keys of the environments along, with the secret that they are encrypted with', async () => {
    const server = await startWithFlag();
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'dev' });
    await createSqliteBackup(folder, file, 1);
    await stop(server);
    const other = join(base, 'other');
    await stop(await start({ folder: other }));
    await restore(other);
    const again = await start({ folder: other });
    const response = await fetch(`${again.url}/sdk/latest-all`, { headers: { authorization: body.sdkKey } });
    expect(response.status).toBe(200);
    expect(
      (await again.api('GET', '/projects/default/environments/dev/credentials')).body.items[0].ending,
    ).toHaveLength(4);
  });

  test('needs the secret that the server was given, and that is not in the backup', async () => {
    const secret = 'a-secret-of-operators';
    const variables = { SLUICE_SECRET: secret };
    await stop(await startWithFlag({ variables }));
    await createSqliteBackup(folder, file, 1);
    expect(readFileSync(file, 'latin1')).not.toContain(secret);
    const other = join(base, 'other');
    for (const wrong of [undefined, 'another-secret-of-them']) {
      await expect(restore(other, wrong)).rejects.toMatchObject({
        message: expect.stringContaining('set the same SLUICE_SECRET'),
      });
    }
    await restore(other, secret);
    const again = await start({ folder: other, variables });
    expect(await again.findServed('checkout')).toMatchObject({ on: true });
  });

  test('is refused while a server runs on the folder', async () => {
    const server = await startWithFlag();
    await createSqliteBackup(folder, file, 1);
    await expect(restore()).rejects.toMatchObject({ code: 'data-in-use' });
    expect(await server.findServed('checkout')).toMatchObject({ on: true, version: 2 });
  });
});

/** Makes a backup something else than it should be. */
function tamper(statement: string): () => void {
  return () => {
    const database = new DatabaseSync(file);
    database.exec('pragma foreign_keys = off');
    database.exec(statement);
    database.close();
  };
}

describe('a backup that is damaged is refused, and nothing is replaced:', () => {
  test.each<[string, () => void, string]>([
    [
      'it is no database',
      () => writeFileSync(file, 'nonsense'.repeat(1000)),
      'cannot be restored: file is not a database',
    ],
    ['it is empty', () => writeFileSync(file, ''), 'it is not a whole Sluice database'],
    ['it is cut off', () => writeFileSync(file, readFileSync(file).subarray(0, 20_000)), 'cannot be restored'],
    [
      'a page of it is overwritten',
      () => {
        const bytes = readFileSync(file);
        bytes.fill(0xff, 8192, 12_288);
        writeFileSync(file, bytes);
      },
      'cannot be restored',
    ],
    ["it is somebody else's database", () => tamper('drop table environments')(), 'it is not a whole Sluice database'],
    [
      'a change was altered',
      tamper("update changes set comment = 'x' where version = 2"),
      'is damaged: version 2 of default/production: it was altered',
    ],
    [
      'a change is missing',
      tamper('delete from changes where version = 1'),
      'is damaged: version 2 of default/production',
    ],
    [
      'a change is there too early',
      tamper(
        "update environments set version = 1, chain_head = (select previous_hash from changes where version = 2) where key = 'production'",
      ),
      'is damaged: version 2 of default/production: the environment had not come so far',
    ],
    ['the last change is missing', tamper('delete from changes where version = 2'), 'the last changes are missing'],
    ['it is not there', () => rmSync(file), 'there is no file'],
  ])('%s', async (_, damage, message) => {
    await stop(await startWithFlag());
    await createSqliteBackup(folder, file, 1);
    const before = readFileSync(join(folder, 'sluice.db'));
    damage();
    await expect(restore()).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(readFileSync(join(folder, 'sluice.db')).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('unfinished') || name.includes('replaced'))).toEqual([]);
    const again = await start();
    expect(await again.findServed('checkout')).toMatchObject({ on: true, version: 2 });
  });
});
