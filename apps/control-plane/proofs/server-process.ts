import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** A server in a process of its own, to be killed. */
export interface ServerProcess {
  readonly url: string;
  readonly apiToken: string;
  /** Ends it as a power cut would, as far as the process can tell. */
  kill(): Promise<void>;
}

const command = join(import.meta.dirname, '../../cli/src/main.ts');
const readyWithinMs = 30_000;

export interface ServerProcessOptions {
  readonly folder: string;
  /** Undefined: the embedded database. */
  readonly databaseUrl?: string | undefined;
  /** A module that the process loads first, for proofs that break something on purpose. */
  readonly preload?: string | undefined;
  /** More of what the environment says. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Starts `sluice server start`; resolves when it is ready. */
export async function startServerProcess({
  folder,
  databaseUrl,
  preload,
  variables = {},
}: ServerProcessOptions): Promise<ServerProcess> {
  const port = await findFreePort();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...(preload === undefined ? [] : ['--import', preload]),
      command,
      'server',
      'start',
      '--port',
      String(port),
      '--data',
      folder,
      '--log-level',
      'warn',
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...variables, ...(databaseUrl !== undefined && { SLUICE_DATABASE_URL: databaseUrl }) },
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child);
  return {
    url,
    apiToken: findApiToken(folder),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Empty where another server filled the database. */
function findApiToken(folder: string): string {
  const file = join(folder, 'first-start.txt');
  if (!existsSync(file)) return '';
  return /^api-token: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  let printed = '';
  child.stderr?.on('data', (chunk) => {
    printed += chunk;
  });
  const endsAt = Date.now() + readyWithinMs;
  for (;;) {
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    if (child.exitCode !== null || Date.now() > endsAt) throw new Error(`the server did not become ready: ${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
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
