/** What the programs of the proof of backfills are told when they start, as JSON in their only argument. */
export interface BackfillProofSettings {
  readonly url: string;
  readonly sdkKey: string;
  /** Of the files of both stores, and of what is counted. */
  readonly folder: string;
  /** Records that were there before: `k0000000` and so on. */
  readonly rows: number;
  /** Of all workers together, per second. */
  readonly rate: number;
  readonly writesPerSecond: number;
  readonly removesPerSecond: number;
  /** What is left out, to show that the proof finds that out. */
  readonly without?: 'guard' | 'tombstones' | undefined;
}

export const nameRecord = (at: number): string => `k${String(at).padStart(7, '0')}`;
