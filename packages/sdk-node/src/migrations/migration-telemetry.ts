import type { Side } from '@sluice/engine';
import type { MigrationComparison, Telemetry } from '@sluice/sdk-common';
import type { ObservedComparison, ObserveMigration } from './observed.ts';

/** Counts what migrations do. */
export function countMigrations(telemetry: Telemetry): ObserveMigration {
  return (observed) => {
    switch (observed.kind) {
      case 'call': {
        const { outcome } = observed;
        // What the caller gave up says nothing of the store.
        if (outcome === 'aborted') return;
        telemetry.migrationCall({ ...observed, outcome: outcome === 'ok' || outcome === 'stale' ? 'ok' : 'failed' });
        return;
      }
      case 'comparison':
        telemetry.migrationComparison({
          ...observed,
          hasIgnored: observed.ignored > 0,
          mismatch: encodeMismatch(observed),
        });
        return;
      default:
        observed satisfies never;
    }
  };
}

/** Undefined: nothing differs still. */
function encodeMismatch({ record, versions, differences }: ObservedComparison): MigrationComparison['mismatch'] {
  if (record === undefined || versions === undefined) return undefined;
  return {
    record,
    versions: encodeSides(versions),
    differences: differences.map(({ path, ...sides }) => ({ path, ...encodeSides(sides) })),
  };
}

/** What is undefined is not there. */
function encodeSides({ old, new: next }: Readonly<Record<Side, string | undefined>>): Partial<Record<Side, string>> {
  return { ...(old !== undefined && { old }), ...(next !== undefined && { new: next }) };
}
