import type { Payload, WireObject } from '@sluice/protocol';

/** A flag as it travels; `json` is there for tests that only look at texts. */
export function buildWireFlag(key: string, version: number, json?: string): WireObject {
  return { kind: 'flag', key, version, json: json ?? JSON.stringify({ key, version, on: true }) };
}

export function buildWireSegment(key: string, version: number): WireObject {
  return { kind: 'segment', key, version, json: JSON.stringify({ key, version }) };
}

/** What is sent of an object that was deleted. */
export function buildTombstone(key: string, version: number): WireObject {
  return { kind: 'flag', key, version, json: undefined };
}

/** Objects of epoch `e1`, at the version of the last of them. */
export function buildPayload(...objects: readonly WireObject[]): Payload {
  return { epoch: 'e1', version: objects.at(-1)?.version ?? 0, objects };
}
