import type { Flag, Segment } from '@sluice/engine';

/** A flag that is on and serves true to everybody, except for what `fields` say. */
export function flagOf(key: string, fields: Partial<Flag> = {}): Flag {
  return {
    key,
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: 1,
    fallthrough: { variation: 0 },
    ...fields,
  };
}

/** A segment that contains nobody, except for what `fields` say. */
export function segmentOf(key: string, fields: Partial<Segment> = {}): Segment {
  return { key, version: 1, ...fields };
}
