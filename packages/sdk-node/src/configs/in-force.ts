import { type ConfigInForce, longestConfig } from '@sluice/protocol';

/** How an instance tells of a value: as JSON, or as its hash where that is long; people compare more than they read. */
export function describeInForce(
  key: string,
  raw: unknown,
  { sha256Base64 }: { sha256Base64(text: string): string },
): ConfigInForce {
  const text = toJson(raw);
  return { key, value: text.length <= longestConfig ? text : `sha256:${sha256Base64(text)}` };
}

/** Whatever was accepted is told of, though only test data can have made it of what is no JSON. */
function toJson(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null';
  } catch (error) {
    return JSON.stringify(String(error));
  }
}
