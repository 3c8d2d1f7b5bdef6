import type { Reads, Writes } from '../database/schema.ts';
import type { ServerContext } from '../server-context.ts';
import { describeReach, type Reach } from './convergence.ts';
import type { FleetRecord } from './fleet-record.ts';
import type { Track } from './track.ts';

/** Looked at so long after a change was made. */
const momentsMs = [1000, 10_000, 60_000];

/** What is kept of how far a change got: what was known of it only while the servers ran that published it. */
export interface ConvergenceSummary extends Pick<Reach, 'expected' | 'accepted' | 'reachedMs' | 'curve'> {
  /** When it was looked at. */
  readonly elapsedMs: number | undefined;
}

/**
 * Writes down how far changes got, a second, ten, and a minute after they were made: the one server that leads does so
 * for the instances of all. Returns what is to be called every second.
 */
export function createConvergenceRecorder(): (context: ServerContext) => Promise<void> {
  /** How many moments of a change were written down. */
  const written = new WeakMap<Track, number>();

  return async ({ fleet, readFleet, leadership, platform }) => {
    if (!leadership.isLeading) return;
    const now = platform.elapsed();
    const due = [...fleet.list()].flatMap(([environmentId, { tracks }]) =>
      tracks
        .map((track) => ({ environmentId, track, moments: countMoments(track, now) }))
        .filter(({ track, moments }) => moments > (written.get(track) ?? 0)),
    );
    if (due.length === 0) return;
    const records = new Map<string, FleetRecord>();
    for (const { environmentId } of due) {
      if (!records.has(environmentId)) records.set(environmentId, await readFleet(environmentId));
    }
    await leadership.write(async (writes) => {
      for (const { environmentId, track } of due) {
        const record = records.get(environmentId);
        if (record !== undefined) await write(writes, environmentId, track, describeReach(record, { ...track, now }));
      }
    });
    for (const { track, moments } of due) written.set(track, moments);
  };
}

function countMoments({ publishedAt }: Track, now: number): number {
  return momentsMs.filter((ms) => now - publishedAt >= ms).length;
}

/** Undefined: nobody was there. */
export async function findConvergence(
  reads: Reads,
  environmentId: string,
  version: number,
): Promise<ConvergenceSummary | undefined> {
  const row = await reads
    .selectFrom('convergences')
    .select('summaryJson')
    .where('environmentId', '=', environmentId)
    .where('version', '=', version)
    .executeTakeFirst();
  // Written by this program.
  return row && (JSON.parse(row.summaryJson) as ConvergenceSummary);
}

/** What is kept of all versions from one to another. */
export async function listConvergences(
  reads: Reads,
  environmentId: string,
  from: number,
  to: number,
): Promise<ReadonlyMap<number, ConvergenceSummary>> {
  const rows = await reads
    .selectFrom('convergences')
    .select(['version', 'summaryJson'])
    .where('environmentId', '=', environmentId)
    .where('version', '>=', from)
    .where('version', '<=', to)
    .execute();
  // Written by this program.
  return new Map(rows.map(({ version, summaryJson }) => [version, JSON.parse(summaryJson) as ConvergenceSummary]));
}

/** Of changes that nobody was there for, or that nobody remembers any more, there is nothing to write. */
async function write(
  writes: Writes,
  environmentId: string,
  { version }: Track,
  { expected, accepted, elapsedMs, reachedMs, curve }: Reach,
): Promise<void> {
  if (expected === 0 || reachedMs === undefined || curve === undefined) return;
  const summaryJson = JSON.stringify({ expected, accepted, elapsedMs, reachedMs, curve } satisfies ConvergenceSummary);
  await writes
    .insertInto('convergences')
    .values({ environmentId, version, summaryJson })
    .onConflict((conflict) => conflict.columns(['environmentId', 'version']).doUpdateSet({ summaryJson }))
    .execute();
}
