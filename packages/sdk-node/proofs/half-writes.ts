import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@sluice/testkit';
import { openRecordFile } from './record-file.ts';
import type { Acknowledged, WriterSettings } from './writer-settings.ts';

export interface HalfWritesReport {
  readonly kills: number;
  /** After so many kills the stores differed, before they were repaired. */
  readonly halves: number;
  readonly acknowledged: number;
  readonly durationMs: number;
  /** What was wrong in the end, in words; empty: nothing. */
  readonly violations: readonly string[];
}

export interface HalfWritesOptions {
  readonly kills: number;
  /** false: the journal is in memory, to show that the proof finds that out. */
  readonly hasJournal?: boolean;
  readonly seed?: number;
  readonly onProgress?: (line: string) => void;
}

const keys = 20;

/**
 * Kills a process between its two writes of a record, again and again, on two SQLite files; what it had not brought to
 * disk of its journal is lost with it. Each process that comes
 * after it takes up what it left; in the end both stores must have the same, and nothing older than what was acknowledged.
 */
export async function proveHalfWrites({
  kills,
  hasJournal = true,
  seed = 1,
  onProgress,
}: HalfWritesOptions): Promise<HalfWritesReport> {
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-half-writes-'));
  const random = createRandom(seed);
  const acknowledged = new Map<string, Acknowledged>();
  let count = 0;
  let halves = 0;
  const start = (work: WriterSettings['work'], stage: WriterSettings['stage']): ChildProcess => {
    const settings: WriterSettings = { folder, stage, journal: hasJournal && join(folder, 'repairs'), work, keys };
    return fork(join(import.meta.dirname, 'writer.ts'), [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--import', join(import.meta.dirname, 'power-cut.ts')],
      // Most of the time is spent on starting.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    });
  };
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const writer = start('write', random.pick(['dualwrite', 'live']));
      // Not the first: records that were written before are to be there.
      let left = 1 + random.integer(8);
      // The protocol of writer.ts.
      writer.on('message', (told: 'half' | Acknowledged) => {
        if (told === 'half') {
          if (--left === 0) writer.kill('SIGKILL');
          return;
        }
        count++;
        acknowledged.set(told.key, told);
      });
      await untilEnded(writer, 'SIGKILL');
      if ((await inspect(folder, new Map())).length > 0) halves++;
      if (kill % 10 === 0) onProgress?.(`${kill} kills, ${count} writes acknowledged`);
    }
    await untilEnded(start('repair', 'dualwrite'), null);
    const durationMs = performance.now() - startedAt;
    return { kills, halves, acknowledged: count, durationMs, violations: await inspect(folder, acknowledged) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatHalfWritesReport(report: HalfWritesReport): string {
  const { kills, halves, acknowledged, violations, durationMs } = report;
  return (
    `${kills} kills, ${halves} with records in one store only, ${acknowledged} writes acknowledged; ` +
    `${violations.length} violations (${(durationMs / 1000).toFixed(0)} s)`
  );
}

async function untilEnded(child: ChildProcess, expected: NodeJS.Signals | null): Promise<void> {
  const [code, signal] = await once(child, 'close');
  if (signal !== expected) throw new Error(`the writer ended with ${code ?? signal}`);
}

/** What differs between the stores, and what is older than what was acknowledged. */
async function inspect(folder: string, acknowledged: ReadonlyMap<string, Acknowledged>): Promise<readonly string[]> {
  const [old, next] = [await readFile(folder, 'old'), await readFile(folder, 'new')];
  const violations: string[] = [];
  for (const key of new Set([...old.keys(), ...next.keys(), ...acknowledged.keys()])) {
    const [a, b] = [old.get(key), next.get(key)];
    if (a?.version !== b?.version || a?.value !== b?.value)
      violations.push(`${key} is ${JSON.stringify(a)} in the old store, ${JSON.stringify(b)} in the new one`);
    const told = acknowledged.get(key);
    const version = a?.version ?? '';
    if (told !== undefined && version < told.version) violations.push(`${key} lost version ${told.version}`);
    if (told?.version === version && told.value !== a?.value) violations.push(`${key} is not what was written`);
  }
  return violations;
}

/** All records by key, tombstones included. */
async function readFile(folder: string, side: 'old' | 'new') {
  const { store, close } = openRecordFile(join(folder, `${side}.db`));
  const { signal } = new AbortController();
  const rows = await store.scan({ after: undefined, upTo: undefined, limit: 1000, signal });
  close();
  return new Map(rows.map((row) => [row.key, row]));
}
