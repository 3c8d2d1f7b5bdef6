import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { formatNumber } from '../table.ts';
import type { MigrationCosts, MigrationEffort } from './migration-program.ts';

const thorough: MigrationEffort = {
  rounds: 31,
  operations: 5000,
  reads: 20_000,
  hungOperations: 100_000,
  waitMs: 2000,
};
const brief: MigrationEffort = { rounds: 2, operations: 100, reads: 200, hungOperations: 1000, waitMs: 100 };

const syncMeasure = 'rampdown, write, journal on disk: times a line brought to disk';

/** What a migration adds to the calls of its stores, and what becomes of reads when the other side hangs. */
export const migration: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const effort = quick ? brief : thorough;
    onProgress(`${effort.rounds} rounds of ${effort.operations} operations each, then with a side that hangs`);
    const program = join(import.meta.dirname, 'migration-program.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, JSON.stringify(effort)]);
    // The program is ours.
    return describeCosts(JSON.parse(stdout) as MigrationCosts, effort);
  },
};

function describeCosts({ operations, syncNs, hung }: MigrationCosts, effort: MigrationEffort): BenchmarkResult {
  const rows = operations.map((cost) => {
    const { stage, operation } = cost;
    const bare = operations.find(
      (each) => each.subject === 'bare' && each.stage === stage && each.operation === operation,
    );
    return { ...cost, overheadUs: (cost.ns - (bare?.ns ?? Number.NaN)) / 1000 };
  });
  const ours = rows.filter(({ subject }) => subject === 'sluice');
  const journalled = operations.find(({ subject }) => subject === 'sluice, journal on disk');
  return {
    rows: [...rows, ...hung],
    measures: {
      ...Object.fromEntries(
        ours.map(({ stage, operation, overheadUs }) => [`${stage}, ${operation}: overhead us`, overheadUs]),
      ),
      ...Object.fromEntries(
        hung.flatMap(({ stage, addedP99Ms, grownMb }) => [
          [`${stage}, other side hangs: p99 ms over bare`, addedP99Ms],
          [`${stage}, other side hangs: MB grown`, grownMb],
        ]),
      ),
      [syncMeasure]: (journalled?.ns ?? Number.NaN) / syncNs,
    },
    tables: [
      {
        title: `One operation after the other, medians of ${effort.rounds} rounds; bare calls are those that the stage makes`,
        header: ['operation', 'by', 'ns', 'overhead µs'],
        rows: rows.map(({ stage, operation, subject, ns, overheadUs }) => [
          `${stage}, ${operation}`,
          subject,
          formatNumber(ns),
          subject === 'bare' ? '-' : formatNumber(overheadUs),
        ]),
      },
      {
        title: 'A line that is brought to disk, which a write to both sides waits for unless its journal is in memory',
        header: ['ns'],
        rows: [[formatNumber(syncNs)]],
      },
      {
        title: `The other side hangs: p99 of reads, medians of 9 pairs, and memory after ${formatNumber(effort.hungOperations)} operations`,
        header: ['stage', 'bare ms', 'sluice ms', 'added ms', 'grown MB', 'launchdarkly ms', 'its grown MB, a tenth'],
        rows: hung.map(({ stage, bareP99Ms, p99Ms, addedP99Ms, grownMb, launchDarklyMs, launchDarklyGrownMb }) => [
          stage,
          ...[bareP99Ms, p99Ms, addedP99Ms].map((ms) => ms.toFixed(4)),
          formatNumber(grownMb),
          launchDarklyMs === undefined ? `none in ${formatNumber(effort.waitMs)}` : formatNumber(launchDarklyMs),
          formatNumber(launchDarklyGrownMb),
        ]),
      },
    ],
  };
}
