import { paceFor } from '@sluice/delivery';
import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { median, quantile } from '../quantile.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import { type BenchClients, openBenchClients, type Receipt } from './bench-clients.ts';
import { type EdgeProcess, startEdgeProcess } from './edge-process.ts';
import { type NativeProgram, startProgram } from './native-program.ts';
import { countDescriptors, findResidentBytes } from './process-facts.ts';

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
}

interface Row {
  readonly transport: 'socket' | 'sse';
  readonly frameBytes: number;
  readonly clients: number;
  readonly kbPerConnection: number;
  readonly descriptorsPerWorker: number;
  readonly receipt: Times;
  /** From sending the request to the last acknowledgement counted; of streams, whose reports go another way: none. */
  readonly lastAckMs: number | undefined;
  /** Processor time of the control plane for one change, until all have acknowledged it; mean. */
  readonly controlPlaneMs: number;
  readonly limit: Times;
}

const workers = 2;
/** One flag is as small as flags get, the other has 5 KB to send. */
const flags = [
  { key: 'small', padding: 0 },
  { key: 'large', padding: 2200 },
] as const;
const settleMs = 12_000;
const pauseMs = 1500;

/**
 * From sending a change request to its receipt by every instance behind an edge, next to the limit: a broadcaster in C
 * in the edge's place, which has nothing to do but to write the same number of bytes to as many connections. Both are
 * connected at the same time and take turns, so that both meet the same neighbours on this machine.
 */
export const fanout: Benchmark = {
  run: async ({ quick, clients: count = quick ? 400 : 20_000, onProgress }) => {
    const flips = quick ? 2 : 7;
    const server = await startServerProcess();
    const rows: Row[] = [];
    try {
      for (const { key, padding } of flags) await createFlag(server, key, padding);
      const edge = await startEdgeProcess(server, 'bench', workers);
      const limit = await startLimit(count);
      onProgress(`connecting ${count} clients to the limit`);
      const limitClients = await openBenchClients({ port: limit.port, key: 'none', count, heartbeatMs: 600_000 });
      for (const transport of ['socket', 'sse'] as const) {
        onProgress(`connecting ${count} clients by ${transport}`);
        const idle = edge.workers.map(findResidentBytes);
        const clients = await openBenchClients({ port: edge.port, key: server.sdkKey, count, mode: transport });
        await pause(quick ? 500 : settleMs);
        const facts = describeWorkers(edge, idle, count);
        for (const { key } of flags) {
          const runs: Run[] = [];
          const usedMs = server.processorMs();
          for (let flip = 0; flip < flips; flip++) {
            runs.push(
              await measure({ server, clients, limit, limitClients, flag: key, isOn: flip % 2 === 0, transport }),
            );
            onProgress(describeRun(transport, key, runs.at(-1)));
            await pause(pauseMs);
          }
          rows.push(summarise({ transport, clients: count, facts, runs, usedMs: server.processorMs() - usedMs }));
        }
        await clients.close();
        await pause(quick ? 200 : 3000);
      }
      await limitClients.close();
      await limit.program.close();
      await edge.close();
    } finally {
      await server.close();
    }
    return toResult(rows, count);
  },
};

async function createFlag(server: ServerProcess, key: string, padding: number): Promise<void> {
  const variations = padding === 0 ? undefined : [`on${'.'.repeat(padding)}`, `off${'.'.repeat(padding)}`];
  await server.api('POST', '/projects/default/flags', {
    key,
    ...(variations !== undefined && {
      variations: variations.map((value, at) => ({ id: at === 0 ? 'on' : 'off', value })),
    }),
  });
}

interface Limit {
  readonly program: NativeProgram;
  readonly port: number;
  next: number;
}

async function startLimit(count: number): Promise<Limit> {
  const { delayMs, spreadMs } = paceFor(count / workers);
  const program = startProgram('broadcaster', {
    count,
    processes: workers,
    'delay-ms': delayMs,
    'spread-ms': spreadMs,
    seconds: 1200,
  });
  const { port } = await program.next('listening');
  return { program, port, next: 1 };
}

interface Measuring {
  readonly server: ServerProcess;
  readonly clients: BenchClients;
  readonly limit: Limit;
  readonly limitClients: BenchClients;
  readonly flag: string;
  readonly isOn: boolean;
  readonly transport: Row['transport'];
}

interface Run {
  readonly receipt: Times;
  readonly limit: Times;
  readonly lastAckMs: number | undefined;
  readonly frameBytes: number;
}

