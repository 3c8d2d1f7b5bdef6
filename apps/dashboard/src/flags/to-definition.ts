import type { DefinitionInput, FlagKind, JsonValue } from '@sluice/authoring';
import { readJson } from '../read-json.ts';

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
  if (kind === 'migration') return about;
  const variations =
    kind === 'valve'
      ? splitNames(values).map((mode) => ({ id: mode, value: mode }))
      : splitValues(values).map(toVariation);
  return variations.length === 0 ? about : { ...about, variations };
}

/** JSON where it can be. What is spelled as JSON is no id: the server finds one. */
function toVariation(text: string): { readonly id?: string; readonly value: JsonValue } {
  return { ...(!beginsAsJson(text) && { id: text }), value: parseJsonOrText(text) };
}

function splitNames(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** What begins like JSON and is none: a typo would become a text that code does not expect. And what would be lost. */
export function findValuesFault({ kind, values }: Pick<FlagForm, 'kind' | 'values'>): string | undefined {
  if (kind === 'valve' || kind === 'migration') return undefined;
  const parts = kind === 'config' ? [values] : splitValues(values);
  for (const part of parts) {
    const read = readJson(part);
    if (read.fault === undefined) continue;
    if (read.isJson) return read.fault;
    if (beginsAsJson(part)) return `${part.trim()} begins like JSON and is none: is a quote or a bracket missing?`;
  }
  return undefined;
}

/** By comma, but not by one within JSON. */
function splitValues(text: string): readonly string[] {
  const parts: string[] = [];
  let open = '';
  for (const piece of text.split(',')) {
    const part = open + piece;
    const isOpen = beginsAsJson(part) && !readJson(part).isJson;
    if (!isOpen) parts.push(part);
    open = isOpen ? `${part},` : '';
  }
  return [...parts, open.slice(0, -1)].map((part) => part.trim()).filter((part) => part !== '');
}

function beginsAsJson(text: string): boolean {
  return /^\s*[{["]/.test(text);
}

/** `60`, `[1, 2]` and `"60"` are JSON; what is not is a text. */
function parseJsonOrText(text: string): JsonValue {
  const { value = text } = readJson(text);
  return value;
}
