import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@sluice/sdk-node';
import type { Benchmark } from '../benchmark.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';

const environment = '/projects/default/environments/production';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A large environment: 5,000 flags with 10 rules of 2 clauses; and what one change costs in it and in a small one. */
export const ruleset: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const flagCount = quick ? 200 : 5000;
    const rounds = quick ? 1 : 5;
    const large = await startServerProcess();
    const small = await startServerProcess();
    const cache = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
    try {
      onProgress(`creating ${flagCount} flags`);
      await createFlags(large, flagCount);
      await createFlags(small, 50);
      const payload = await fetch(`${large.url}/sdk/latest-all`, { headers: { authorization: large.sdkKey } });
      const payloadMb = (await payload.arrayBuffer()).byteLength / 1e6;
      await fillCache(large, cache);

      const fromStream: ClientRun[] = [];
      const fromDisk: ClientRun[] = [];
      for (let round = 0; round < rounds; round++) {
        onProgress(`round ${round + 1} of ${rounds}`);
        fromStream.push(await runClient(large.url, large.sdkKey));
        // What is on disk is in use before the stream is opened.
        fromDisk.push(await runClient(large.url, large.sdkKey, cache));
      }
      const [largeCost, smallCost] = await measureChanges([large, small], quick ? 5 : 60);
      const measures = {
        readyFromStreamMs: median(fromStream.map(({ readyMs }) => readyMs)),
        readyFromDiskMs: median(fromDisk.map(({ readyMs }) => readyMs)),
        longestBlockStreamMs: median(fromStream.map(({ longestBlockMs }) => longestBlockMs)),
        longestBlockDiskMs: median(fromDisk.map(({ longestBlockMs }) => longestBlockMs)),
        changeMs: largeCost?.ms ?? Number.NaN,
        'change: times the cost with 50 flags': (largeCost?.ms ?? Number.NaN) / (smallCost?.ms ?? Number.NaN),
        'delta: times the bytes with 50 flags':
          (largeCost?.deltaBytes ?? Number.NaN) / (smallCost?.deltaBytes ?? Number.NaN),
      };
      return {
        rows: [{ flags: flagCount, payloadMb, deltaBytes: largeCost?.deltaBytes ?? Number.NaN, ...measures }],
        measures,
        tables: [
          {
            title: `${flagCount} flags with 10 rules of 2 clauses, ${formatNumber(payloadMb)} MB; medians of ${rounds}`,
            header: ['client', 'ready ms', 'longest block ms'],
            rows: [
              [
                'from the server',
                formatNumber(measures.readyFromStreamMs),
                formatNumber(measures.longestBlockStreamMs),
              ],
              ['from disk', formatNumber(measures.readyFromDiskMs), formatNumber(measures.longestBlockDiskMs)],
            ],
          },
          {
            title: 'One change of one flag, median',
            header: ['flags in the environment', 'request ms', 'bytes to each SDK'],
            rows: [
              [String(flagCount), formatNumber(largeCost?.ms ?? 0), formatNumber(largeCost?.deltaBytes ?? 0)],
              ['50', formatNumber(smallCost?.ms ?? 0), formatNumber(smallCost?.deltaBytes ?? 0)],
            ],
          },
        ],
      };
    } finally {
      await large.close();
      await small.close();
      rmSync(cache, { recursive: true, force: true });
    }
  },
};

async function createFlags(server: ServerProcess, count: number): Promise<void> {
  const atOnce = 20;
  for (let start = 0; start < count; start += atOnce) {
    const keys = Array.from({ length: Math.min(atOnce, count - start) }, (_, index) => `flag-${start + index}`);
    const instructions = keys.flatMap((flag) => [
      { kind: 'create-flag', flag, definition: {} },
      { kind: 'turn-on', flag },
      ...Array.from({ length: 10 }, (_, rule) => ({ kind: 'add-rule', flag, rule: createRule(flag, rule) })),
    ]);
    await server.api('POST', `${environment}/changes`, { instructions });
  }
}

function createRule(flag: string, rule: number): unknown {
  return {
    id: `rule-${rule}`,
    clauses: [
      {
        attribute: 'country',
        op: 'in',
        values: Array.from({ length: 5 }, (_, index) => `${flag}-c-${rule * 5 + index}`),
      },
      { attribute: 'email', op: 'endsWith', values: [`@company-${rule}.example.com`, `@other-${rule}.example.org`] },
    ],
    variation: rule % 2 === 0 ? 'on' : 'off',
  };
}

async function fillCache({ url, sdkKey }: ServerProcess, cacheFolder: string): Promise<void> {
  const client = createClient({ url, sdkKey, cacheFolder, events: false, log: silent });
  await client.ready({ timeoutMs: 20_000 });
  await client.close();
}

interface ClientRun {
  readonly readyMs: number;
  readonly longestBlockMs: number;
}

async function runClient(url: string, sdkKey: string, cache?: string): Promise<ClientRun> {
  const program = join(import.meta.dirname, 'client-program.ts');
  const words = [
    '--disable-warning=ExperimentalWarning',
    program,
    url,
    sdkKey,
    ...(cache === undefined ? [] : [cache]),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 60_000 });
  return JSON.parse(stdout) as ClientRun;
}

interface ChangeCost {
  readonly ms: number;
  readonly deltaBytes: number;
}

/** The servers take turns, so that a noisy moment touches both. */
async function measureChanges(servers: readonly ServerProcess[], count: number): Promise<readonly ChangeCost[]> {
  const streams = await Promise.all(servers.map(openStream));
  const tookMs: number[][] = servers.map(() => []);
  for (let change = 0; change < count; change++) {
    for (const [index, server] of servers.entries()) {
      const startedAt = performance.now();
      await server.api('POST', `${environment}/changes`, {
        flag: 'flag-7',
        instructions: [{ kind: change % 2 === 0 ? 'turn-off' : 'turn-on' }],
      });
      tookMs[index]?.push(performance.now() - startedAt);
    }
  }
  const deltas = await Promise.all(streams.map((stream) => stream.close()));
  return servers.map((_, index) => ({ ms: median(tookMs[index] ?? []), deltaBytes: (deltas[index] ?? 0) / count }));
}

/** Counts the bytes that a stream brings after its full payload. */
async function openStream({ url, sdkKey }: ServerProcess): Promise<{ close: () => Promise<number> }> {
  const abort = new AbortController();
  const response = await fetch(`${url}/sdk/stream`, { headers: { authorization: sdkKey }, signal: abort.signal });
  const reader = response.body?.getReader();
  let deltaBytes = 0;
  let isLive = false;
  let whenLive = (): void => undefined;
  const live = new Promise<void>((resolve) => {
    whenLive = resolve;
  });
  const decoder = new TextDecoder();
  async function read(): Promise<void> {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      if (isLive) deltaBytes += part.value.length;
      else if (decoder.decode(part.value).includes('event: payload-transferred')) {
        isLive = true;
        whenLive();
      }
    }
  }
  read().catch(() => undefined);
  await live;
  return {
    close: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      abort.abort();
      return deltaBytes;
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
