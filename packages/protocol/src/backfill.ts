/** What became of a range's records so far. */
export interface BackfillTally {
  /** Records of the source, tombstones included. */
  readonly rows: number;
  readonly inserted: number;
  /** The target had the record with the same version. */
  readonly equal: number;
  /** The target had a higher version. */
  readonly skippedNewer: number;
  /** The target did not take them, however often it was asked. */
  readonly failed: number;
}

/** A range of records that one worker has, until it has not told of progress for `leaseMs`. */
export interface BackfillLease {
  readonly position: number;
  /** Comes with everything that is told of the range: who has an older one has lost it. */
  readonly fence: number;
  readonly leaseMs: number;
  /** Keys above this one; absent: from the first. */
  readonly after?: string;
  /** Up to this one, included; absent: to the last. */
  readonly upTo?: string;
  /** The last key that is copied; absent: none is. */
  readonly cursor?: string;
  /** All of it is: what is left is to verify it. */
  readonly isCopied: boolean;
  readonly tally: BackfillTally;
}

/** What a worker that asks for work is to do. */
export type BackfillClaim =
  | { readonly kind: 'range'; readonly lease: BackfillLease; readonly standing: BackfillStanding }
  /** There are no ranges yet: say where they are to end. */
  | { readonly kind: 'propose' }
  /** Ask again in a while. */
  | { readonly kind: 'wait'; readonly reason: string; readonly retryMs: number }
  | { readonly kind: 'finished'; readonly standing: BackfillStanding };

/** How far all workers together are. */
export interface BackfillStanding {
  /** How many have a range now. */
  readonly workers: number;
  readonly ranges: number;
  /** How many of the ranges are copied, and of these verified. */
  readonly copied: number;
  readonly verified: number;
}

/** One side of a range, in a form that does not depend on the order of its records. */
export interface BackfillSum {
  readonly count: number;
  /** Sum of the records' hashes mod 2^64, as 16 hexadecimal digits. */
  readonly sum: string;
  /** Absent where there is no record. */
  readonly maxVersion?: string;
}

export interface BackfillVerification {
  readonly old: BackfillSum;
  readonly new: BackfillSum;
  /** Records that differed, and were brought to what the source has. */
  readonly repaired: number;
  /** Records that differ, and why they cannot be repaired; the first of them. */
  readonly reported: readonly BackfillFinding[];
}

export interface BackfillFinding {
  readonly key: string;
  readonly reason: string;
}

/** How fast a worker is, in records per second, and what slows it down. */
export interface BackfillPace {
  readonly rowsPerSecond: number;
  readonly reason?: string;
}
