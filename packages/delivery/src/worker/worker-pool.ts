import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker, WorkerCounts, WorkerSettings } from './worker-messages.ts';

export interface WorkerPoolOptions extends WorkerSettings {
  readonly workers: number;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly log: (level: 'info' | 'warn' | 'error', fields: object, message: string) => void;
}

/** A worker that ended is started again after so long. */
const restartMs = 1000;
/** Workers say something every second; one that says nothing for so many looks is stuck. */
const lookPeriodMs = 5000;
const looksUntilStuck = 6;
/** Streams are spread while a worker ends; after so long it is ended anyway. */
const drainMs = 15_000;

/**
 * Ten thousand idle connections hold 5 KB each; with V8's usual room for young objects a worker would have twice that,
 * most of it empty.
 */
const workerFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];

const program = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

interface Worker {
  process: ChildProcess;
  counts: WorkerCounts | undefined;
}

/** Processes that serve SDKs at one port, beside the program that starts them. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers: Worker[] = [];
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Starts the workers; resolves with their port once all of them serve. */
  async start(): Promise<number> {
    let { port } = this.#options;
    // The first may choose the port, and the others take the same.
    for (let index = 0; index < this.#options.workers; index++) {
      const worker: Worker = { process: this.#fork(port), counts: undefined };
      this.#workers.push(worker);
      port = await this.#run(worker, port);
    }
    return port;
  }

  /** Of each worker that told something. */
  listCounts(): readonly WorkerCounts[] {
    return this.#workers.flatMap(({ counts }) => counts ?? []);
  }

  get processIds(): readonly number[] {
    return this.#workers.flatMap(({ process: { pid } }) => pid ?? []);
  }

  /** Lets the workers end their streams and then themselves. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map(({ process }) => this.#end(process)));
  }

  #fork(port: number): ChildProcess {
    const { host, tlsCert, tlsKey, socketPath, key } = this.#options;
    const child = fork(program, [], { execArgv: workerFlags });
    const start: ToWorker = { kind: 'start', settings: { host, port, tlsCert, tlsKey, socketPath, key } };
    child.send(start);
    return child;
  }

  /** Resolves with the port when the worker serves; rejects when it ends before. Afterwards it is kept running. */
  #run(worker: Worker, port: number): Promise<number> {
    const { log, after } = this.#options;
    return new Promise((resolve, reject) => {
      let servedAt: number | undefined;
      let reason: string | undefined;
      const child = worker.process;
      const watch = this.#watch(child);
      child.on('message', (message: FromWorker) => {
        watch.feed();
        switch (message.kind) {
          case 'ready':
            servedAt = message.port;
            resolve(message.port);
            return;
          case 'failed':
            reason = message.reason;
            return;
          case 'log':
            log(message.level, { worker: child.pid, ...message.fields }, message.message);
            return;
          case 'counts':
            worker.counts = message.counts;
            return;
          default:
            message satisfies never;
        }
      });
      child.on('exit', (code, signal) => {
        watch.stop();
        worker.counts = undefined;
        if (servedAt === undefined) reject(new Error(reason ?? `a worker ended before it served: ${signal ?? code}`));
        if (this.#closed || servedAt === undefined) return;
        log('error', { worker: child.pid, code, signal }, 'a worker ended; another takes its place');
        after(restartMs, () => this.#restart(worker, servedAt ?? port));
      });
    });
  }

  /** Ends a worker that says nothing any more: its clients would stay with what they have. */
  #watch(child: ChildProcess): { feed(): void; stop(): void } {
    const { log, after } = this.#options;
    let silentLooks = 0;
    const look = (): void => {
      silentLooks++;
      if (silentLooks >= looksUntilStuck) {
        log('error', { worker: child.pid }, 'a worker says nothing any more and is ended');
        child.kill('SIGKILL');
      } else cancel = after(lookPeriodMs, look);
    };
    let cancel = after(lookPeriodMs, look);
    return {
      feed: () => {
        silentLooks = 0;
      },
      stop: () => cancel(),
    };
  }

  #restart(worker: Worker, port: number): void {
    if (this.#closed) return;
    worker.process = this.#fork(port);
    this.#run(worker, port).catch((error: unknown) => {
      this.#options.log('error', { err: error }, 'a worker could not be started');
      this.#options.after(restartMs, () => this.#restart(worker, port));
    });
  }

  #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.after(drainMs, () => child.kill('SIGKILL'));
      child.once('exit', () => {
        cancel();
        resolve();
      });
      const drain: ToWorker = { kind: 'drain' };
      if (child.connected) child.send(drain);
      else child.kill('SIGKILL');
    });
  }
}
