import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { startServerProcess } from './server-process.ts';
import { formatNumber } from './table.ts';

const idleMs = 5000;

/** From `npm start` to `/readyz`, and resident memory once nothing happens; the first start makes the database. */
export const footprint: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const starts = quick ? 1 : 7;
    const folder = mkdtempSync(join(tmpdir(), 'sluice-footprint-'));
    const readyMs: number[] = [];
    const idleMb: number[] = [];
    try {
      for (let start = 0; start <= starts; start++) {
        const server = await startServerProcess(folder);
        await new Promise((resolve) => setTimeout(resolve, quick ? 500 : idleMs));
        const mb = server.residentBytes() / 1024 / 1024;
        await server.close();
        onProgress(
          `${start === 0 ? 'first start' : `start ${start}`}: ready after ${formatNumber(server.readyMs)} ms, ${formatNumber(mb)} MB`,
        );
        // The first start fills the compile cache and the database; it is shown but not part of the median.
        if (start > 0) {
          readyMs.push(server.readyMs);
          idleMb.push(mb);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const measures = { readyMs: median(readyMs), idleMb: median(idleMb) };
    return {
      rows: [measures],
      measures,
      tables: [
        {
          title: `Starting by npm start, median of ${starts}`,
          header: ['', 'ready ms', 'idle MB'],
          rows: [['sluice', formatNumber(measures.readyMs), formatNumber(measures.idleMb)]],
        },
      ],
    };
  },
};

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
