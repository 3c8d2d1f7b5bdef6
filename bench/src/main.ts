/**
 * `npm run bench -- NAME [--quick] [--clients N] [--minutes N]`: runs a benchmark, prints its tables, writes `bench/results/NAME.json`, and exits 1
 * when a target of `bench/targets.json` is missed. A quick run is neither written nor judged.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkResult } from './benchmark.ts';
import { formatTable } from './table.ts';
import { findMisses, type Targets } from './targets.ts';

const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  evaluation: async () => (await import('./evaluation/evaluation.ts')).evaluation,
  propagation: async () => (await import('./propagation.ts')).propagation,
  trip: async () => (await import('./propagation.ts')).trip,
  footprint: async () => (await import('./footprint.ts')).footprint,
  telemetry: async () => (await import('./telemetry.ts')).telemetry,
  ruleset: async () => (await import('./ruleset/ruleset.ts')).ruleset,
  fanout: async () => (await import('./fleet/fanout.ts')).fanout,
  storm: async () => (await import('./fleet/storm.ts')).storm,
  valve: async () => (await import('./valve/valve.ts')).valve,
  migration: async () => (await import('./migration/migration.ts')).migration,
  return: async () => (await import('./migration/return.ts')).returning,
  middleware: async () => (await import('./middleware/middleware.ts')).middleware,
  config: async () => (await import('./config/config.ts')).config,
  dashboard: async () => (await import('./dashboard.ts')).dashboard,
  soak: async () => (await import('./fleet/soak.ts')).soak,
};

const folder = join(import.meta.dirname, '..');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, clients: { type: 'string' }, minutes: { type: 'string' } },
});
const [name = ''] = positionals;
const quick = values.quick === true;
const load = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
if (load === undefined) {
  console.error(`Expected the name of a benchmark (${Object.keys(benchmarks).join(', ')}), got "${name}".`);
  process.exit(2);
}

const benchmark = await load();
const result = await benchmark.run({
  quick,
  clients: readNumber('clients'),
  minutes: readNumber('minutes'),
  onProgress: (line) => console.error(line),
});
for (const table of result.tables) console.log(`\n${formatTable(table)}`);
if (quick) console.log('A quick run is not judged.');
else {
  write(result);
  judge(result);
}

function readNumber(option: 'clients' | 'minutes'): number | undefined {
  const given = values[option];
  if (given === undefined) return undefined;
  const number = Number(given);
  if (number > 0) return number;
  console.error(`Expected a number above 0 for --${option}, got "${given}".`);
  process.exit(2);
}

function write({ rows, measures }: BenchmarkResult): void {
  const results = join(folder, 'results');
  mkdirSync(results, { recursive: true });
  const file = join(results, `${name}.json`);
  const entry = { name, date: new Date().toISOString(), commit: findCommit(), machine: describeMachine() };
  writeFileSync(file, `${JSON.stringify({ ...entry, rows, measures }, null, 2)}\n`);
  console.log(`Written to ${file}`);
}

function judge({ measures }: BenchmarkResult): void {
  // The file is ours, and its names and numbers are checked against what was measured.
  const targets = JSON.parse(readFileSync(join(folder, 'targets.json'), 'utf8')) as Record<string, Targets>;
  const misses = findMisses(measures, targets[name] ?? {});
  if (misses.length === 0) {
    console.log('Every target is reached.');
    return;
  }
  console.log(`${misses.length} targets are missed:\n${misses.map((miss) => `- ${miss}`).join('\n')}`);
  process.exitCode = 1;
}

/** The commit that is checked out, with a plus when files differ from it. */
function findCommit(): string {
  const git = (...what: string[]): string => execFileSync('git', what, { cwd: folder, encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

function describeMachine(): Readonly<Record<string, string | number>> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}
