import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';

/** A server that is a program of its own, with a folder and a port on 127.0.0.1 that are only its own. */
export interface TestDaemon {
  readonly port: number;
  /** Kills it and deletes its folder. */
  close(): Promise<void>;
}

interface DaemonRecipe {
  readonly program: string;
  /** What to start it with, once its folder has been prepared. */
  prepare(folder: string, port: number): readonly string[];
  /** What it prints when it listens. */
  readonly readyLine: string;
}

export async function startTestDaemon({ program, prepare, readyLine }: DaemonRecipe): Promise<TestDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-daemon-'));
  try {
    const port = await findFreePort();
    const child = spawn(program, prepare(folder, port), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    await untilReady(child, program, readyLine);
    return {
      port,
      close: async () => {
        const ended = once(child, 'exit');
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL');
          await ended;
        }
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(child: ChildProcess, program: string, readyLine: string): Promise<void> {
  let printed = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outputs = [child.stdout, child.stderr];
  for (const output of outputs) {
    output?.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes(readyLine)) resolve();
    });
  }
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`${program} did not start: ${printed}`)));
  await promise;
  // Read on, so that it is never held up, and keep nothing.
  for (const output of outputs) output?.removeAllListeners('data').resume();
}
