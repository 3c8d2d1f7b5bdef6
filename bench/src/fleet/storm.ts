import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import { type BenchClients, openBenchClients } from './bench-clients.ts';
import { startEdgeProcess } from './edge-process.ts';
import { findPeakBytes } from './process-facts.ts';

const periodMs = 100;
const longestMs = 60_000;
/** Changes are made while the storm lasts, one after the other. */
const changePauseMs = 500;
const megabyte = 1024 * 1024;

interface Row {
  readonly clients: 'sluice' | 'launchdarkly-like';
  readonly payloadBytes: number;
  /** From the death of edge A until all of its clients are served by edge B. */
  readonly allBackMs: number;
  readonly refused: number;
  readonly fullPayloads: number;
  /** Of the largest process of edge B. */
  readonly peakMb: number;
  /** Of the largest process beside those: the control plane, or one of edge A before it died. */
  readonly otherPeakMb: number;
  /** Every change while the storm lasted. */
  readonly changes: readonly TimedChange[];
  /** The first turn-off of them. */
  readonly turnOffMs: number;
  /** The slowest of them. */
  readonly slowestChangeMs: number;
}

interface TimedChange {
  readonly kind: 'turn-off' | 'turn-on';
  /** From its request to its receipt by all who were with B before. */
  readonly tookMs: number;
}

/**
 * Edge A, with 10,000 clients, dies; all of them come to edge B, which holds 5,000. Once with clients like ours, which
 * say what they have, and once with clients like LaunchDarkly's, which take everything anew and do not wait when they
 * are asked to.
 */
export const storm: Benchmark = {
  run: async ({ quick, clients: count = quick ? 300 : 15_000, onProgress }) => {
    const [homeless, held] = [Math.round((count * 2) / 3), Math.round(count / 3)];
    const rows: Row[] = [];
    for (const mode of ['socket', 'foreign'] as const) {
      const server = await startServerProcess();
      try {
        await createFlags(server, quick ? 20 : 200);
        rows.push(await runStorm(server, { mode, homeless, held, onProgress }));
      } finally {
        await server.close();
      }
    }
    return toResult(rows, homeless, held);
  },
};

async function createFlags(server: ServerProcess, count: number): Promise<void> {
  const clauses = [{ attribute: 'plan', op: 'in', values: ['free', 'pro', 'team', 'enterprise'] }];
  for (let at = 0; at < count; at++) {
    const flag = `flag-${at}`;
    await server.api('POST', '/projects/default/flags', { key: flag, description: 'a flag of a storm' });
    await server.api('POST', '/projects/default/environments/production/changes', {
      flag,
      instructions: [
        { kind: 'turn-on' },
        { kind: 'add-rule', rule: { clauses, variation: 'on' } },
        { kind: 'add-targets', variation: 'off', keys: Array.from({ length: 20 }, (_, user) => `user-${at}-${user}`) },
      ],
    });
  }
}

interface StormOptions {
  readonly mode: 'socket' | 'foreign';
  readonly homeless: number;
  readonly held: number;
  readonly onProgress: (line: string) => void;
}

async function runStorm(server: ServerProcess, { mode, homeless, held, onProgress }: StormOptions): Promise<Row> {
  const a = await startEdgeProcess(server, 'a', 2);
  const b = await startEdgeProcess(server, 'b', 3);
  try {
    onProgress(`connecting ${held} clients to B and ${homeless} to A, by ${mode}`);
    const ofB = await openBenchClients({ port: b.port, key: server.sdkKey, count: held, mode });
    const ofA = await openBenchClients({
      port: a.port,
      thenPort: b.port,
      key: server.sdkKey,
      count: homeless,
      first: held,
      mode,
    });
    await pause(2000);
    const before = await ofA.state();
    const peakOfA = findPeak(a.processes);
    const startedAt = performance.now();
    await a.kill();
    const changing = changeUntil(server, ofB, () => isOver);
    let isOver = false;
    const allBackMs = await untilBack(ofA, homeless, startedAt);
    isOver = true;
    const changes = await changing;
    const { fullPayloads, payloadBytes, refused } = await ofA.state();
    const row: Row = {
      clients: mode === 'socket' ? 'sluice' : 'launchdarkly-like',
      payloadBytes,
      allBackMs,
      refused: refused - before.refused,
      fullPayloads: fullPayloads - before.fullPayloads,
      peakMb: findPeak(b.processes) / megabyte,
      otherPeakMb: Math.max(peakOfA, server.peakBytes()) / megabyte,
      changes,
      turnOffMs: changes.find(({ kind }) => kind === 'turn-off')?.tookMs ?? Number.NaN,
      slowestChangeMs: Math.max(...changes.map(({ tookMs }) => tookMs)),
    };
    await ofA.close();
    await ofB.close();
    return row;
  } finally {
    await a.close();
    await b.close();
  }
}

/** Memory of the largest, in bytes. */
function findPeak(processes: readonly number[]): number {
  return Math.max(...processes.map(findPeakBytes));
}

async function untilBack(clients: BenchClients, count: number, startedAt: number): Promise<number> {
  for (;;) {
    const { ready, lost } = await clients.state();
    const tookMs = performance.now() - startedAt;
    if (ready === count && lost >= count) return tookMs;
    if (tookMs > longestMs) throw new Error(`after ${tookMs} ms only ${ready} of ${count} are back`);
    await pause(periodMs);
  }
}

/** Turns a flag off and on, again and again. */
async function changeUntil(
  server: ServerProcess,
  clients: BenchClients,
  isOver: () => boolean,
): Promise<readonly TimedChange[]> {
  const changes: TimedChange[] = [];
  for (let at = 0; at < 2 || !isOver(); at++) {
    await pause(changePauseMs);
    const kind = at % 2 === 0 ? 'turn-off' : 'turn-on';
    const startedAt = process.hrtime.bigint();
    // The answer's shape is the API's.
    const { version } = (await server.api('POST', '/projects/default/environments/production/changes', {
      flag: 'flag-0',
      instructions: [{ kind }],
    })) as { version: number };
    const { times } = await clients.received(version);
    changes.push({ kind, tookMs: ((times.at(-1) ?? Number.NaN) - Number(startedAt)) / 1e6 });
  }
  return changes;
}

function toResult(rows: readonly Row[], homeless: number, held: number): BenchmarkResult {
  const most = (of: (row: Row) => number): number => Math.max(...rows.map(of));
  return {
    rows,
    measures: {
      allBackMs: most(({ allBackMs }) => allBackMs),
      peakMb: most(({ peakMb, otherPeakMb }) => Math.max(peakMb, otherPeakMb)),
      slowestChangeMs: most(({ slowestChangeMs }) => slowestChangeMs),
    },
    tables: [
      {
        title: `Edge A dies with ${homeless.toLocaleString('en-US')} clients; edge B, which holds ${held.toLocaleString('en-US')}, takes them`,
        header: [
          'clients',
          'payload KB',
          'all back ms',
          'refused',
          'full payloads',
          "B's peak MB",
          "others' peak MB",
          'turn-off ms',
          'slowest change ms',
        ],
        rows: rows.map((row) => [
          row.clients,
          formatNumber(row.payloadBytes / 1024),
          formatNumber(row.allBackMs),
          String(row.refused),
          String(row.fullPayloads),
          formatNumber(row.peakMb),
          formatNumber(row.otherPeakMb),
          formatNumber(row.turnOffMs),
          formatNumber(row.slowestChangeMs),
        ]),
      },
    ],
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
