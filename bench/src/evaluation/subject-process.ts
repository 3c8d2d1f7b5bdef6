import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ScenarioName } from './scenarios.ts';
import type { SubjectName } from './subject.ts';
import type { Command, Reply } from './subject-program.ts';

/** A subject in a process of its own, so that what one does to the engine's optimisations or heap is not felt by another. */
export interface SubjectProcess {
  readonly name: SubjectName;
  readonly lacks: readonly ScenarioName[];
  /** One command at a time. */
  tell(command: Command): Promise<Reply>;
  close(): Promise<void>;
}

export async function startSubjectProcess(name: SubjectName, url: string): Promise<SubjectProcess> {
  const child = startProgram('subject-program.ts', [name, url]);
  const ready = await receive<Reply>(child, name);
  if (ready.kind !== 'ready') throw new Error(`${name}: expected it to be ready, got ${ready.kind}`);
  return {
    name,
    lacks: ready.lacks,
    tell: async (command) => {
      child.send(command);
      const reply = await receive<Reply>(child, name);
      if (reply.kind === 'failed') throw new Error(`${name}, ${command.kind} ${command.scenario}: ${reply.message}`);
      return reply;
    },
    close: () => stopProgram(child),
  };
}

/** The server that subjects connect to. */
export async function startLocalServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const child = startProgram('local-server.ts', []);
  const { url } = await receive<{ readonly url: string }>(child, 'the local server');
  return { url, close: () => stopProgram(child) };
}

function startProgram(file: string, programArguments: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), programArguments, {
    // In development mode GrowthBook prepares a log entry at every step.
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
}

/** The next message; throws when the program ends instead. */
async function receive<Message>(child: ChildProcess, name: string): Promise<Message> {
  const ended = new AbortController();
  try {
    return await Promise.race([
      // Our own programs send what they say they send.
      once(child, 'message', { signal: ended.signal }).then(([message]) => message as Message),
      once(child, 'exit', { signal: ended.signal }).then(([code, signal]): never => {
        throw new Error(`${name} ended with ${code ?? signal}`);
      }),
    ]);
  } finally {
    ended.abort();
  }
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}
