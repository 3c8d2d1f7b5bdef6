import { existsSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What the command takes from the machine; tests bring their own. */
export interface CommandPlatform {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly now: () => number;
  readonly fetch: typeof globalThis.fetch;
  /** Undefined when there is no such file. */
  readonly readFile: (path: string) => string | undefined;
  /** From the folder that this runs in. */
  readonly resolvePath: (path: string) => string;
  /** Runs a program in this process; resolves with its exit code so far once it is loaded, and has perhaps begun. */
  readonly runProgram: (program: string, programArguments: readonly string[]) => Promise<number>;
  /** The folder that the dashboard was built into; undefined: it was not built. */
  readonly dashboard: string | undefined;
  /** One line, or several, on standard output. */
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** A person reads along. */
  readonly isTerminal: boolean;
  /**
   * Asks the person at the terminal for a line, empty where there is none; undefined where nobody could read the
   * question or answer it.
   */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Characters that fit in a line of the terminal; endless where there is none. */
  readonly width: number;
  /** Resolves with the name of the first signal that asks the program to end; the second ends it at once. */
  readonly untilAskedToEnd: () => Promise<string>;
  /**
   * Once a server has started: what was compiled is kept for the next start, and the memory that only starting needed is
   * given back. Nothing else happens for some 100 ms.
   */
  readonly finishStart: () => void;
}

/** A terminal asks every process; npm and our wrapper pass on what they were asked: the same wish comes several times. */
const echoMs = 300;

/** Whoever has read enough (`| head -1`) closes the pipe; anything else, such as a full disk, loses what was printed. */
function endWithOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  console.error(`sluice: what there is to print cannot be written: ${error.message}`);
  process.exit(1);
}

/** In a published package the pages are beside the program, in the repository with their sources. */
function findDashboard(): string | undefined {
  const folders = ['../dashboard', '../../dashboard/dist'].map((path) => join(import.meta.dirname, path));
  return folders.find((folder) => existsSync(join(folder, 'index.html')));
}

/** The terminal edits the line, and ends the program by Ctrl-C. */
function askAtTerminal(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
    // By Ctrl-D; what was answered already stays.
    lines.once('close', () => resolve(''));
  });
}

function finishStart(): void {
  // Node does so when a process ends well; a server is often killed.
  flushCompileCache();
  releaseMemory();
}

/**
 * Reading modules and compiling schemas leaves the heap's young generation at its largest, which V8 keeps until memory
 * is short: 40 MB of an idle server's 160.
 */
function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: NodeJS.GCFunction = runInNewContext('gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

export const nodeCommandPlatform: CommandPlatform = {
  variables: process.env,
  home: homedir(),
  now: () => Date.now(),
  fetch: globalThis.fetch,
  readFile: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  resolvePath: (path) => resolve(path),
  runProgram: async (program, programArguments) => {
    const path = resolve(program);
    process.argv = [process.execPath, path, ...programArguments];
    await import(pathToFileURL(path).href);
    return Number(process.exitCode ?? 0);
  },
  dashboard: findDashboard(),
  print: (text) => {
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', endWithOutput);
    process.stdout.write(`${text}\n`);
  },
  printError: (text) => console.error(text),
  isTerminal: process.stdout.isTTY === true,
  ask: process.stdin.isTTY && process.stdout.isTTY ? askAtTerminal : undefined,
  width: process.stdout.columns ?? Number.POSITIVE_INFINITY,
  untilAskedToEnd: () =>
    new Promise((resolve) => {
      let firstAt: number | undefined;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          const now = performance.now();
          if (firstAt === undefined) {
            firstAt = now;
            // A process that is just leaving heeds no handler any more, and would die of an echo.
            setTimeout(() => undefined, echoMs);
            resolve(signal);
          } else if (now - firstAt > echoMs) process.exit(130);
        });
      }
    }),
  finishStart,
};
