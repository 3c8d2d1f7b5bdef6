import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DocBlock } from './doc-blocks.ts';

/** What a block printed may take this long to appear, and a command to end. */
const patienceMs = 120_000;
/** `npm ci && npm start` of a clone installs everything first. */
const startPatienceMs = 300_000;

/** Where the documentation has its server, and its edge. */
const documented = { server: '7400', edge: '7410' };

/** Where they listen instead: free ports. */
export type Ports = Readonly<Record<keyof typeof documented, number>>;

/**
 * Runs the blocks of one document, in one shell and one folder. What they start listens on another port than they
 * say, and wherever they say it they find it there: so they run beside any server.
 */
export class DocSession {
  readonly #folder: string;
  readonly #ports: Ports;
  readonly #shell: ChildProcess;
  readonly #output: string;
  #blocks = 0;
  /** Where in the output the last expectation was met: what is expected later is looked for behind it. */
  #read = 0;

  constructor(folder: string, ports: Ports, variables: Readonly<Record<string, string | undefined>>) {
    this.#folder = folder;
    this.#ports = ports;
    this.#output = join(folder, 'doc-session.log');
    const log = openSync(this.#output, 'w');
    // A group of its own, so that everything it started ends with it.
    const env = { ...variables, SLUICE_PORT: String(ports.server) };
    this.#shell = spawn('bash', ['-u'], { cwd: folder, env, detached: true, stdio: ['pipe', log, log] });
    closeSync(log);
  }

  /** Rejects with what was printed when a block fails. */
  async run(given: DocBlock): Promise<void> {
    const text = given.text
      .replaceAll(documented.server, String(this.#ports.server))
      .replaceAll(documented.edge, String(this.#ports.edge));
    const block = { ...given, text };
    switch (block.kind) {
      case 'sh':
        return block.words.includes('background') ? this.#start(block) : this.#runShell(block);
      case 'js':
      case 'ts':
        writeFileSync(join(this.#folder, fileOf(block)), `${block.text}\n`);
        return;
      case 'text':
        return this.#expect(block);
      case 'http':
        return this.#send(block);
      default:
        return block.kind satisfies never;
    }
  }

  /** Ends the shell and everything that it started. */
  async close(): Promise<void> {
    const { pid, exitCode } = this.#shell;
    if (pid === undefined || exitCode !== null) return;
    const ended = new Promise((resolve) => this.#shell.once('exit', resolve));
    process.kill(-pid, 'SIGTERM');
    await ended;
  }

  async #runShell({ text, line }: DocBlock): Promise<void> {
    const mark = `doc-block-${++this.#blocks}-ended`;
    this.#shell.stdin?.write(`set -e\n${text}\nset +e\necho "${mark}"\n`);
    await this.#wait((output) => output.includes(mark), `line ${line}: the block did not end`);
  }

  async #start({ text }: DocBlock): Promise<void> {
    const isServer = /sluice server start|npm start/.test(text);
    const background = text
      .split('\n')
      .filter((command) => command.trim() !== '')
      .join(' && ');
    this.#shell.stdin?.write(`{ ${background} ; } &\n`);
    if (isServer) await this.#untilReady();
  }

  async #untilReady(): Promise<void> {
    const endsAt = Date.now() + startPatienceMs;
    for (;;) {
      if (await this.#isReady()) return;
      if (Date.now() > endsAt) throw new Error(`the server is not ready:\n${this.#printed()}`);
      await pause();
    }
  }

  #isReady(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.#ports.server}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }

  /** Lines of one block may come in any order, as they may come from several programs. */
  async #expect({ text, line }: DocBlock): Promise<void> {
    const from = this.#read;
    for (const expected of text.split('\n').filter((each) => each.trim() !== '')) {
      const pattern = new RegExp(expected.trim().split('…').map(escapePattern).join('.*'));
      await this.#wait((output) => {
        const match = pattern.exec(output.slice(from));
        if (match !== null) this.#read = Math.max(this.#read, from + match.index + match[0].length);
        return match !== null;
      }, `line ${line}: expected to be printed: ${expected}`);
    }
  }

  async #send({ text, line }: DocBlock): Promise<void> {
    const variables = await this.#variables();
    const [head = '', body] = text.split('\n\n', 2);
    const [request = '', ...headers] = head
      .split('\n')
      .map((each) => each.replaceAll(/\$(\w+)/g, (_, name) => variables[name] ?? ''));
    const [method = 'GET', path = '/'] = request.split(' ');
    const response = await fetch(`http://127.0.0.1:${this.#ports.server}${path}`, {
      method,
      headers: headers.map((header): [string, string] => {
        const [name = '', value = ''] = header.split(/:\s*/, 2);
        return [name, value];
      }),
      ...(body !== undefined && { body }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`line ${line}: ${method} ${path} was answered ${response.status}: ${answer}`);
    this.#shell.stdin?.write(`cat <<'END-OF-ANSWER'\n${answer}\nEND-OF-ANSWER\n`);
  }

  /** Of the shell, as the blocks before have set them. */
  async #variables(): Promise<Readonly<Record<string, string>>> {
    const file = join(this.#folder, 'doc-session.env');
    await this.#runShell({ kind: 'sh', words: [], heading: '', text: `env -0 > '${file}'`, line: 0 });
    return Object.fromEntries(
      readFileSync(file, 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
  }

  async #wait(isDone: (output: string) => boolean, complaint: string): Promise<void> {
    const endsAt = Date.now() + patienceMs;
    while (!isDone(this.#printed())) {
      if (this.#shell.exitCode !== null) throw new Error(`${complaint}; a command failed:\n${this.#printed()}`);
      if (Date.now() > endsAt) throw new Error(`${complaint}, after ${patienceMs / 1000} s:\n${this.#printed()}`);
      await pause();
    }
  }

  #printed(): string {
    return readFileSync(this.#output, 'utf8');
  }
}

function fileOf({ words, line }: DocBlock): string {
  const [file] = words;
  if (file === undefined) throw new Error(`line ${line}: the block must name its file`);
  return file;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The output of other programs is looked at again and again; there is no event for it. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
