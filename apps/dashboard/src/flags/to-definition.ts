import type { DefinitionInput, FlagKind, JsonValue } from '@sluice/authoring';

/** What the form of a new flag says. */
export interface FlagForm {
  readonly key: string;
  readonly kind: FlagKind;
  readonly owner: string;
  /** Variations or modes by comma, or the value of a config. */
  readonly values: string;
}

export function toDefinition({ key, kind, owner, values }: FlagForm): DefinitionInput {
  const about = { key: key.trim(), kind, ...(owner.trim() !== '' && { owner: owner.trim() }) };
  if (kind === 'config') return { ...about, value: parseJsonOrText(values) };
  const parts = values
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0 || kind === 'migration') return about;
  // Variations of a release are JSON where they can be; modes are names.
  return {
    ...about,
    variations: parts.map((part) => ({ id: part, value: kind === 'valve' ? part : parseJsonOrText(part) })),
  };
}

/** `60`, `[1, 2]` and `"60"` are JSON; what is not is a text. */
function parseJsonOrText(text: string): JsonValue {
  try {
    // Whatever JSON there is.
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
