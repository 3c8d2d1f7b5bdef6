import type { Clause } from './configuration.ts';

/** A reusable set of contexts in one environment. */
export interface SegmentState {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly included: readonly SegmentMembers[];
  /** Excluded unless also included. */
  readonly excluded: readonly SegmentMembers[];
  readonly rules: readonly SegmentRule[];
  readonly salt: string;
  /** The flag that it was made for: nobody edits it, and it comes and goes with what the flag says. */
  readonly madeFor?: string | undefined;
}

export interface SegmentMembers {
  readonly contextKind: string;
  readonly keys: readonly string[];
}

export interface SegmentRule {
  readonly id: string;
  readonly name?: string | undefined;
  readonly clauses: readonly Clause[];
  /** Share of the matching contexts, in thousandths of a percent; absent: all. */
  readonly weight?: number | undefined;
  readonly contextKind?: string | undefined;
  readonly bucketBy?: string | undefined;
}
