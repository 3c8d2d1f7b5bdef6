import { findJsonLoss, type JsonValue } from '@sluice/authoring';
import { usageError } from './errors.ts';

/** JSON that was typed, as it was typed: what could not be kept so is refused, under the name of its option. */
export function parseJson(option: string, given: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(given);
  } catch (error) {
    throw usageError(`${option} must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const loss = findJsonLoss(given);
  if (loss === undefined) return value;
  throw usageError(
    `${option}: ${loss.message}${loss.path === '' ? '' : ` (${loss.path})`}`,
    'A number that must be kept digit by digit is a text: "9007199254740993", with the quotes.',
  );
}

/** The same, where what is not JSON is text. */
export function parseJsonOrText(option: string, given: string): JsonValue {
  try {
    JSON.parse(given);
  } catch {
    return given;
  }
  return parseJson(option, given);
}
