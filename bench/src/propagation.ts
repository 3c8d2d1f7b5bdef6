import { createClient } from '@sluice/sdk-node';
import type { Benchmark } from './benchmark.ts';
import { startServerProcess } from './server-process.ts';
import { formatNumber } from './table.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Time from sending the change request to the new value in each of 200 connected SDKs, for 50 flips. All clients are in
 * this process, so one clock measures; that the process is busy with 200 clients is part of the figure.
 */
export const propagation: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const clientCount = quick ? 10 : 200;
    const flips = quick ? 3 : 50;
    const server = await startServerProcess();
    const { url, sdkKey } = server;
    try {
      await server.api('POST', '/projects/default/flags', { key: 'switch' });
      onProgress(`connecting ${clientCount} clients`);
      const clients = Array.from({ length: clientCount }, () =>
        createClient({ url, sdkKey, cacheFolder: false, log: silent }),
      );
      const ready = await Promise.all(clients.map((client) => client.ready({ timeoutMs: 20_000 })));
      if (ready.includes(false)) throw new Error('not every client became ready');
      const tookMs: number[] = [];
      for (let flip = 0; flip < flips; flip++) {
        const on = flip % 2 === 0;
        const startedAt = performance.now();
        const received = clients.map(
          (client) =>
            new Promise<void>((resolve) => {
              const stop = client.onChange('switch', () => {
                if (client.enabled('switch', { kind: 'user', key: 'ann' }) !== on) return;
                tookMs.push(performance.now() - startedAt);
                stop();
                resolve();
              });
            }),
        );
        await server.api('POST', '/projects/default/environments/production/changes', {
          flag: 'switch',
          instructions: [{ kind: on ? 'turn-on' : 'turn-off' }],
        });
        await Promise.all(received);
        // Between flips everything comes to rest.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await Promise.all(clients.map((client) => client.close()));
      const result = {
        clients: clientCount,
        p50Ms: quantile(tookMs, 0.5),
        p99Ms: quantile(tookMs, 0.99),
        maxMs: Math.max(...tookMs),
      };
      return {
        rows: [result],
        measures: { p50Ms: result.p50Ms, p99Ms: result.p99Ms, maxMs: result.maxMs },
        tables: [
          {
            title: `From the change request to the new value in ${clientCount} SDKs, ${flips} flips`,
            header: ['clients', 'p50 ms', 'p99 ms', 'max ms'],
            rows: [
              [String(clientCount), formatNumber(result.p50Ms), formatNumber(result.p99Ms), formatNumber(result.maxMs)],
            ],
          },
        ],
      };
    } finally {
      await server.close();
    }
  },
};

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
