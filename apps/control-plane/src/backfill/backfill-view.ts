import type { BackfillRangeView } from '@sluice/api-client';
import type { BackfillPace, BackfillTally, BackfillVerification } from '@sluice/protocol';
import type { BackfillRangeRow } from '../database/schema.ts';

/** Whether a worker has it. */
export function isHeld({ leasedUntil }: Pick<BackfillRangeRow, 'leasedUntil'>, now: number): boolean {
  return leasedUntil !== null && leasedUntil >= now;
}

export function toRangeView(row: BackfillRangeRow, now: number): BackfillRangeView {
  const { position, after, upTo, state, tallyJson, verificationJson, paceJson, worker, leasedUntil } = row;
  // All of it was written by this program.
  const pace = isHeld(row, now) && paceJson !== null ? (JSON.parse(paceJson) as BackfillPace) : undefined;
  return {
    position,
    ...(after !== null && { after }),
    ...(upTo !== null && { upTo }),
    state,
    ...(JSON.parse(tallyJson) as BackfillTally),
    ...(isHeld(row, now) && worker !== null && leasedUntil !== null && { worker, leasedUntil }),
    ...pace,
    ...(verificationJson !== null && { verification: JSON.parse(verificationJson) as BackfillVerification }),
  };
}
