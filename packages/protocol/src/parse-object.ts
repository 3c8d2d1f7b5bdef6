import type { Flag, Segment } from '@sluice/engine';
import type { ObjectKind } from './objects.ts';
import {
  aBoolean,
  aNumber,
  anInteger,
  anything,
  aString,
  listOf,
  type Malformation,
  objectOf,
  optional,
  type Shape,
} from './shape.ts';

/** An object that was received and checked; `deleted` stands for its tombstone. */
export type ReceivedObject =
  | { readonly kind: 'flag'; readonly flag: Flag }
  | { readonly kind: 'segment'; readonly segment: Segment };

const rolloutShape = objectOf({
  kind: optional(aString),
  contextKind: optional(aString),
  bucketBy: optional(aString),
  seed: optional(anInteger),
  variations: optional(listOf(objectOf({ variation: anInteger, weight: anInteger, untracked: optional(aBoolean) }))),
});

const clauseShape = objectOf({
  contextKind: optional(aString),
  attribute: optional(aString),
  op: aString,
  values: optional(listOf(anything)),
  negate: optional(aBoolean),
});

const serveFields = { variation: optional(anInteger), rollout: optional(rolloutShape) };

const targetShape = objectOf({
  contextKind: optional(aString),
  values: optional(listOf(aString)),
  variation: anInteger,
});

const flagShape = objectOf({
  key: aString,
  version: anInteger,
  deleted: optional(aBoolean),
  on: optional(aBoolean),
  variations: optional(listOf(anything)),
  offVariation: optional(anInteger),
  fallthrough: optional(objectOf(serveFields)),
  prerequisites: optional(listOf(objectOf({ key: aString, variation: anInteger }))),
  targets: optional(listOf(targetShape)),
  contextTargets: optional(listOf(targetShape)),
  rules: optional(
    listOf(
      objectOf({
        id: optional(aString),
        clauses: optional(listOf(clauseShape)),
        trackEvents: optional(aBoolean),
        ...serveFields,
      }),
    ),
  ),
  salt: optional(aString),
  trackEvents: optional(aBoolean),
  trackEventsFallthrough: optional(aBoolean),
  debugEventsUntilDate: optional(aNumber),
  clientSide: optional(aBoolean),
  clientSideAvailability: optional(
    objectOf({ usingMobileKey: optional(aBoolean), usingEnvironmentId: optional(aBoolean) }),
  ),
  samplingRatio: optional(anInteger),
  excludeFromSummaries: optional(aBoolean),
  migration: optional(objectOf({ checkRatio: optional(anInteger) })),
});

const membersShape = objectOf({ contextKind: optional(aString), values: optional(listOf(aString)) });

const segmentShape = objectOf({
  key: aString,
  version: anInteger,
  deleted: optional(aBoolean),
  salt: optional(aString),
  included: optional(listOf(aString)),
  excluded: optional(listOf(aString)),
  includedContexts: optional(listOf(membersShape)),
  excludedContexts: optional(listOf(membersShape)),
  rules: optional(
    listOf(
      objectOf({
        id: optional(aString),
        clauses: optional(listOf(clauseShape)),
        weight: optional(anInteger),
        bucketBy: optional(aString),
        rolloutContextKind: optional(aString),
      }),
    ),
  ),
  unbounded: optional(aBoolean),
  unboundedContextKind: optional(aString),
  generation: optional(anInteger),
});

const shapes: Readonly<Record<ObjectKind, Shape>> = { flag: flagShape, segment: segmentShape };

/**
 * Checks a flag or segment from outside. Only its shape: a variation that does not exist, say, makes an evaluation
 * malformed that meets it, and not the payload. Unknown properties stay.
 */
export function parseObject(kind: ObjectKind, value: unknown, path: string): ReceivedObject | Malformation {
  const wrong = shapes[kind](value, path);
  if (wrong !== undefined) return wrong;
  // The shape says so.
  return kind === 'flag' ? { kind, flag: value as Flag } : { kind, segment: value as Segment };
}

/** The tombstone of an object. */
export function tombstone(kind: ObjectKind, key: string, version: number): ReceivedObject {
  const deleted = { key, version, deleted: true };
  return kind === 'flag' ? { kind, flag: deleted } : { kind, segment: deleted };
}

export function isMalformation(value: object): value is Malformation {
  return 'expected' in value;
}
