import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init } from '@launchdarkly/node-server-sdk';
import { createClient } from '@sluice/sdk-node';
import { findFreePort } from '@sluice/testkit';
import { startServerProcess } from './server-process.ts';

export interface ProxiesOptions {
  /** Nothing happens for so long, as at night. */
  readonly idleMs: number;
  readonly onProgress?: (line: string) => void;
}

export interface ProxiesReport {
  readonly rows: readonly { readonly proxy: string; readonly client: string; readonly tookMs: number }[];
  /** What was wrong, in words; empty: nothing. */
  readonly violations: readonly string[];
}

/** A flip has to arrive within this time. */
const allowedMs = 1000;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Proxy {
  readonly name: string;
  readonly command: string;
  readonly arguments: (config: string, folder: string) => readonly string[];
  /** As the package brings it, but for the address behind. */
  readonly config: (port: number, behind: number, folder: string) => string;
}

const proxies: readonly Proxy[] = [
  {
    name: 'nginx',
    command: '/usr/sbin/nginx',
    arguments: (config, folder) => ['-p', folder, '-c', config, '-e', 'stderr', '-g', 'daemon off;'],
    config: (port, behind, folder) => `
      pid ${folder}/nginx.pid;
      events {}
      http {
        access_log off;
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://127.0.0.1:${behind}; }
        }
      }`,
  },
  {
    name: 'HAProxy',
    command: '/usr/sbin/haproxy',
    arguments: (config) => ['-db', '-f', config],
    config: (port, behind) => `
defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000
frontend all
  bind 127.0.0.1:${port}
  default_backend sluice
backend sluice
  server one 127.0.0.1:${behind}
`,
  },
];

/** One client, connected through a proxy. */
interface Visitor {
  readonly proxy: string;
  readonly client: string;
  /** Resolves when the flag is on, or at once if it is. */
  untilOn(): Promise<void>;
  /** How often contact was lost. */
  readonly lost: () => number;
  close(): Promise<void>;
}

/**
 * Puts nginx and HAProxy, with the settings that Debian brings, in front of a server, leaves everybody idle, and then
 * looks how long a flip takes: proxies end what is idle, hold back what they buffer, and take upgrades out.
 */
export async function proveProxies({ idleMs, onProgress }: ProxiesOptions): Promise<ProxiesReport> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-proxies-'));
  const closings: (() => Promise<void> | void)[] = [];
  try {
    const server = await startServerProcess({ folder: join(folder, 'data') });
    closings.push(() => server.kill());
    const call = createCaller(server.url, server.apiToken);
    await call('/projects/default/flags', { key: 'checkout' });
    const sdkKey = /^sdk-key: (.*)$/m.exec(readFileSync(join(folder, 'data/first-start.txt'), 'utf8'))?.[1] ?? '';
    const visitors: Visitor[] = [];
    for (const proxy of proxies) {
      const { url, close } = await startProxy(proxy, folder, Number(new URL(server.url).port));
      closings.push(close);
      visitors.push(
        await visitWithOurs(proxy.name, 'our SDK', url, sdkKey, 'socket'),
        await visitWithOurs(proxy.name, 'our SDK by stream', url, sdkKey, 'stream'),
        await visitWithTheirs(proxy.name, url, sdkKey),
      );
    }
    closings.push(...visitors.map(({ close }) => close));
    onProgress?.(`${visitors.length} clients are connected; idle for ${idleMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const violations = visitors
      .filter(({ lost }) => lost() > 0)
      .map(
        ({ client, proxy, lost }) => `${client} behind ${proxy} lost contact ${lost()} times while nothing happened`,
      );
    const startedAt = performance.now();
    const arrivals = visitors.map(async ({ proxy, client, untilOn }) => {
      await Promise.race([untilOn(), new Promise((resolve) => setTimeout(resolve, 20 * allowedMs).unref())]);
      return { proxy, client, tookMs: performance.now() - startedAt };
    });
    await call('/projects/default/environments/production/changes', {
      flag: 'checkout',
      instructions: [{ kind: 'turn-on' }],
    });
    const rows = await Promise.all(arrivals);
    for (const { proxy, client, tookMs } of rows) {
      onProgress?.(`${client} behind ${proxy}: ${Math.round(tookMs)} ms`);
      if (tookMs >= allowedMs) violations.push(`${client} behind ${proxy} had the flip after ${Math.round(tookMs)} ms`);
    }
    return { rows, violations };
  } finally {
    for (const close of closings.toReversed()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function createCaller(url: string, token: string): (path: string, body: unknown) => Promise<void> {
  return async (path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
  };
}

async function startProxy(
  { name, command, arguments: listArguments, config }: Proxy,
  parent: string,
  behind: number,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const port = await findFreePort();
  const folder = join(parent, name);
  mkdirSync(folder);
  const file = join(folder, 'config');
  writeFileSync(file, config(port, behind, folder));
  const child = spawn(command, listArguments(file, folder), { stdio: ['ignore', 'ignore', 'inherit'] });
  child.on('error', () => undefined);
  await untilListening(port, child, `${name} does not listen; is it installed (Debian: ${name.toLowerCase()})?`);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilListening(port: number, child: ChildProcess, complaint: string): Promise<void> {
  const endsAt = performance.now() + 10_000;
  for (;;) {
    const isListening = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isListening) return;
    if (child.pid === undefined || child.exitCode !== null || performance.now() > endsAt) throw new Error(complaint);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ann = { kind: 'user', key: 'ann' };

async function visitWithOurs(
  proxy: string,
  client: string,
  url: string,
  sdkKey: string,
  mode: 'socket' | 'stream',
): Promise<Visitor> {
  const sluice = createClient({ url, sdkKey, mode, cacheFolder: false, log: silent });
  if (!(await sluice.ready())) throw new Error(`${client} behind ${proxy} did not become ready`);
  let lost = 0;
  sluice.onStatus(({ state }) => {
    if (state !== 'live') lost++;
  });
  return {
    proxy,
    client: `${client}, which came to ${sluice.status.origin}`,
    untilOn: () =>
      new Promise((resolve) => {
        sluice.onChange('checkout', () => {
          if (sluice.enabled('checkout', ann)) resolve();
        });
      }),
    lost: () => lost,
    close: () => sluice.close(),
  };
}

async function visitWithTheirs(proxy: string, url: string, sdkKey: string): Promise<Visitor> {
  const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  const client = init(sdkKey, { baseUri: url, streamUri: url, eventsUri: url, logger });
  await client.waitForInitialization({ timeout: 10 });
  return {
    proxy,
    client: "LaunchDarkly's SDK",
    untilOn: () => new Promise((resolve) => client.once('update:checkout', () => resolve())),
    // It does not tell.
    lost: () => 0,
    close: async () => client.close(),
  };
}
