import type { BackfillRangeView, BackfillView } from '@sluice/api-client';
import type { BackfillPace, BackfillTally, BackfillVerification } from '@sluice/protocol';
import type { BackfillRangeRow } from '../database/schema.ts';

export function toBackfillView(flag: string, rows: readonly BackfillRangeRow[], now: number): BackfillView {
  const ranges = rows.map((row) => toRangeView(row, now));
  const add = (pick: (range: BackfillRangeView) => number) => ranges.reduce((sum, range) => sum + pick(range), 0);
  const states = { todo: 0, running: 0, done: 0, verified: 0, dirty: 0 };
  for (const { state } of ranges) states[state]++;
  const reasons = ranges.flatMap(({ reason }) => reason ?? []);
  return {
    flag,
    isVerified: ranges.length > 0 && states.verified === ranges.length,
    states,
    rows: add(({ rows: count }) => count),
    inserted: add(({ inserted }) => inserted),
    equal: add(({ equal }) => equal),
    skippedNewer: add(({ skippedNewer }) => skippedNewer),
    failed: add(({ failed }) => failed),
    repaired: add(({ verification }) => verification?.repaired ?? 0),
    workers: [...new Set(ranges.flatMap(({ worker }) => worker ?? []))],
    rowsPerSecond: add(({ rowsPerSecond }) => rowsPerSecond ?? 0),
    throttleReasons: [...new Set(reasons)],
    ranges,
  };
}

function toRangeView(row: BackfillRangeRow, now: number): BackfillRangeView {
  const { position, after, upTo, state, tallyJson, verificationJson, paceJson, worker, leasedUntil } = row;
  const isHeld = leasedUntil !== null && leasedUntil >= now;
  // All of it was written by this program.
  const pace = isHeld && paceJson !== null ? (JSON.parse(paceJson) as BackfillPace) : undefined;
  return {
    position,
    ...(after !== null && { after }),
    ...(upTo !== null && { upTo }),
    state,
    ...(JSON.parse(tallyJson) as BackfillTally),
    ...(isHeld && worker !== null && { worker, leasedUntil }),
    ...pace,
    ...(verificationJson !== null && { verification: JSON.parse(verificationJson) as BackfillVerification }),
  };
}
