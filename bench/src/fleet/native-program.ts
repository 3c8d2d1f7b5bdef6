import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const sources = join(import.meta.dirname, '../../native');
const built = join(sources, 'build');

/** A line that a program printed. */
export interface ProgramMessage {
  readonly event: string;
  // Each kind of line has fields of its own; whoever asks for a kind knows them.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly [field: string]: any;
}

/** A program of ours in C, which prints lines of JSON and reads commands. */
export interface NativeProgram {
  send(command: string): void;
  /** The next line of a kind, whether it was printed already or not; rejects when the program ends without it. */
  next(event: string, fits?: (message: ProgramMessage) => boolean): Promise<ProgramMessage>;
  close(): Promise<void>;
}

/** Compiles a program; throws a sentence when there is no compiler. */
export function buildProgram(name: string): string {
  mkdirSync(built, { recursive: true });
  const program = join(built, name);
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-o', program];
  try {
    execFileSync('gcc', [...flags, join(sources, `${name}.c`)], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (cause) {
    throw new Error(`${name}.c could not be compiled; it needs gcc (Debian: gcc, libc6-dev)`, { cause });
  }
  return program;
}

export function startProgram(name: string, options: Readonly<Record<string, string | number>>): NativeProgram {
  const given = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  const child: ChildProcess = spawn(buildProgram(name), given, { stdio: ['pipe', 'pipe', 'inherit'] });
  const printed: ProgramMessage[] = [];
  const waiting = new Set<() => void>();
  let hasEnded = false;
  const tell = (): void => {
    for (const look of waiting) look();
  };
  if (child.stdout === null) throw new Error('the program has no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    printed.push(JSON.parse(line));
    tell();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      tell();
      resolve();
    });
  });
  return {
    send: (command) => void child.stdin?.write(`${command}\n`),
    next: (event, fits = () => true) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const index = printed.findIndex((message) => message.event === event && fits(message));
          const [found] = index < 0 ? [] : printed.splice(index, 1);
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`${name} ended before it printed "${event}"`));
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      child.stdin?.end('quit\n');
      await ended;
    },
  };
}
