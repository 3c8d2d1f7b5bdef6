import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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

/**
 * Starts `sluice server start` on a folder; resolves when it is ready. `preloads` are modules that the process loads
 * first: they watch something from within, or break it on purpose.
 */
export async function startServerProcess(folder: string, preloads: readonly string[] = []): Promise<ServerProcess> {
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
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child);
  const [, apiToken = ''] = /^api-token: (.*)$/m.exec(readFileSync(join(folder, 'first-start.txt'), 'utf8')) ?? [];
  return {
    url,
    apiToken,
    told,
    kill: async () => {
      // Not `exit`, which may come before what it sent.
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
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
