import { type NativeProgram, type ProgramMessage, startProgram } from './native-program.ts';

export interface BenchClientsOptions {
  readonly port: number;
  readonly key: string;
  readonly count: number;
  /** `foreign` ones behave as LaunchDarkly's SDKs do. */
  readonly mode?: 'socket' | 'sse' | 'foreign';
  /** Number of the first: names must differ between groups. */
  readonly first?: number;
  /** When they lose their connection they come back at this port; the same unless given. */
  readonly thenPort?: number;
  readonly heartbeatMs?: number;
  /** The program ends after so long, whatever happens. */
  readonly seconds?: number;
}

/** When instances had a version. */
export interface Receipt {
  /** By the clock of `process.hrtime`, in nanoseconds, rising. */
  readonly times: readonly number[];
  /** Of the update, without what carries it. */
  readonly bytes: number;
}

/** Many instances, in processes that may have 20,000 descriptors each. */
export interface BenchClients {
  /** Resolves when everybody has the version. */
  received(version: number): Promise<Receipt>;
  state(): Promise<
    Readonly<Record<'connected' | 'ready' | 'lost' | 'fullPayloads' | 'payloadBytes' | 'refused', number>>
  >;
  close(): Promise<void>;
}

const mostPerProcess = 10_000;

/** Opens connections; resolves when everybody has a payload. */
export async function openBenchClients(options: BenchClientsOptions): Promise<BenchClients> {
  const { port, key, count, mode = 'socket', first = 0, thenPort, heartbeatMs = 10_000, seconds = 600 } = options;
  const processes = Math.ceil(count / mostPerProcess);
  const programs = Array.from({ length: processes }, (_, index): NativeProgram => {
    const from = Math.floor((count * index) / processes);
    const to = Math.floor((count * (index + 1)) / processes);
    return startProgram('clients', {
      port,
      key,
      mode,
      seconds,
      count: to - from,
      first: first + from,
      'heartbeat-ms': heartbeatMs,
      // A server may be late for a moment, and tell some to come again.
      retry: 1,
      ...(thenPort !== undefined && { 'then-port': thenPort }),
    });
  });
  await Promise.all(programs.map((program) => program.next('open')));
  const ofAll = (ask: (program: NativeProgram) => Promise<ProgramMessage>) => Promise.all(programs.map(ask));
  return {
    received: async (version) => {
      const messages = await ofAll((program) => program.next('received', (message) => message.version === version));
      const times = messages.flatMap((message) => message.times as number[]).sort((a, b) => a - b);
      return { times, bytes: messages[0]?.bytes ?? 0 };
    },
    state: async () => {
      const messages = await ofAll((program) => {
        program.send('state');
        return program.next('state');
      });
      const sum = (field: string) => messages.reduce((total, message) => total + Number(message[field]), 0);
      return {
        connected: sum('connected'),
        ready: sum('ready'),
        lost: sum('lost'),
        fullPayloads: sum('fullPayloads'),
        payloadBytes: Number(messages[0]?.payloadBytes),
        refused: sum('refused'),
      };
    },
    close: async () => {
      await Promise.all(programs.map((program) => program.close()));
    },
  };
}
