import { type Client, createClient } from '@sluice/sdk-node';
import type { Benchmark } from './benchmark.ts';
import { startServerProcess } from './server-process.ts';
import { formatNumber } from './table.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** What is changed back and forth, and how an SDK tells. */
interface Flip {
  readonly title: string;
  readonly key: string;
  /** Of the flag, but for its key. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly there: Readonly<Record<string, unknown>>;
  readonly back: Readonly<Record<string, unknown>>;
  /** Asked whether what a client serves is `there`. */
  watch(client: Client): () => boolean;
}

/** Time from sending the change request that flips a flag to the new value. */
export const propagation: Benchmark = {
  run: measure({
    title: 'the new value',
    key: 'switch',
    definition: {},
    there: { kind: 'turn-on' },
    back: { kind: 'turn-off' },
    watch: (client) => () => client.enabled('switch', { kind: 'user', key: 'ann' }),
  }),
};

/** Time from sending the trip of one account to the valve that has it in another mode, and from restoring to the normal one. */
export const trip: Benchmark = {
  run: measure({
    title: 'the mode of a valve, tripped for one account',
    key: 'search',
    definition: { kind: 'valve', variations: [{ value: 'normal' }, { value: 'off-404' }] },
    there: {
      kind: 'trip',
      mode: 'off-404',
      when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }],
      reason: 'too many searches',
    },
    back: { kind: 'restore' },
    watch: (client) => {
      const valve = client.valve('search', { modes: { normal: () => [], 'off-404': () => undefined } });
      return () => valve.mode({ kind: 'account', key: '42' }) === 'off-404';
    },
  }),
};

/**
 * To each of 200 connected SDKs, for 50 flips. All clients are in this process, so one clock measures; that the process
 * is busy with 200 clients is part of the figure.
 */
function measure({ title, key, definition, there, back, watch }: Flip): Benchmark['run'] {
  return async ({ quick, onProgress }) => {
    const clientCount = quick ? 10 : 200;
    const flips = quick ? 3 : 50;
    const server = await startServerProcess();
    const { url, sdkKey } = server;
    try {
      await server.api('POST', '/projects/default/flags', { key, ...definition });
      onProgress(`connecting ${clientCount} clients`);
      const clients = Array.from({ length: clientCount }, () => {
        const client = createClient({ url, sdkKey, cacheFolder: false, log: silent });
        return { client, isThere: watch(client) };
      });
      const ready = await Promise.all(clients.map(({ client }) => client.ready({ timeoutMs: 20_000 })));
      if (ready.includes(false)) throw new Error('not every client became ready');
      const tookMs: number[] = [];
      for (let flip = 0; flip < flips; flip++) {
        const goesThere = flip % 2 === 0;
        const startedAt = performance.now();
        const received = clients.map(
          ({ client, isThere }) =>
            new Promise<void>((resolve) => {
              const stop = client.onChange(key, () => {
                if (isThere() !== goesThere) return;
                tookMs.push(performance.now() - startedAt);
                stop();
                resolve();
              });
            }),
        );
        await server.api('POST', '/projects/default/environments/production/changes', {
          flag: key,
          instructions: [goesThere ? there : back],
        });
        await Promise.all(received);
        // Between flips everything comes to rest.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await Promise.all(clients.map(({ client }) => client.close()));
      const measures = { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), maxMs: Math.max(...tookMs) };
      return {
        rows: [{ clients: clientCount, ...measures }],
        measures,
        tables: [
          {
            title: `From the change request to ${title} in ${clientCount} SDKs, ${flips} flips`,
            header: ['clients', 'p50 ms', 'p99 ms', 'max ms'],
            rows: [[String(clientCount), ...Object.values(measures).map(formatNumber)]],
          },
        ],
      };
    } finally {
      await server.close();
    }
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
