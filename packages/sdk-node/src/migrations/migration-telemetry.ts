import type { Telemetry } from '@sluice/sdk-common';
import type { ObserveMigration } from './observed.ts';

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
        telemetry.migrationComparison({ ...observed, hasIgnored: observed.ignored > 0 });
        return;
      default:
        observed satisfies never;
    }
  };
}
