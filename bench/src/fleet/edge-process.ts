import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, type ServerProcess } from '../server-process.ts';

const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts');

/** An edge as users start it, in processes and a folder of its own. */
export interface EdgeProcess {
  readonly port: number;
  /** Processes that serve SDKs. */
  readonly workers: readonly number[];
  /** These, and the one that started them. */
  readonly processes: readonly number[];
  /** As a machine that goes away. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export async function startEdgeProcess(server: ServerProcess, name: string, workers: number): Promise<EdgeProcess> {
  const environments = [{ project: 'default', environment: 'production' }];
  // The answer's shape is the API's.
  const { key } = (await server.api('POST', '/edges', { name, environments })) as { key: string };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-edge-'));
  const port = await findFreePort();
  const options = { upstream: server.url, credential: key, port, data: folder, workers, 'log-level': 'error' };
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      command,
      'edge',
      ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await untilReady(port, child);
  const own = child.pid ?? 0;
  const started = listChildren(own);
  const processes = [own, ...started];
  const finish = async (signal: 'SIGKILL' | 'SIGTERM', pids: readonly number[]): Promise<void> => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    for (const pid of pids) process.kill(pid, signal);
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let isOver = false;
  return {
    port,
    workers: workers === 0 ? [own] : started,
    processes,
    kill: async () => {
      isOver = true;
      await finish('SIGKILL', processes);
    },
    close: async () => {
      if (!isOver) await finish('SIGTERM', [own]);
    },
  };
}

async function untilReady(port: number, child: ChildProcess): Promise<void> {
  const endsAt = Date.now() + 60_000;
  for (;;) {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    if (child.exitCode !== null || Date.now() > endsAt) throw new Error('the edge did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function listChildren(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
}
