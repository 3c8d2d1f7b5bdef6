/** `npm run prove -- NAME [--full]`: long proofs; the tests run the same ones, shorter. Exits 1 when one fails. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { proveKills } from '../apps/control-plane/proofs/kills.ts';
import { proveProxies } from '../apps/control-plane/proofs/proxies.ts';
import { formatBackfillReport, proveBackfill } from '../packages/sdk-node/proofs/backfill.ts';
import { formatHalfWritesReport, proveHalfWrites } from '../packages/sdk-node/proofs/half-writes.ts';
import { formatProvidersReport, policies, proveProviders } from '../packages/sdk-node/proofs/providers.ts';
import { formatSchedulesReport, proveSchedules } from '../packages/sdk-node/proofs/schedules.ts';

/** The 10,000 schedules of `--full`. */
const mostSchedulesMs = 60_000;

/** Prints what it finds; false: the promise does not hold. */
type Proof = (full: boolean) => Promise<boolean>;

const proofs: Readonly<Record<string, Proof>> = {
  kills: (full) => printKills(full, 'sqlite'),
  'kills-postgres': (full) => printKills(full, 'postgres'),
  proxies: async (full) => {
    const report = await proveProxies({ idleMs: full ? 180_000 : 5000, onProgress: (line) => console.log(line) });
    for (const violation of report.violations) console.log(violation);
    return report.violations.length === 0;
  },
  backfill: async (full) => {
    const scale = full ? { rows: 1_000_000, rate: 20_000 } : { rows: 50_000, rate: 2500 };
    const report = await proveBackfill({ ...scale, kills: 20, killWithinMs: 1500, onProgress: console.log });
    for (const violation of report.violations.slice(0, 20)) console.log(violation);
    console.log(formatBackfillReport(report));
    return report.violations.length === 0;
  },
  'half-writes': async (full) => {
    const report = await proveHalfWrites({ kills: full ? 200 : 20, onProgress: console.log });
    for (const violation of report.violations.slice(0, 20)) console.log(violation);
    console.log(formatHalfWritesReport(report));
    return report.violations.length === 0;
  },
  providers: async (full) => {
    const violations: string[] = [];
    for (const policy of policies) {
      // Each that is started anew reads what those before it wrote.
      const killWithinMs = policy === 'allow-duplicate' ? 700 : 2000;
      const scale = full ? { messages: 100_000, killWithinMs } : { messages: 5000 };
      const report = await proveProviders({ ...scale, policy, onProgress: console.log });
      for (const violation of report.violations.slice(0, 20)) console.log(violation);
      console.log(formatProvidersReport(report));
      violations.push(...report.violations);
    }
    return violations.length === 0;
  },
  schedules: async (full) => {
    const report = await proveSchedules({ schedules: full ? 10_000 : 1000, onProgress: console.log });
    for (const violation of report.violations.slice(0, 20)) console.log(violation);
    console.log(formatSchedulesReport(report));
    const isSlow = full && report.durationMs >= mostSchedulesMs;
    if (isSlow) console.log(`That took ${mostSchedulesMs / 1000} s or more: nobody would run it often.`);
    return report.violations.length === 0 && !isSlow;
  },
  /** Every way through the dashboard; the tests go those that everything depends on. */
  journeys: async () => {
    const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
    const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'journeys'], {
      stdio: 'inherit',
      env: { ...process.env, SLUICE_JOURNEYS: 'all' },
    });
    return status === 0;
  },
};

async function printKills(full: boolean, store: 'sqlite' | 'postgres'): Promise<boolean> {
  const report = await proveKills({ kills: full ? 1000 : 50, store, onProgress: (line) => console.log(line) });
  for (const violation of report.violations) console.log(violation);
  console.log(
    `${report.kills} kills, ${report.acknowledged} changes acknowledged, ${report.violations.length} violations`,
  );
  return report.violations.length === 0;
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { full: { type: 'boolean' } } });
const [name = ''] = positionals;
const prove = Object.hasOwn(proofs, name) ? proofs[name] : undefined;
if (prove === undefined) {
  console.error(`Expected the name of a proof (${Object.keys(proofs).join(', ')}), got "${name}".`);
  process.exitCode = 2;
} else if (!(await prove(values.full === true))) {
  process.exitCode = 1;
}
