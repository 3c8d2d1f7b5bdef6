import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testkit';

/** A server in a process of its own, to be killed. */
export interface ServerProcess {
  readonly url: string;
  readonly apiToken: string;
  /** What preloaded modules sent with `process.send`; all of it once the process has ended. */
  readonly told: readonly unknown[];
  /** Ends it as a power cut would, as far as the process can tell. */
  kill(): Promise<void>;
}

const command = join(import.meta.dirname, '../../cli/src/main.ts');
const readyWithinMs = 30_000;

export interface ServerProcessOptions {
  readonly folder: string;
  /** Undefined: the embedded database. */
  readonly databaseUrl?: string | undefined;
  /** Modules that the process loads first: they watch something from within, or break it on purpose. */
  readonly preloads?: readonly string[];
  /** More of what the environment says. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Starts `sluice server start`; resolves when it is ready. */
export async function startServerProcess({
  folder,
  databaseUrl,
  preloads = [],
  variables = {},
}: ServerProcessOptions): Promise<ServerProcess> {
  const port = await findFreePort();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...preloads.flatMap((module) => ['--import', module]),
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
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...variables, ...(databaseUrl !== undefined && { SLUICE_DATABASE_URL: databaseUrl }) },
    },
  );
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child);
  return {
    url,
    apiToken: findApiToken(folder),
    told,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Not `exit`, which may come before what it sent.
      const ended = once(child, 'close');
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
