import type { Side, Stage } from '@sluice/engine';
import type { Difference } from './compare.ts';

/** A store of a migration was asked, for telemetry. */
export interface ObservedStoreCall {
  readonly kind: 'call';
  readonly migration: string;
  readonly stage: Stage;
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
 * no time or room for it, `failed`: the other side could not be read.
 */
export type ComparisonOutcome = 'equal' | 'transient' | 'persistent' | 'dropped' | 'failed';

export interface ObservedComparison {
  readonly kind: 'comparison';
  readonly migration: string;
  readonly stage: Stage;
  readonly outcome: ComparisonOutcome;
  /** How many differences were ignored by rule. */
  readonly ignored: number;
  /** Of a persistent mismatch. */
  readonly differences: readonly Difference[];
}

export type ObserveMigration = (observed: ObservedStoreCall | ObservedComparison) => void;
