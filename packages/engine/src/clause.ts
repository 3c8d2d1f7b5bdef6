import { type AttributeReader, createAttributeReader, parseAttributeReference } from './attribute-reference.ts';
import { findAttributes, listVisibleKinds, type Scope } from './evaluation.ts';
import type { Clause } from './flag.ts';
import { createMatcher, type RegexCompiler } from './operators.ts';

/** Whether something matches; `malformed` ends the evaluation of the whole flag. */
export type Match = true | false | 'malformed';

export type Test = (scope: Scope) => Match;

/** What compiling needs from its surroundings. */
export interface Surroundings {
  readonly regex: RegexCompiler;
  /** A test of the segment as it is at the time of the test; a missing one contains nobody. */
  readonly segmentTest: (key: string) => Test;
}

const malformed: Test = () => 'malformed';

/** All must match; an empty list matches. The first that does not match, or is malformed, decides. */
export function compileClauses(clauses: readonly Clause[] | undefined | null, around: Surroundings): Test {
  const tests = (clauses ?? []).map((clause) => compileClause(clause, around));
  const [first, second] = tests;
  if (first !== undefined && tests.length === 1) return first;
  if (first !== undefined && second !== undefined && tests.length === 2) {
    return (scope) => {
      const match = first(scope);
      return match === true ? second(scope) : match;
    };
  }
  return (scope) => {
    for (let index = 0; index < tests.length; index++) {
      // The index is in range; the default is never used.
      const match = (tests[index] ?? malformed)(scope);
      if (match !== true) return match;
    }
    return true;
  };
}

function compileClause(clause: Clause, around: Surroundings): Test {
  const negate = clause.negate === true;
  const values = clause.values ?? [];
  if (clause.op === 'segmentMatch') return compileSegmentMatch(values, negate, around);

  const { contextKind, attribute } = clause;
  const isReference = contextKind !== undefined && contextKind !== null && contextKind !== '';
  if (attribute === undefined || attribute === null || attribute === '') return malformed;
  const names = isReference ? parseAttributeReference(attribute) : [attribute];
  if (names === undefined) return malformed;

  const matches = createMatcher(clause.op, values, around.regex);
  if (names.length === 1 && names[0] === 'kind') {
    return (scope) => {
      for (const kind of listVisibleKinds(scope)) if (matches(kind)) return !negate;
      return negate;
    };
  }
  return compileAttributeTest(isReference ? contextKind : 'user', createAttributeReader(names), matches, negate);
}

/** A context without the kind or the attribute does not match, negated or not. Of a list one element is enough. */
function compileAttributeTest(
  kind: string,
  read: AttributeReader,
  matches: (value: unknown) => boolean,
  negate: boolean,
): Test {
  return (scope) => {
    const attributes = findAttributes(scope, kind);
    if (attributes === undefined) return false;
    const value = read(attributes);
    if (value === undefined || value === null) return false;
    // Asking for the type first is cheaper than asking every string whether it is a list.
    const isList = typeof value === 'object' && Array.isArray(value);
    return (isList ? value.some(matches) : matches(value)) !== negate;
  };
}

function compileSegmentMatch(values: readonly unknown[], negate: boolean, around: Surroundings): Test {
  const tests = values.filter((value) => typeof value === 'string').map(around.segmentTest);
  const [only] = tests;
  if (only !== undefined && tests.length === 1 && !negate) return only;
  return (scope) => {
    for (const test of tests) {
      const match = test(scope);
      if (match === 'malformed') return match;
      if (match) return !negate;
    }
    return negate;
  };
}