async function measure({ server, clients, limit, limitClients, flag, isOn, transport }: Measuring): Promise<Run> {
  const startedAt = process.hrtime.bigint();
  const base = '/projects/default/environments/production';
  const instructions = [{ kind: isOn ? 'turn-on' : 'turn-off' }];
  // The answers' shapes are the API's.
  const change = (await server.api('POST', `${base}/changes`, { flag, instructions })) as {
    id: string;
    version: number;
  };
  const counted =
    transport === 'socket'
      ? server.api('GET', `${base}/changes/${change.id}/convergence?wait=all&timeoutMs=30000`)
      : undefined;
  const acknowledged = counted?.then((view) => {
    const { outcome } = view as { outcome: string };
    if (outcome !== 'converged') throw new Error(`the change did not converge: ${JSON.stringify(view)}`);
    return Number(process.hrtime.bigint() - startedAt) / 1e6;
  });
  const received = await clients.received(change.version);
  const lastAckMs = await acknowledged;
  await pause(pauseMs);
  const version = limit.next++;
  limit.program.send(`go ${version} ${received.bytes}`);
  const { at } = await limit.program.next('sent', (message) => message.version === version);
  const possible = await limitClients.received(version);
  return {
    receipt: toTimes(received, Number(startedAt)),
    limit: toTimes(possible, at),
    lastAckMs,
    frameBytes: received.bytes,
  };
}

function toTimes({ times }: Receipt, startedAt: number): Times {
  const ms = times.map((at) => (at - startedAt) / 1e6);
  return { p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99), lastMs: quantile(ms, 1) };
}

interface WorkerFacts {
  readonly kbPerConnection: number;
  readonly descriptorsPerWorker: number;
}

function describeWorkers({ workers: pids }: EdgeProcess, idle: readonly number[], count: number): WorkerFacts {
  const grown = pids.reduce((sum, pid, at) => sum + findResidentBytes(pid) - (idle[at] ?? 0), 0);
  return { kbPerConnection: grown / 1024 / count, descriptorsPerWorker: Math.max(...pids.map(countDescriptors)) };
}

interface Measured {
  readonly transport: Row['transport'];
  readonly clients: number;
  readonly facts: WorkerFacts;
  readonly runs: readonly Run[];
  /** By the control plane. */
  readonly usedMs: number;
}

function summarise({ transport, clients, facts, runs, usedMs }: Measured): Row {
  const times = (of: (run: Run) => Times): Times => ({
    p50Ms: median(runs.map((run) => of(run).p50Ms)),
    p99Ms: median(runs.map((run) => of(run).p99Ms)),
    lastMs: median(runs.map((run) => of(run).lastMs)),
  });
  const acks = runs.flatMap(({ lastAckMs }) => lastAckMs ?? []);
  return {
    transport,
    frameBytes: median(runs.map(({ frameBytes }) => frameBytes)),
    clients,
    ...facts,
    receipt: times(({ receipt }) => receipt),
    lastAckMs: acks.length === 0 ? undefined : median(acks),
    controlPlaneMs: usedMs / runs.length,
    limit: times(({ limit }) => limit),
  };
}

function describeRun(transport: string, flag: string, run: Run | undefined): string {
  if (run === undefined) return '';
  const { receipt, limit, lastAckMs } = run;
  const ack = lastAckMs === undefined ? '' : `, last acknowledgement ${formatNumber(lastAckMs)}`;
  return `${transport}, ${flag}: last receipt ${formatNumber(receipt.lastMs)} ms${ack}, limit ${formatNumber(limit.lastMs)}`;
}

function toResult(rows: readonly Row[], count: number): BenchmarkResult {
  const find = (transport: Row['transport'], at: number): Row => {
    const row = rows.filter((each) => each.transport === transport)[at];
    if (row === undefined) throw new Error('a row is missing');
    return row;
  };
  const [small, large] = [find('socket', 0), find('socket', 1)];
  return {
    rows,
    measures: {
      'last receipt: times the limit': small.receipt.lastMs / small.limit.lastMs,
      'last receipt of 5 KB: times the limit': large.receipt.lastMs / large.limit.lastMs,
      '5 KB frame: times a small one': large.receipt.lastMs / small.receipt.lastMs,
      lastAckMs: Math.max(small.lastAckMs ?? 0, large.lastAckMs ?? 0),
      kbPerConnection: small.kbPerConnection,
      descriptorsPerWorker: small.descriptorsPerWorker,
    },
    tables: [
      {
        title: `From the change request to receipt by ${count.toLocaleString('en-US')} instances, acknowledgements on; medians`,
        header: [
          '',
          'frame bytes',
          'p50 ms',
          'p99 ms',
          'last ms',
          'last ack ms',
          'limit p50',
          'limit p99',
          'limit last',
          'KB each',
          'control plane ms',
        ],
        rows: rows.map((row) => [
          row.transport,
          String(row.frameBytes),
          ...[row.receipt.p50Ms, row.receipt.p99Ms, row.receipt.lastMs].map(formatNumber),
          row.lastAckMs === undefined ? '–' : formatNumber(row.lastAckMs),
          ...[row.limit.p50Ms, row.limit.p99Ms, row.limit.lastMs].map(formatNumber),
          formatNumber(row.kbPerConnection),
          formatNumber(row.controlPlaneMs),
        ]),
      },
    ],
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
