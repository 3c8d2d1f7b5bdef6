import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { findOldNode, openTestStream, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runCommandLine } from './command-line.ts';
import { nodeCommandPlatform } from './platform.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-command-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the first start wrote. */
function readKeys(): { readonly apiToken: string; readonly sdkKey: string; readonly setupLink: string } {
  const text = readFileSync(join(folder, 'first-start.txt'), 'utf8');
  const [, apiToken = ''] = /^api-token: (.*)$/m.exec(text) ?? [];
  const [, sdkKey = ''] = /^sdk-key: (.*)$/m.exec(text) ?? [];
  const [, setupLink = ''] = /^setup-link: (.*)$/m.exec(text) ?? [];
  return { apiToken, sdkKey, setupLink };
}

describe('a server that is started in a terminal', () => {
  /** Starts a server, hands over what it printed, and asks it to stop. */
  async function start(whileItRuns: (printed: string) => Promise<void> | void): Promise<readonly string[]> {
    const printed: string[] = [];
    const line = ['server', 'start', '--port', '0', '--data', folder, '--log-level', 'silent'];
    const exitCode = await runCommandLine(line, {
      ...nodeCommandPlatform,
      variables: {},
      isTerminal: true,
      print: (text) => printed.push(text),
      untilAskedToEnd: async () => {
        await until(() => printed.length > 0);
        await whileItRuns(printed.join('\n'));
        return 'SIGINT';
      },
    });
    expect(exitCode).toBe(0);
    return printed;
  }

  test('prints the keys that it made, and where they are, the first time and never again', async () => {
    await start((printed) => {
      const { apiToken, sdkKey, setupLink } = readKeys();
      expect(apiToken).toMatch(/^slt_/);
      expect(setupLink).toMatch(/^http:.*\/setup#\w{40}$/);
      expect(printed.split('\n')[1]).toMatch(`This is a NEW, EMPTY installation in ${folder}.`);
      expect(printed).toContain(`SDK key    ${sdkKey}\n`);
      expect(printed).toContain(`API token  ${apiToken}\n`);
      expect(printed).toContain(`they are in ${join(folder, 'first-start.txt')}, which only you can read`);
      expect(printed).toContain(`Log in as the first administrator: ${setupLink}\n`);
    });
    await start((printed) => {
      const { apiToken, sdkKey } = readKeys();
      expect(printed).toMatch(/^Sluice \d+\.\d+\.\d+ is running at http:\/\/127\.0\.0\.1:\d+, with its data in /);
      expect(printed).not.toContain('NEW');
      expect(printed).not.toContain(sdkKey);
      expect(printed).not.toContain(apiToken);
      expect(printed).not.toContain('/setup#');
    });
  });

  test('prints what to do next, and that works as printed', async () => {
    await start(async (greeting) => {
      const lines = [...greeting.matchAll(/^ {2}npx sluice (.+?) {3}/gm)].map(([, line = '']) => line);
      expect(lines).toEqual(['flag create new-checkout', 'flag on new-checkout', 'help']);
      const printed: string[] = [];
      const [, SLUICE_DATA = ''] = /^ {2}export SLUICE_DATA='(.*)'$/m.exec(greeting) ?? [];
      for (const line of lines) {
        const exitCode = await runCommandLine(line.split(' '), {
          ...nodeCommandPlatform,
          variables: { SLUICE_DATA },
          print: (text) => printed.push(text),
        });
        expect(exitCode).toBe(0);
      }
      expect(printed.join('\n')).toContain('new-checkout is on in production');
    });
  });

  test('says that it stops, and how to be quicker', async () => {
    const printed = await start(() => undefined);
    expect(printed.at(-1)).toBe('Stopping; press Ctrl-C again to stop at once.');
  });
});

interface StartedServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it logged so far, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** All that it wrote so far, on both outputs. */
  readonly written: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const root = join(import.meta.dirname, '../../..');
const wrapper = join(import.meta.dirname, '../bin/sluice.mjs');

/** Starts `sluice server start` as a service manager would: no terminal, output to a pipe, a process group of its own. */
async function startService(
  command: readonly string[] = [process.execPath, wrapper, 'server', 'start'],
): Promise<StartedServer> {
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    cwd: root,
    env: { ...process.env, SLUICE_PORT: '0', SLUICE_DATA: folder },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => signalGroup(child, 'SIGKILL'));
  let written = '';
  child.stderr.on('data', (chunk) => {
    written += chunk;
  });
  // Whoever is left of what it started keeps its output open.
  const ended = once(child, 'close').then(([code, signal]): number | string => code ?? signal);
  const lines: Record<string, unknown>[] = [];
  const { promise: running, resolve: run, reject } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    written += `${line}\n`;
    // npm says what it runs.
    if (!line.startsWith('{')) return;
    lines.push(JSON.parse(line));
    const { msg, url } = lines.at(-1) ?? {};
    if (msg === 'Sluice is running') run(String(url));
  });
  void ended.then((code) => reject(new Error(`it ended with ${code}: ${written}`)));
  return { url: await running, process: child, lines, written: () => written, ended };
}

