import type { MigrationRowView } from '@sluice/api-client';
import { listStagesInForce } from '@sluice/authoring';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import type { StoredFlag } from '../flags/flag-queries.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { describeHoldouts } from './barrier.ts';
import { gatherEvidence, listChecks } from './checklist.ts';

interface Asked {
  readonly environment: EnvironmentRow;
  readonly now: number;
  readonly fleet: FleetRecord;
}

/** Evidence is gathered only of what is on its way: of everything else there is nothing to decide. */
export async function toMigrationRow(
  reads: Reads,
  { definition, configuration, version, touchedVersion }: StoredFlag,
  { environment, now, fleet }: Asked,
): Promise<MigrationRowView> {
  const { key, name, description, owner, archived } = definition;
  const { fallthrough, rules } = configuration;
  const row = { key, name, description, owner, archived, fallthrough, rules, version: touchedVersion };
  const [stage, ...others] = listStagesInForce(configuration);
  if (archived || (others.length === 0 && (stage === 'off' || stage === 'complete'))) return row;
  const evidence = await gatherEvidence(reads, { environment, key, version, now }, fleet);
  const { ready, holdouts } = describeHoldouts(fleet, { key, epoch: environment.epoch, version });
  return { ...row, barrier: { ready, waitsFor: holdouts.length, checks: [...listChecks(evidence)], ...evidence } };
}
