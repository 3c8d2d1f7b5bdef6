import type { Benchmark } from '../benchmark.ts';
import { openBenchClients } from '../fleet/bench-clients.ts';
import { median } from '../quantile.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import { startWriters } from './writers.ts';

const key = 'orders';
const writerCount = 8;
/** Between a change and the next, so that records are written in each stage. */
const settleMs = 1500;

/**
 * From sending the change that takes all records from `live` back to `shadow` to the last acknowledgement that the server
 * counted, of 1,000 instances of which some write to both stores all the time; and whether a write was lost by it.
 */
export const returning: Benchmark = {
  run: async ({ quick, clients: count = quick ? 100 : 1000, onProgress }) => {
    const rounds = quick ? 1 : 7;
    const server = await startServerProcess();
    try {
      await server.api('POST', '/projects/default/flags', { key, kind: 'migration' });
      await move(server, 'dualwrite');
      onProgress(`connecting ${count} instances, ${writerCount} of them write`);
      const { url, sdkKey } = server;
      const idle = await openBenchClients({ port: Number(new URL(url).port), key: sdkKey, count: count - writerCount });
      const writers = await startWriters({ url, sdkKey, migration: key, clients: writerCount });
      await move(server, 'shadow');
      const lastAckMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await untilLive(server);
        await pause(settleMs);
        const { tookMs, expected } = await move(server, 'shadow');
        if (expected !== count) throw new Error(`expected ${count} instances to be waited for, got ${expected}`);
        lastAckMs.push(tookMs);
        onProgress(`return ${round + 1}: ${formatNumber(tookMs)} ms`);
        await pause(settleMs);
      }
      const lostWrites = await writers.stop();
      await idle.close();
      const measures = { lastAckMs: median(lastAckMs), slowestLastAckMs: Math.max(...lastAckMs), lostWrites };
      return {
        rows: [{ instances: count, writes: writers.acknowledged, ...measures }],
        measures,
        tables: [
          {
            title: `From the return to the last acknowledgement of ${count} instances, ${rounds} times`,
            header: ['instances', 'median ms', 'slowest ms', 'writes', 'lost'],
            rows: [
              [count, measures.lastAckMs, measures.slowestLastAckMs, writers.acknowledged, lostWrites].map(
                formatNumber,
              ),
            ],
          },
        ],
      };
    } finally {
      await server.close();
    }
  },
};

interface Moved {
  readonly tookMs: number;
  /** How many were waited for. */
  readonly expected: number;
}

/** Resolves when every instance has acknowledged. */
async function move(server: ServerProcess, stage: string): Promise<Moved> {
  const base = '/projects/default/environments/production/changes';
  const startedAt = performance.now();
  // There is nothing to copy, and simulated instances compare nothing.
  const overrule = { reason: 'it is the way back that is measured', checks: ['backfill', 'comparisons'] };
  const instructions = [{ kind: 'set-stage', stage, ...(stage === 'live' && { overrule }) }];
  // The answers' shapes are the API's.
  const { id } = (await server.api('POST', base, { flag: key, instructions })) as { id: string };
  const view = await server.api('GET', `${base}/${id}/convergence?wait=all&timeoutMs=30000`);
  const tookMs = performance.now() - startedAt;
  const { outcome, expected } = view as { outcome: string; expected: number };
  if (outcome !== 'converged') throw new Error(`${stage} did not reach everybody: ${JSON.stringify(view)}`);
  return { tookMs, expected };
}

/** The barrier opens when no operation runs any more that began before. */
async function untilLive(server: ServerProcess): Promise<void> {
  for (const endsAt = performance.now() + 30_000; ; await pause(100)) {
    try {
      await move(server, 'live');
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
