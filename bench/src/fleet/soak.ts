import type { Benchmark } from '../benchmark.ts';
import { startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import { openBenchClients } from './bench-clients.ts';
import { startEdgeProcess } from './edge-process.ts';
import { findResidentBytes } from './process-facts.ts';

const megabyte = 1024 * 1024;
const changePeriodMs = 1000;
/** Heaps grow to their size in the first minutes; what counts is what goes on growing. */
const warmUpShare = 0.3;

/** Memory of every process under one change per second, and how fast it grows. */
export const soak: Benchmark = {
  run: async ({ quick, clients: count = quick ? 100 : 2000, minutes = quick ? 0.1 : 10, onProgress }) => {
    const server = await startServerProcess();
    try {
      await server.api('POST', '/projects/default/flags', { key: 'switch' });
      const edge = await startEdgeProcess(server, 'soak', 2);
      const clients = await openBenchClients({
        port: edge.port,
        key: server.sdkKey,
        count,
        seconds: Math.round(minutes * 60) + 120,
      });
      const names = ['server', 'edge', ...edge.workers.map((_, at) => `worker ${at + 1}`)];
      const sample = (): readonly number[] => [
        server.residentBytes() / megabyte,
        ...edge.processes.map((pid) => findResidentBytes(pid) / megabyte),
      ];
      const samples: { readonly minute: number; readonly mb: readonly number[] }[] = [];
      const startedAt = performance.now();
      const elapsedMinutes = (): number => (performance.now() - startedAt) / 60_000;
      const everyMinutes = Math.min(1, minutes / 10);
      for (let at = 0; elapsedMinutes() < minutes; at++) {
        await server.api('POST', '/projects/default/environments/production/changes', {
          flag: 'switch',
          instructions: [{ kind: at % 2 === 0 ? 'turn-on' : 'turn-off' }],
        });
        if (elapsedMinutes() >= samples.length * everyMinutes) {
          samples.push({ minute: elapsedMinutes(), mb: sample() });
          onProgress(`minute ${formatNumber(elapsedMinutes())}: ${sample().map(formatNumber).join(', ')} MB`);
        }
        await new Promise((resolve) => setTimeout(resolve, changePeriodMs));
      }
      samples.push({ minute: elapsedMinutes(), mb: sample() });
      const { lost } = await clients.state();
      await clients.close();
      await edge.close();
      const warm = samples.filter(({ minute }) => minute >= minutes * warmUpShare);
      const slopes = names.map((_, at) => slopeOf(warm.map(({ minute, mb }) => [minute, mb[at] ?? 0])));
      return {
        rows: samples.map(({ minute, mb }) => ({
          minute,
          ...Object.fromEntries(names.map((name, at) => [name, mb[at]])),
        })),
        measures: { mbPerMinute: Math.max(...slopes), lostConnections: lost },
        tables: [
          {
            title: `Memory in MB under one change per second, ${count} instances behind an edge`,
            header: ['minute', ...names],
            rows: [
              ...samples.map(({ minute, mb }) => [formatNumber(minute), ...mb.map(formatNumber)]),
              ['MB per minute', ...slopes.map(formatNumber)],
            ],
          },
        ],
      };
    } finally {
      await server.close();
    }
  },
};

/** Of the line that fits best. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const covariance = mean(([x, y]) => (x - meanX) * (y - meanY));
  const variance = mean(([x]) => (x - meanX) ** 2);
  return variance === 0 ? 0 : covariance / variance;
}
