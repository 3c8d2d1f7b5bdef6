import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTestStream } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runCommandLine } from './command-line.ts';
import { nodeCommandPlatform } from './platform.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-command-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the first start wrote. */
function readKeys(): { readonly apiToken: string; readonly sdkKey: string } {
  const text = readFileSync(join(folder, 'first-start.txt'), 'utf8');
  const [, apiToken = ''] = /^api-token: (.*)$/m.exec(text) ?? [];
  const [, sdkKey = ''] = /^sdk-key: (.*)$/m.exec(text) ?? [];
  return { apiToken, sdkKey };
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
        await whileItRuns(printed.join('\n'));
        return 'SIGINT';
      },
    });
    expect(exitCode).toBe(0);
    return printed;
  }

  test('prints the keys that it made, and where they are, the first time and never again', async () => {
    await start((printed) => {
      const { apiToken, sdkKey } = readKeys();
      expect(apiToken).toMatch(/^slt_/);
      expect(printed).toContain(`SDK key    ${sdkKey}\n`);
      expect(printed).toContain(`API token  ${apiToken}\n`);
      expect(printed).toContain(`both are in ${join(folder, 'first-start.txt')}, which only you can read`);
    });
    await start((printed) => {
      const { apiToken, sdkKey } = readKeys();
      expect(printed).toMatch(/^Sluice \d+\.\d+\.\d+ is running at http:\/\/127\.0\.0\.1:\d+, with its data in /);
      expect(printed).not.toContain(sdkKey);
      expect(printed).not.toContain(apiToken);
    });
  });

  test('prints what to do next, and that works as printed', async () => {
    await start(async (greeting) => {
      const lines = [...greeting.matchAll(/^ {2}npx sluice (.+?) {3}/gm)].map(([, line = '']) => line);
      expect(lines).toEqual(['flag create new-checkout', 'flag on new-checkout', 'help']);
      const printed: string[] = [];
      for (const line of lines) {
        const exitCode = await runCommandLine(line.split(' '), {
          ...nodeCommandPlatform,
          variables: { SLUICE_DATA: folder },
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

/** Starts `sluice server start` as a service manager would: no terminal, output to a pipe. */
async function startService(): Promise<StartedServer> {
  const command = join(import.meta.dirname, '../bin/sluice.mjs');
  const child = spawn(process.execPath, [command, 'server', 'start', '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let written = '';
  child.stderr.on('data', (chunk) => {
    written += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]): number | string => code ?? signal);
  const lines: Record<string, unknown>[] = [];
  const { promise: running, resolve: run, reject } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    written += `${line}\n`;
    lines.push(JSON.parse(line));
    const { msg, url } = lines.at(-1) ?? {};
    if (msg === 'Sluice is running') run(String(url));
  });
  void ended.then((code) => reject(new Error(`it ended with ${code}: ${written}`)));
  return { url: await running, process: child, lines, written: () => written, ended };
}

describe('a server that is started without a terminal', () => {
  test('logs where it runs and where its keys are, and no key', async () => {
    const { lines, written, process: server, ended } = await startService();
    const { apiToken, sdkKey } = readKeys();
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

  test.each(['SIGTERM', 'SIGINT'] as const)(
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
    expect(second.lines).toContainEqual(expect.not.objectContaining({ firstStart: expect.anything() }));
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});
