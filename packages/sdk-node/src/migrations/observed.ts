import type { Side, Stage } from '@sluice/engine';
import type { Log } from '@sluice/sdk-common';
import type { Difference } from './compare.ts';

/** Where a record was when something was done to it. */
export interface RecordPlace {
  readonly stage: Stage;
  /** Id of the rule that put it there; `default`: none did. */
  readonly cohort: string;
}

/** A store of a migration was asked, for telemetry. */
export interface ObservedStoreCall extends RecordPlace {
  readonly kind: 'call';
  readonly migration: string;
  readonly operation: 'read' | 'write' | 'remove';
  readonly side: Side;
  /** Whose answer counts: `authority`; the other side is only kept up with it. */
  readonly role: 'authority' | 'other';
  /** `stale`: the store has a higher version already. `late`, `aborted`: nobody waits for it any more. */
  readonly outcome: 'ok' | 'stale' | 'failed' | 'late' | 'aborted';
  readonly durationMs: number;
}

/**
 * What became of a comparison: `transient` differences were gone when both sides were read again; `dropped`: there was
 * no time or room for it, or the record was being written or repaired all the while; `failed`: the other side could not be
 * read.
 */
export type ComparisonOutcome = 'equal' | 'transient' | 'persistent' | 'dropped' | 'failed';

export interface ObservedComparison extends RecordPlace {
  readonly kind: 'comparison';
  readonly migration: string;
  readonly outcome: ComparisonOutcome;
  /** How many differences were ignored by rule. */
  readonly ignored: number;
  /** Of a persistent mismatch. */
  readonly differences: readonly Difference[];
  /** Of a persistent mismatch: the record's key; where no values are to be shown, the SHA-256 of it. */
  readonly record?: string;
  /** Of a persistent mismatch, on both sides; undefined: there is nothing. */
  readonly versions?: Readonly<Record<Side, string | undefined>>;
}

export type ObserveMigration = (observed: ObservedStoreCall | ObservedComparison) => void;

/** The same, but what it throws stops nobody, and is logged once. */
export function guardObserve(observe: ObserveMigration, migration: string, log: Log): ObserveMigration {
  let hasFailed = false;
  return (observed) => {
    try {
      observe(observed);
    } catch (error) {
      if (!hasFailed)
        log.error(`migration ${migration}: whoever is told of calls and comparisons failed: ${String(error)}`);
      hasFailed = true;
    }
  };
}
