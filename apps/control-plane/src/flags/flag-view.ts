import type { EnvironmentFlagView } from '@sluice/api-client';
import { listVariations } from '@sluice/authoring';
import { toTripView } from '../valves/trip-view.ts';
import type { StoredFlag } from './flag-queries.ts';

/** `now`: trips whose time is over by then are overdue. */
export function toEnvironmentFlagView(
  { definition, configuration, touchedVersion }: StoredFlag,
  now: number,
): EnvironmentFlagView {
  // The salt decides who falls into which share; it is nobody's business but the engine's.
  const { salt: _, ...shown } = configuration;
  const rules = shown.rules.map(({ trip, ...rule }) =>
    trip === undefined ? rule : { ...rule, trip: toTripView(trip, now) },
  );
  const variations = listVariations({ definition, configuration });
  return { ...definition, ...shown, variations, rules, version: touchedVersion };
}
