import { isInstalled } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Benchmark } from '../benchmark.ts';

/** Small and quick: that they run and measure what they say, not how fast anything is. */
const canRun = isInstalled('the benchmarks of fleets', 'gcc');

async function run(benchmark: Benchmark, clients: number): ReturnType<Benchmark['run']> {
  return benchmark.run({ quick: true, clients, minutes: 0.05, onProgress: () => undefined });
}

describe.runIf(canRun)('the benchmarks of fleets', () => {
  test('fan out to every client, by socket and by stream, next to the limit', async () => {
    const { rows } = await run((await import('./fanout.ts')).fanout, 40);
    expect(rows).toHaveLength(4);
    const times = { p50Ms: expect.any(Number), p99Ms: expect.any(Number), lastMs: expect.any(Number) };
    for (const row of rows) expect(row).toMatchObject({ clients: 40, receipt: times, limit: times });
    expect(rows[0]).toMatchObject({ transport: 'socket', lastAckMs: expect.any(Number) });
    // Padding is most of the larger frame.
    const sizes = rows.map((row) => (row as { frameBytes: number }).frameBytes);
    expect(sizes.map((bytes) => Math.round(bytes / 1000))).toEqual([0, 5, 0, 5]);
  }, 180_000);

  test('let every client of a dead edge come to another one', async () => {
    const { rows } = await run((await import('./storm.ts')).storm, 60);
    expect(rows).toMatchObject([
      { clients: 'sluice', fullPayloads: 0 },
      // These always take everything.
      { clients: 'launchdarkly-like', fullPayloads: 40 },
    ]);
    for (const row of rows) {
      const changes = [{ kind: 'turn-off', tookMs: (row as { turnOffMs: number }).turnOffMs }, { kind: 'turn-on' }];
      expect((row as { changes: object[] }).changes.slice(0, 2)).toMatchObject(changes);
      // A Node process with nothing to do has 40 or so.
      expect((row as { otherPeakMb: number }).otherPeakMb).toBeGreaterThan(40);
    }
  }, 180_000);

  test('sample the memory of every process, and lose no connection', async () => {
    const { rows, measures } = await run((await import('./soak.ts')).soak, 10);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows[0]).toMatchObject({ server: expect.any(Number), 'worker 2': expect.any(Number) });
    expect(measures.lostConnections).toBe(0);
  }, 180_000);

  test('take records back from a stage while they are written, and lose none', async () => {
    const { rows, measures } = await run((await import('../migration/return.ts')).returning, 20);
    expect(rows).toEqual([{ instances: 20, writes: expect.any(Number), ...measures }]);
    expect((rows[0] as { writes: number }).writes).toBeGreaterThan(0);
    expect(measures.lastAckMs).toBeGreaterThan(0);
    expect(measures.lostWrites).toBe(0);
  }, 180_000);
});
