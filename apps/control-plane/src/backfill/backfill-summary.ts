import type { BackfillSummaryView } from '@sluice/api-client';
import type { BackfillPace, BackfillTally, BackfillVerification } from '@sluice/protocol';
import type { Reads } from '../database/schema.ts';
import type { Subject } from './backfill-queries.ts';
import { isHeld } from './backfill-view.ts';

type State = BackfillSummaryView['map'][number];

/** There may be 100,000 ranges: so many are in memory at a time. */
const readAtOnce = 1000;
/** The map has so many cells at most. */
const mostCells = 480;
/** Who looks at a map wants to see what is amiss. */
const furthestFirst: readonly State[] = ['dirty', 'todo', 'running', 'done', 'verified'];

/** All ranges together, of which there are so many. */
export async function summarise(
  reads: Reads,
  subject: Subject,
  { ranges, now }: { readonly ranges: number; readonly now: number },
): Promise<BackfillSummaryView> {
  const states = { todo: 0, running: 0, done: 0, verified: 0, dirty: 0 };
  const tally = { rows: 0, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 };
  const workers = new Set<string>();
  const throttleReasons = new Set<string>();
  const map: State[] = [];
  const rangesPerCell = Math.max(1, Math.ceil(ranges / mostCells));
  let repaired = 0;
  let rowsPerSecond = 0;
  for await (const range of ranges === 0 ? [] : readAll(reads, subject)) {
    states[range.state]++;
    // All of it was written by this program.
    const counts = JSON.parse(range.tallyJson) as BackfillTally;
    for (const name of ['rows', 'inserted', 'equal', 'skippedNewer', 'failed'] as const) tally[name] += counts[name];
    if (range.verificationJson !== null)
      repaired += (JSON.parse(range.verificationJson) as BackfillVerification).repaired;
    if (isHeld(range, now)) {
      if (range.worker !== null) workers.add(range.worker);
      const pace = range.paceJson === null ? undefined : (JSON.parse(range.paceJson) as BackfillPace);
      rowsPerSecond += pace?.rowsPerSecond ?? 0;
      if (pace?.reason !== undefined) throttleReasons.add(pace.reason);
    }
    const cell = Math.floor(range.position / rangesPerCell);
    map[cell] = furthest(map[cell] ?? 'verified', range.state);
  }
  return {
    isVerified: ranges > 0 && states.verified === ranges,
    states,
    ...tally,
    repaired,
    workers: [...workers],
    rowsPerSecond,
    throttleReasons: [...throttleReasons],
    rangesPerCell,
    map,
  };
}

function furthest(one: State, other: State): State {
  return furthestFirst.indexOf(one) <= furthestFirst.indexOf(other) ? one : other;
}

async function* readAll(reads: Reads, { environment, key }: Subject) {
  for (let after = -1; ; ) {
    const rows = await reads
      .selectFrom('backfillRanges')
      .select(['position', 'state', 'tallyJson', 'verificationJson', 'paceJson', 'worker', 'leasedUntil'])
      .where('environmentId', '=', environment.id)
      .where('flagKey', '=', key)
      .where('position', '>', after)
      .orderBy('position')
      .limit(readAtOnce)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < readAtOnce) return;
    after = last.position;
  }
}
