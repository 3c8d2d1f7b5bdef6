import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPeakBytes } from './fleet/process-facts.ts';

const root = join(import.meta.dirname, '../..');

/** The server as users start it, in a process and a folder of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly apiToken: string;
  readonly sdkKey: string;
  /** From starting the command to the first `/readyz` that says yes. */
  readonly readyMs: number;
  /** Resident memory of the server itself, in bytes. */
  residentBytes(): number;
  /** The most resident memory that the server itself ever had, in bytes. */
  peakBytes(): number;
  /** Processor time that the server itself has used, in steps of 10 ms. */
  processorMs(): number;
  /** Calls the management API; rejects when it says no. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** `npm start` with a port and folder of its own; `again` uses a folder that has a database already. */
export async function startServerProcess(again?: string): Promise<ServerProcess> {
  const folder = again ?? mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  const child = spawn(
    'npm',
    ['start', '--silent', '--', '--port', String(port), '--data', folder, '--log-level', 'warn'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    },
  );
  await untilReady(url, child);
  const readyMs = performance.now() - startedAt;
  const keys = readFileSync(join(folder, 'first-start.txt'), 'utf8');
  const find = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(keys)?.[1] ?? '';
  const apiToken = find('api-token');
  return {
    url,
    apiToken,
    sdkKey: find('sdk-key'),
    readyMs,
    residentBytes: () => findServer(child.pid ?? 0).residentBytes,
    peakBytes: () => findPeakBytes(findServer(child.pid ?? 0).pid),
    processorMs: () => findServer(child.pid ?? 0).processorMs,
    api: (method, path, body) => callApi(`${url}/api/v1${path}`, apiToken, method, body),
    close: async () => {
      const ended = once(child, 'exit');
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
      if (again === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const endsAt = Date.now() + 60_000;
  for (;;) {
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    if (child.exitCode !== null || Date.now() > endsAt) throw new Error('the server did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function callApi(url: string, token: string, method: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} was answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

interface ProcessFacts {
  readonly pid: number;
  readonly processGroup: number;
  readonly commandLine: string;
  readonly residentBytes: number;
  readonly processorMs: number;
}

/** npm starts a shell, which becomes the server, or starts it: the largest Node of the group that runs a program of ours. */
function findServer(group: number): ProcessFacts {
  const [largest] = listProcesses()
    .filter(({ processGroup, commandLine }) => processGroup === group && /^\S*node\0.*apps\/cli\//s.test(commandLine))
    .toSorted((a, b) => b.residentBytes - a.residentBytes);
  if (largest === undefined) throw new Error('the process of the server was not found');
  return largest;
}

function listProcesses(): readonly ProcessFacts[] {
  const pageBytes = 4096;
  const tickMs = 10;
  return readdirNumbers().flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const residentPages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
      return [
        {
          pid,
          processGroup: Number(fields[2]),
          commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
          residentBytes: residentPages * pageBytes,
          processorMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
        },
      ];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function readdirNumbers(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address with a port');
  return address.port;
}
