import type { Clause, FlagState, Rule, Share } from './configuration.ts';
import type { SegmentState } from './segment.ts';

/**
 * A rule for a share of contexts asks a segment that is made for it. A rollout in the rule itself would end the
 * evaluation for everybody else who matches, and would take in contexts that lack its kind.
 */

/** People's keys have no colon, so that nobody's segment is in the way. */
const separator = ':';

/** The clause by which a rule asks its segment; undefined: the rule is for all that match. */
export function askMadeSegment(flag: string, { id, trip }: Rule): Clause | undefined {
  return trip?.share === undefined ? undefined : { op: 'segmentMatch', values: [keyOf(flag, id)] };
}

/** The segments that a flag needs, by key. */
export function listMadeSegments(flag: FlagState | undefined): ReadonlyMap<string, SegmentState> {
  const segments = (flag?.configuration.rules ?? []).flatMap((rule) => {
    const share = rule.trip?.share;
    return flag === undefined || share === undefined ? [] : [makeSegment(flag.definition.key, rule.id, share)];
  });
  return new Map(segments.map((segment) => [segment.key, segment]));
}

export function isMadeKey(key: string): boolean {
  return key.includes(separator);
}

function keyOf(flag: string, rule: string): string {
  return `${flag}${separator}${rule}`;
}

function makeSegment(flag: string, rule: string, { contextKind, weight }: Share): SegmentState {
  const key = keyOf(flag, rule);
  return {
    key,
    name: key,
    description: '',
    tags: [],
    included: [],
    excluded: [],
    rules: [{ id: rule, clauses: [{ attribute: 'kind', op: 'in', values: [contextKind] }], weight, contextKind }],
    salt: key,
    madeFor: flag,
  };
}
