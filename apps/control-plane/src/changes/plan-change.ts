import {
  type Applied,
  apply,
  type ChangeRequest,
  compileFlag,
  compileSegment,
  describeDifference,
  type Effect,
  type FlagState,
  type Instruction,
  isProblem,
  type Lookup,
  listOwnOperators,
  listVariations,
  type ObjectId,
  type Problem,
  type SegmentState,
} from '@sluice/authoring';

/** What a change does to one object. */
export interface Touch {
  readonly id: ObjectId;
  readonly before: FlagState | SegmentState | undefined;
  readonly after: FlagState | SegmentState | undefined;
}

/** What has to be written for a change; `compile` gives an object's JSON as of a version, or nothing if it is gone. */
export interface ChangePlan {
  /** The instructions as they are recorded. */
  readonly instructions: readonly Instruction[];
  /** Objects that the instructions addressed. */
  readonly touches: readonly Touch[];
  /** Objects whose compiled form may differ: those touched, and those compiled from what they say. */
  readonly affected: readonly ObjectId[];
  readonly compile: (id: ObjectId, version: number) => string | undefined;
  /** What changed, in words. */
  readonly effects: readonly Effect[];
}

/** Follows the instructions and finds out whom that affects. Pure: looks only where the look-up leads. */
export function planChange(request: ChangeRequest, lookup: Lookup): ChangePlan | Problem {
  const applied = apply(request, lookup);
  if (isProblem(applied)) return applied;
  const { flags, segments, instructions } = applied;
  const after: Lookup = {
    ...lookup,
    findFlag: (key) => (flags.has(key) ? flags.get(key) : lookup.findFlag(key)),
    findSegment: (key) => (segments.has(key) ? segments.get(key) : lookup.findSegment(key)),
  };
  const touches = listTouches(applied, lookup);
  const affected = listAffected(touches, lookup, after);
  const compile = ({ kind, key }: ObjectId, version: number): string | undefined => {
    const compiled = kind === 'flag' ? compileFlagOf(after, key, version) : compileSegmentOf(after, key, version);
    return compiled === undefined ? undefined : JSON.stringify(compiled);
  };
  // Whatever compiling looks up is looked up now, while the look-up can still load it.
  for (const id of affected) compile(id, 0);
  const effects = touches.flatMap(({ id, before, after: state }) => describeDifference(id, before, state));
  return { instructions, touches, affected, compile, effects };
}

function compileFlagOf(lookup: Lookup, key: string, version: number) {
  const flag = lookup.findFlag(key);
  return flag === undefined ? undefined : compileFlag(flag, version, lookup);
}

function compileSegmentOf(lookup: Lookup, key: string, version: number) {
  const segment = lookup.findSegment(key);
  return segment === undefined ? undefined : compileSegment(segment, version, lookup);
}

function listTouches({ flags, segments }: Applied, lookup: Lookup): readonly Touch[] {
  return [
    ...[...flags].map(([key, after]): Touch => ({ id: { kind: 'flag', key }, before: lookup.findFlag(key), after })),
    ...[...segments].map(
      ([key, after]): Touch => ({ id: { kind: 'segment', key }, before: lookup.findSegment(key), after }),
    ),
  ];
}

/**
 * The touched objects, then whoever is compiled from something about them that changed, and so on. A flag shows its
 * dependents the places of its variations, a segment the operators that it needs.
 */
function listAffected(touches: readonly Touch[], before: Lookup, after: Lookup): readonly ObjectId[] {
  const affected = new Map(touches.map(({ id }) => [`${id.kind}/${id.key}`, id]));
  // Maps visit what is added meanwhile.
  for (const id of affected.values()) {
    if (faceOf(id, before) === faceOf(id, after)) continue;
    for (const dependent of before.listDependents(id)) affected.set(`${dependent.kind}/${dependent.key}`, dependent);
  }
  return [...affected.values()];
}

function faceOf({ kind, key }: ObjectId, lookup: Lookup): string {
  if (kind === 'flag') {
    const flag = lookup.findFlag(key);
    return JSON.stringify(flag === undefined ? [] : listVariations(flag).map(({ id }) => id));
  }
  const rules = lookup.findSegment(key)?.rules ?? [];
  return JSON.stringify(
    [
      ...listOwnOperators(
        rules.flatMap(({ clauses }) => clauses),
        lookup,
      ),
    ].sort(),
  );
}
