import type { EnvironmentFlagView } from '@sluice/api-client';
import type { StoredFlag } from './flag-queries.ts';

export function toEnvironmentFlagView({ definition, configuration, version }: StoredFlag): EnvironmentFlagView {
  // The salt decides who falls into which share; it is nobody's business but the engine's.
  const { salt: _, ...shown } = configuration;
  return { ...definition, ...shown, version };
}