/** As a terminal does on Ctrl-C; there may be nobody left. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? Number.NaN), signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

describe('a server that is started without a terminal', () => {
  test('logs where it runs and where its keys are, and no key', async () => {
    const { lines, written, process: server, ended } = await startService();
    const { apiToken, sdkKey } = readKeys();
    expect(lines[0]).toMatchObject({ level: 40, msg: expect.stringContaining('NEW, EMPTY installation') });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 30, data: folder, firstStart: join(folder, 'first-start.txt') }),
    );
    server.kill('SIGTERM');
    await ended;
    for (const key of [apiToken, sdkKey]) {
      expect(key).not.toBe('');
      expect(written()).not.toContain(key);
    }
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'says goodbye to streams and ends with 0 within seconds after %s',
    async (signal) => {
      const { url, process: server, lines, ended } = await startService();
      const stream = await openTestStream(`${url}/sdk/stream`, readKeys().sdkKey);
      await stream.until('payload-transferred');
      server.kill(signal);
      expect((await stream.until('goodbye')).at(-1)?.data).toContain('server is stopping');
      expect([await stream.ended, await ended]).toEqual(['ended', 0]);
      expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping', signal }));
    },
    10_000,
  );

  test('leaves a folder that the next server takes at once', async () => {
    const first = await startService();
    first.process.kill('SIGTERM');
    await first.ended;
    const second = await startService();
    expect(second.lines).toEqual([expect.not.objectContaining({ firstStart: expect.anything() })]);
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});

const oldNode = findOldNode();

describe.each([
  ['Node 24', process.execPath],
  ['Node 20', oldNode],
])('started by %s, a server', (_, node) => {
  const testHere = test.skipIf(node === undefined);
  const command = [node ?? '', wrapper, 'server', 'start'];

  testHere('stops gracefully on Ctrl-C, which a terminal sends to every process', async () => {
    const { process: server, lines, ended } = await startService(command);
    signalGroup(server, 'SIGINT');
    expect(await ended).toBe(0);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping', signal: 'SIGINT' }));
  });

  testHere('stops at once when that is asked again', async () => {
    const { url, process: server, lines, ended } = await startService(command);
    // Half a request keeps it from stopping for seconds.
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    const headers = ['host: x', `authorization: Bearer ${readKeys().apiToken}`, 'content-type: application/json'];
    socket.write(
      ['POST /api/v1/projects HTTP/1.1', ...headers, 'content-length: 9', 'expect: 100-continue', '', '{'].join('\r\n'),
    );
    await once(socket, 'data');
    signalGroup(server, 'SIGINT');
    await until(() => lines.some(({ msg }) => msg === 'stopping'));
    // What comes at once is an echo of the first; a person takes longer.
    await pause(400);
    signalGroup(server, 'SIGINT');
    expect(await ended).toBe(130);
  });
});

describe('a server that npm started', () => {
  test.each([
    ['npm start', 'SIGTERM'],
    ['npm start', 'SIGINT'],
    ['npx sluice server start', 'SIGTERM'],
  ] as const)('as "%s" stops gracefully when npm is sent %s, and leaves no process', async (command, signal) => {
    const { process: npm, lines, ended } = await startService(command.split(' '));
    npm.kill(signal);
    // npx ends by the signal itself.
    expect(await ended).toBe(command === 'npm start' ? 0 : signal);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping' }));
  });
});
