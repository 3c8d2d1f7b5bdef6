import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, startTestServer, until } from '@sluice/testkit';
import type { BackfillResult } from '../src/index.ts';
import type { BackfillProofSettings } from './backfill-settings.ts';
import { createFiles, inspectFiles } from './backfill-stores.ts';

export interface BackfillReport {
  readonly rows: number;
  readonly kills: number;
  readonly puts: number;
  /** Live writes and removals that were acknowledged, by record. */
  readonly written: number;
  readonly removed: number;
  readonly durationMs: number;
  /** What was wrong in the end, in words; empty: nothing. */
  readonly violations: readonly string[];
}

export interface BackfillProofOptions {
  readonly rows: number;
  readonly kills: number;
  readonly rate: number;
  readonly writesPerSecond?: number;
  readonly removesPerSecond?: number;
  /** How long a worker lives at most. */
  readonly killWithinMs: number;
  readonly without?: BackfillProofSettings['without'];
  readonly seed?: number;
  readonly onProgress?: (line: string) => void;
}

/** So many processes work at once. */
const processes = 2;
const mostPutsPerRow = 1.05;
const backfillPath = '/projects/default/environments/production/flags/records/backfill';

/**
 * Fills a store while an application writes and removes records in `dualwrite`, in processes that are killed again and
 * again. In the end both stores must have the same, nothing that was removed may be back, no write may have been undone,
 * and nothing be written much more often than once.
 */
export async function proveBackfill(options: BackfillProofOptions): Promise<BackfillReport> {
  const { rows, kills, seed = 1, onProgress } = options;
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-backfill-'));
  // Leases last a minute; those of the dead are not to be waited for.
  const server = await startTestServer({ embedded: true, platform: { now: () => hurriedNow(startedAt) } });
  const children = new Set<ChildProcess>();
  try {
    createFiles({ folder, rows });
    writeFileSync(join(folder, 'puts'), '');
    await server.api('POST', '/projects/default/flags', { key: 'records', kind: 'migration' });
    await server.change({ flag: 'records', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    const { writesPerSecond = 500, removesPerSecond = 20, rate, without } = options;
    const settings: BackfillProofSettings = {
      ...{ url: server.url, sdkKey: server.sdkKey, folder, rows, rate, writesPerSecond, removesPerSecond, without },
    };
    const start = (program: string): ChildProcess => {
      const child = fork(join(import.meta.dirname, program), [JSON.stringify(settings)], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      });
      children.add(child);
      child.once('close', () => children.delete(child));
      return child;
    };
    const writer = start('backfill-writer.ts');
    await once(writer, 'message');
    const killed = await killWorkers({
      ...options,
      random: createRandom(seed),
      start: () => start('backfill-worker.ts'),
      // Who is killed before it has told of its version may be in `off` for all that the server knows.
      begun: until(async () => (await server.api('GET', backfillPath)).body.ranges.length > 0),
    });
    const told = once(writer, 'message');
    writer.send('stop');
    // The protocol of backfill-writer.ts.
    const [{ acknowledged, failures }] = (await told) as [Told];
    await once(writer, 'close');
    onProgress?.('the application has stopped; comparing');
    const puts = statSync(join(folder, 'puts')).size;
    const violations = [
      ...inspect(folder, new Map(acknowledged)),
      ...(failures > 0 ? [`${failures} writes of the application failed`] : []),
      ...(puts > rows * mostPutsPerRow ? [`${puts} puts for ${rows} rows`] : []),
      ...(killed.kills < kills ? [`only ${killed.kills} of ${kills} kills before it was done`] : []),
      ...(killed.result.isVerified
        ? []
        : [`it is not verified: ${JSON.stringify(killed.result.reported.slice(0, 5))}`]),
    ];
    const removed = acknowledged.filter(([, { isRemoved }]) => isRemoved).length;
    const counts = { rows, kills: killed.kills, puts, written: acknowledged.length - removed, removed };
    return { ...counts, durationMs: performance.now() - startedAt, violations };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatBackfillReport(report: BackfillReport): string {
  const { rows, kills, puts, written, removed, violations, durationMs } = report;
  return (
    `${rows} rows, ${kills} kills, ${(puts / rows).toFixed(3)} puts per row, ` +
    `${written} records written and ${removed} removed meanwhile; ` +
    `${violations.length} violations (${(durationMs / 1000).toFixed(0)} s)`
  );
}

interface Told {
  readonly acknowledged: readonly (readonly [string, Acknowledged])[];
  readonly failures: number;
}

interface Acknowledged {
  readonly version: string;
  readonly isRemoved: boolean;
}

/** For the server, a minute is over in two seconds. */
function hurriedNow(startedAt: number): number {
  const elapsed = performance.now() - startedAt;
  return Math.floor(performance.timeOrigin + startedAt + elapsed * 30);
}

async function killWorkers({
  kills,
  killWithinMs,
  random,
  start,
  onProgress,
  begun,
}: BackfillProofOptions & {
  readonly random: ReturnType<typeof createRandom>;
  readonly start: () => ChildProcess;
  readonly begun: Promise<void>;
}) {
  let left = kills;
  let result: BackfillResult | undefined;
  const work = async (): Promise<void> => {
    while (result === undefined) {
      const worker = start();
      // The protocol of backfill-worker.ts.
      worker.once('message', (told: BackfillResult) => {
        result = told;
      });
      await begun;
      const timer =
        left > 0 &&
        setTimeout(
          () => {
            if (left <= 0 || !worker.kill('SIGKILL')) return;
            left--;
            onProgress?.(`${kills - left} kills`);
          },
          // Not while it starts.
          500 + random.integer(killWithinMs),
        );
      const [code, signal] = await once(worker, 'close');
      if (timer !== false) clearTimeout(timer);
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`a worker ended with ${code ?? signal}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  if (result === undefined) throw new Error('no worker told how it ended');
  return { kills: kills - left, result };
}

function inspect(folder: string, acknowledged: ReadonlyMap<string, Acknowledged>): readonly string[] {
  const { old, new: next, undone } = inspectFiles(folder);
  const violations = undone.map((each) => `a write was undone: ${JSON.stringify(each)}`);
  for (const key of new Set([...old.keys(), ...next.keys(), ...acknowledged.keys()])) {
    const [one, other] = [old.get(key), next.get(key)];
    if (one !== other) violations.push(`${key} is ${one} in the old store, ${other} in the new one`);
    const told = acknowledged.get(key);
    if (told === undefined || other === undefined) continue;
    const { version, mig_deleted } = JSON.parse(other);
    if (told.isRemoved && mig_deleted === 0) violations.push(`${key} was removed, and is back`);
    if (version < told.version) violations.push(`${key} lost version ${told.version}: it has "${version}"`);
  }
  return violations;
}
