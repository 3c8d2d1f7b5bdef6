import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const repository = join(import.meta.dirname, '../../../..');

/** A program of ours that runs until it is ended. */
export interface Program {
  /** What it said when it was ready. */
  readonly said: string;
  /** Ends it as Ctrl-C would, or `SIGKILL` as a power cut; resolves when it is gone. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** It is ready once it has printed a line that begins so, or when it answers so. */
  readonly ready: string | (() => Promise<boolean>);
}

/** Starts a program of this repository in a process of its own, without anything that this one was told. */
export async function startProgram(
  program: string,
  { args = [], variables = {}, ready }: ProgramOptions,
): Promise<Program> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(repository, program), ...args],
    // A group of its own, which a Ctrl-C in the terminal does not reach: whoever started it ends it, in order.
    { env: { PATH: process.env.PATH, ...variables }, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const said = await untilReady(child, ready).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    said,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      // One that does not end when it is asked to is not left behind.
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** What is ready within half a minute will be. */
const patienceMs = 30_000;

async function untilReady(child: ChildProcess, ready: ProgramOptions['ready']): Promise<string> {
  if (child.stdout === null) throw new Error('its output is read');
  if (typeof ready === 'string') return findLine(child.stdout, ready);
  child.stdout.resume();
  for (const late = AbortSignal.timeout(patienceMs); !late.aborted && child.exitCode === null; await pause(20))
    if (await ready()) return '';
  throw new Error(`${child.spawnargs[2]} did not become ready`);
}

async function findLine(output: Readable, start: string): Promise<string> {
  const lines = createInterface({ input: output });
  const late = setTimeout(() => lines.close(), patienceMs);
  try {
    for await (const line of lines) if (line.startsWith(start)) return line;
  } finally {
    clearTimeout(late);
    // Whatever it says later is nobody's business, but must not block it.
    output.resume();
  }
  throw new Error(`it never said "${start}…"`);
}
/** A port that nobody has at the moment; rejects when that is not so of the one that is `wanted`. */
export async function findFreePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address with a port');
  return address.port;
}
