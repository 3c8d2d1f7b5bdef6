import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A PostgreSQL server for tests: a folder, a free port on 127.0.0.1 and one superuser of its own. */
export interface PostgresCluster {
  /** Of database `postgres`, with the superuser's password. */
  readonly url: string;
  readonly password: string;
  /** As `pg_ctl stop` does: `immediate` is a crash, as far as the files on disk can tell. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Again, on the same port, if it does not run. */
  start(): Promise<void>;
  /** Stops it if it runs, and deletes its folder. */
  close(): Promise<void>;
}

export interface PostgresClusterOptions {
  /** Whether commits have to reach the disk; tests of something else are faster without. */
  readonly durable?: boolean;
  /** More settings, such as `synchronous_commit=off`. */
  readonly settings?: readonly string[];
}

const password = 'not-to-be-printed';
const readyLine = 'database system is ready to accept connections';

/** The folder of PostgreSQL's programs, the newest where there are several; undefined: it is not installed. */
export function findPostgres(): string | undefined {
  const debian = globSync('/usr/lib/postgresql/*/bin').sort((a, b) => versionOf(b) - versionOf(a));
  const folders = [...debian, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

function versionOf(path: string): number {
  return Number(/\d+/.exec(path)?.[0] ?? 0);
}

export async function startPostgresCluster({
  durable = false,
  settings = [],
}: PostgresClusterOptions = {}): Promise<PostgresCluster> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed (Debian: postgresql)');
  const owner = findOwner();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-postgres-'));
  const data = join(folder, 'data');
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  writeFileSync(join(folder, 'password'), password);
  execFileSync(
    join(programs, 'initdb'),
    [
      ...['-D', data, '-U', 'sluice', '--pwfile', join(folder, 'password'), '--auth=scram-sha-256', '--no-sync'],
      // Sorts as people do: what has to sort by code point must see to it itself.
      ...['--encoding=UTF8', '--locale=C.UTF-8', ...(versionOf(programs) >= 15 ? icuOptions : [])],
    ],
    { ...owner, cwd: folder, stdio: 'pipe' },
  );
  const port = await findFreePort();
  const options = [
    ...['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`, 'max_connections=300'],
    // Nobody copies this server, so that new databases are made quickly.
    ...['wal_level=minimal', 'max_wal_senders=0'],
    // Databases of tests live for seconds.
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off', 'autovacuum=off']),
    ...settings,
  ].flatMap((setting) => ['-c', setting]);
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (running !== undefined) return;
    const child = spawn(join(programs ?? '', 'postgres'), ['-D', data, ...options], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(child);
    running = child;
  }

  async function stop(mode: 'fast' | 'immediate'): Promise<void> {
    if (running === undefined) return;
    const ended = once(running, 'exit');
    running.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    running = undefined;
    await ended;
  }

  await start();
  return {
    url: `postgres://sluice:${password}@127.0.0.1:${port}/postgres`,
    password,
    start,
    stop,
    close: async () => {
      await stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const icuOptions = ['--locale-provider=icu', '--icu-locale=en-US'];

/** PostgreSQL does not run as root. */
function findOwner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

async function untilReady(child: ChildProcess): Promise<void> {
  let printed = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.stderr?.on('data', (chunk) => {
    printed += chunk;
    if (printed.includes(readyLine)) resolve();
  });
  child.once('exit', () => reject(new Error(`PostgreSQL did not start: ${printed}`)));
  await promise;
  // Read on, so that it is never held up, and keep nothing.
  child.stderr?.removeAllListeners('data').resume();
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address with a port');
  return address.port;
}
