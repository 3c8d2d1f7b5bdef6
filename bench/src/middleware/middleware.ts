import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import { median } from '../quantile.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import type { FrameworkCosts } from './framework-program.ts';
import { type FrameworkName, frameworkNames } from './frameworks.ts';

/** What our adapters add to a request, telemetry on, beside the same server without one. */
export const middleware: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const effort = quick ? { rounds: 3, requests: 50 } : { rounds: 101, requests: 500 };
    const rows: Row[] = [];
    const server = await startServerProcess();
    try {
      for (const framework of frameworkNames) {
        onProgress(`${framework}: ${effort.rounds} rounds of ${effort.requests} requests, with and without`);
        const before = await countRequests(server);
        const { bare, withAdapter } = await measure(framework, effort, server);
        rows.push({
          framework,
          bareUs: median(bare),
          withAdapterUs: median(withAdapter),
          // Of each round by itself: both halves of it met the machine in the same mood.
          addedUs: median(withAdapter.map((cost, round) => cost - (bare[round] ?? Number.NaN))),
          counted: (await countRequests(server)) - before,
        });
      }
    } finally {
      await server.close();
    }
    return {
      rows,
      measures: Object.fromEntries(rows.map(({ framework, addedUs }) => [`${framework}: addedUs`, addedUs])),
      tables: [
        {
          title: `Microseconds of CPU time per request, medians of ${effort.rounds}`,
          header: ['', 'bare', 'with adapter', 'added'],
          rows: rows.map(({ framework, bareUs, withAdapterUs, addedUs }) => [
            framework,
            formatNumber(bareUs),
            formatNumber(withAdapterUs),
            formatNumber(addedUs),
          ]),
        },
      ],
    };
  },
};

interface Row {
  readonly framework: FrameworkName;
  readonly bareUs: number;
  readonly withAdapterUs: number;
  readonly addedUs: number;
  /** Requests that the server was told of by telemetry. */
  readonly counted: number;
}

interface Effort {
  readonly rounds: number;
  /** In each round, with the adapter and without. */
  readonly requests: number;
}

async function countRequests({ api }: ServerProcess): Promise<number> {
  const path = '/projects/default/environments/production/routes/telemetry';
  // The server is ours.
  const { items } = (await api('GET', path)) as { readonly items: readonly { readonly count: number }[] };
  return items.reduce((sum, { count }) => sum + count, 0);
}

async function measure(
  framework: FrameworkName,
  { rounds, requests }: Effort,
  { url, sdkKey }: ServerProcess,
): Promise<FrameworkCosts> {
  const program = join(import.meta.dirname, 'framework-program.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, framework, String(rounds), String(requests), url, sdkKey],
    { env: { ...process.env, NODE_ENV: 'production' } },
  );
  // The program is ours.
  return JSON.parse(stdout) as FrameworkCosts;
}
