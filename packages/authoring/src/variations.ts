import { listValues } from './config.ts';
import type { FlagState } from './configuration.ts';
import type { JsonValue, Variation } from './definition.ts';

/** The variations that a flag has in an environment. */
export function listVariations({ definition, configuration }: FlagState): readonly Variation[] {
  if (definition.kind !== 'config') return definition.variations;
  // Written by `nameValue`.
  return listValues(configuration).map((id) => ({ id, value: JSON.parse(id) as JsonValue }));
}

/** The name of a config's variation. */
export function nameValue(value: JsonValue): string {
  return JSON.stringify(value);
}
