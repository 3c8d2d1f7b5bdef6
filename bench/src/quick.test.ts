import { expect, test } from 'vitest';
import type { Benchmark } from './benchmark.ts';

/** Small and quick: that they run and measure what they say, not how fast anything is. */
test.each<[string, () => Promise<Benchmark>]>([
  ['propagation', async () => (await import('./propagation.ts')).propagation],
  ['trip', async () => (await import('./propagation.ts')).trip],
  ['valve', async () => (await import('./valve/valve.ts')).valve],
  ['dashboard', async () => (await import('./dashboard.ts')).dashboard],
  ['ruleset', async () => (await import('./ruleset/ruleset.ts')).ruleset],
])(
  'the benchmark %s measures all that it promises',
  async (_, load) => {
    const benchmark = await load();
    const { rows, measures } = await benchmark.run({
      quick: true,
      clients: undefined,
      minutes: undefined,
      onProgress: () => undefined,
    });
    expect(rows.length).toBeGreaterThan(0);
    const numbers = Object.values(measures);
    expect(numbers.length).toBeGreaterThan(0);
    for (const number of numbers) expect(number).toBeGreaterThan(0);
  },
  120_000,
);
