import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import { median } from '../quantile.ts';
import { formatNumber } from '../table.ts';
import type { FrameworkCosts } from './framework-program.ts';
import { type FrameworkName, frameworkNames } from './frameworks.ts';

/** What our adapters add to a request, beside the same server without one. */
export const middleware: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const effort = quick ? { rounds: 3, requests: 50 } : { rounds: 101, requests: 500 };
    const rows: Row[] = [];
    for (const framework of frameworkNames) {
      onProgress(`${framework}: ${effort.rounds} rounds of ${effort.requests} requests, with and without`);
      const { bare, withAdapter } = await measure(framework, effort);
      rows.push({
        framework,
        bareUs: median(bare),
        withAdapterUs: median(withAdapter),
        // Of each round by itself: both halves of it met the machine in the same mood.
        addedUs: median(withAdapter.map((cost, round) => cost - (bare[round] ?? Number.NaN))),
      });
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
}

interface Effort {
  readonly rounds: number;
  /** In each round, with the adapter and without. */
  readonly requests: number;
}

async function measure(framework: FrameworkName, { rounds, requests }: Effort): Promise<FrameworkCosts> {
  const program = join(import.meta.dirname, 'framework-program.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, framework, String(rounds), String(requests)],
    { env: { ...process.env, NODE_ENV: 'production' } },
  );
  // The program is ours.
  return JSON.parse(stdout) as FrameworkCosts;
}
