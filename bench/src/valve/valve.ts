import type { Benchmark } from '../benchmark.ts';
import { median } from '../quantile.ts';
import { startServerProcess } from '../server-process.ts';
import { formatNumber } from '../table.ts';
import { accounts, countCalls, createFlags, createSubjects, type Subject } from './subjects.ts';

const bare = 'bare call';

/** What a valve adds to an asynchronous call, and what circuit breakers add to it, in one process. */
export const valve: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const [rounds, calls] = quick ? [3, 300] : [61, 6000];
    const server = await startServerProcess();
    try {
      await createFlags(server);
      const subjects = await createSubjects(server);
      onProgress(`${rounds} rounds of ${calls} calls each`);
      const times = await measure(subjects, rounds, calls);
      // Each subject was tried once before.
      const told = subjects.filter(({ name }) => name.includes('telemetry')).length * (rounds * calls + 1);
      const counted = await countCalls(server);
      if (counted !== told) throw new Error(`expected the server to be told of ${told} calls, it was of ${counted}`);
      const bareNs = times.get(bare) ?? Number.NaN;
      const rows = subjects.map(({ name }) => {
        const ns = times.get(name) ?? Number.NaN;
        return { name, ns, overheadUs: (ns - bareNs) / 1000 };
      });
      const added = (name: string): number => rows.find((row) => row.name === name)?.overheadUs ?? Number.NaN;
      const ours = rows.filter(({ name }) => name.startsWith('valve'));
      const withTimeout = added('valve, normal, timeout');
      return {
        rows,
        measures: {
          ...Object.fromEntries(ours.map(({ name, overheadUs }) => [`${name}: overhead us`, overheadUs])),
          'timeout: times the overhead of cockatiel': withTimeout / added('cockatiel breaker, timeout'),
          'timeout: times the overhead of opossum': withTimeout / added('opossum, timeout'),
          'breaker: times the overhead of cockatiel': added('valve, normal') / added('cockatiel breaker'),
          'breaker: times the overhead of opossum': added('valve, normal') / added('opossum'),
        },
        tables: [
          {
            title: `One call after the other, medians of ${rounds} rounds`,
            header: ['call', 'ns', 'overhead µs', 'times cockatiel', 'times opossum'],
            rows: rows.map(({ name, ns, overheadUs }) => {
              const peer = (of: string) => overheadUs / added(name.includes('timeout') ? `${of}, timeout` : of);
              return name === bare
                ? [name, formatNumber(ns), '-', '-', '-']
                : [
                    name,
                    formatNumber(ns),
                    formatNumber(overheadUs),
                    ...['cockatiel breaker', 'opossum'].map((of) => formatNumber(peer(of))),
                  ];
            }),
          },
        ],
      };
    } finally {
      await server.close();
    }
  },
};

/**
 * Nanoseconds per call by subject. All are measured in every round, as the machine's mood changes, each time another
 * one first, as one pays for what the one before left to the collector. The first round warms up.
 * Closes them.
 */
async function measure(
  subjects: readonly Subject[],
  rounds: number,
  calls: number,
): Promise<ReadonlyMap<string, number>> {
  const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  try {
    for (let round = 0; round < rounds; round++) {
      const first = round % subjects.length;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)])
        samples.get(subject.name)?.push(await time(subject, calls));
    }
  } finally {
    for (const subject of subjects) await subject.close();
  }
  return new Map([...samples].map(([name, times]) => [name, median(times.slice(1))]));
}

async function time({ call, around = (calls) => calls() }: Subject, calls: number): Promise<number> {
  // What was left to timers by others is theirs.
  await new Promise((resolve) => setImmediate(resolve));
  const startedAt = performance.now();
  await around(async () => {
    for (let at = 0; at < calls; at += accounts.length) for (const account of accounts) await call(account);
  });
  return ((performance.now() - startedAt) * 1e6) / calls;
}
