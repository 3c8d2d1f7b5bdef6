import { compileClauses, type Match, type Surroundings, type Test } from './clause.ts';
import { findAttributes, noteBigSegmentsStatus, type Scope } from './evaluation.ts';
import type { Segment, SegmentRule, SegmentTarget } from './flag.ts';
import { compileBucket } from './rollout.ts';

/** Tests whether the evaluation's context is in the segment. Included comes before excluded, and both before the rules. Recursion on one path is malformed. */
export function compileSegment(segment: Segment, around: Surroundings): Test {
  const decideByList = segment.unbounded === true ? compileBigSegment(segment) : compileLists(segment);
  const rules = (segment.rules ?? []).map((rule) => compileSegmentRule(rule, segment, around));
  // Without rules there is nothing to recurse into.
  if (rules.length === 0) return (scope) => decideByList(scope) ?? false;
  let visiting = 0;
  return (scope) => {
    if (visiting === scope.serial) return 'malformed';
    const decided = decideByList(scope);
    if (decided !== undefined) return decided;
    visiting = scope.serial;
    const match = matchAny(rules, scope);
    visiting = 0;
    return match;
  };
}

function matchAny(tests: readonly Test[], scope: Scope): Match {
  for (const test of tests) {
    const match = test(scope);
    if (match !== false) return match;
  }
  return false;
}

type ListDecision = (scope: Scope) => boolean | undefined;

function compileLists(segment: Segment): ListDecision {
  const included = mergeByKind([{ values: segment.included ?? [] }, ...(segment.includedContexts ?? [])]);
  const excluded = mergeByKind([{ values: segment.excluded ?? [] }, ...(segment.excludedContexts ?? [])]);
  const [only] = included;
  if (only !== undefined && included.length === 1 && excluded.length === 0) {
    const { kind, keys } = only;
    return (scope) => {
      const attributes = findAttributes(scope, kind);
      return attributes !== undefined && keys.has(attributes.key) ? true : undefined;
    };
  }
  return (scope) => {
    if (isListed(included, scope)) return true;
    return isListed(excluded, scope) ? false : undefined;
  };
}

interface KeysOfKind {
  readonly kind: string;
  readonly keys: ReadonlySet<string>;
}

function mergeByKind(targets: readonly SegmentTarget[]): readonly KeysOfKind[] {
  const kinds = new Map<string, Set<string>>();
  for (const { contextKind, values } of targets) {
    if (values === undefined || values === null || values.length === 0) continue;
    const kind = contextKind || 'user';
    const keys = kinds.get(kind) ?? new Set();
    kinds.set(kind, keys);
    for (const value of values) keys.add(value);
  }
  return [...kinds].map(([kind, keys]) => ({ kind, keys }));
}

function isListed(lists: readonly KeysOfKind[], scope: Scope): boolean {
  for (let index = 0; index < lists.length; index++) {
    const list = lists[index];
    if (list === undefined) continue;
    const attributes = findAttributes(scope, list.kind);
    if (attributes !== undefined && list.keys.has(attributes.key)) return true;
  }
  return false;
}

/** Members are looked up outside the payload; where they are unknown, the rules decide. */
function compileBigSegment({ key, generation, unboundedContextKind }: Segment): ListDecision {
  const kind = unboundedContextKind || 'user';
  const reference = `${key}.g${generation}`;
  return (scope) => {
    if (generation === undefined || generation === null) {
      noteBigSegmentsStatus(scope, 'NOT_CONFIGURED');
      return false;
    }
    const attributes = findAttributes(scope, kind);
    if (attributes === undefined) return false;
    const answer = scope.bigSegments?.find(attributes.key);
    noteBigSegmentsStatus(scope, answer?.status ?? 'NOT_CONFIGURED');
    return answer !== undefined && Object.hasOwn(answer.membership, reference)
      ? answer.membership[reference]
      : undefined;
  };
}

function compileSegmentRule(rule: SegmentRule, segment: Segment, around: Surroundings): Test {
  const matches = compileClauses(rule.clauses, around);
  const { weight } = rule;
  if (weight === undefined || weight === null) return matches;
  const bucketOf = compileBucket({
    prefix: `${segment.key}.${segment.salt ?? ''}`,
    contextKind: rule.rolloutContextKind,
    bucketBy: rule.bucketBy,
  });
  return (scope) => {
    const match = matches(scope);
    if (match !== true) return match;
    if (bucketOf === undefined) return 'malformed';
    const bucket = bucketOf(scope);
    // A context without the kind is in no share.
    return bucket !== undefined && bucket < weight / 100_000;
  };
}
