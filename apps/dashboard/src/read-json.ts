import { findJsonLoss, type JsonValue } from '@sluice/authoring';

/** The value, or in words why it cannot be taken. */
export type ReadJson =
  | { readonly value: JsonValue; readonly fault?: undefined; readonly isJson: true }
  | { readonly value?: undefined; readonly fault: string; readonly isJson: boolean };

/** What a text says as JSON. JSON of which something would be lost without a word is refused, as by the server. */
export function readJson(text: string): ReadJson {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `Not JSON: ${error instanceof Error ? error.message : String(error)}`, isJson: false };
  }
  const loss = findJsonLoss(text);
  if (loss === undefined) return { value, isJson: true };
  return { fault: loss.path === '' ? loss.message : `${loss.path}: ${loss.message}`, isJson: true };
}
