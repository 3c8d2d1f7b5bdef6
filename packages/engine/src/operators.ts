import { cidrContains, parseAddress, parseCidr } from './cidr.ts';
import { parseDate } from './date.ts';
import { globMatches, parseGlob } from './glob.ts';
import { compareSemVer, parseSemVer } from './semver.ts';

/** Compiles a regular expression to a search; undefined when it is invalid. Must take linear time on any input. */
export type RegexCompiler = (pattern: string) => ((text: string) => boolean) | undefined;

/** Whether one attribute value (not a list) matches. */
export type Matcher = (actual: unknown) => boolean;

/** One test between an attribute's value and a clause's value. */
interface Operator<Expected> {
  /** What a clause's value must be, in words. */
  readonly expects: string;
  /** Undefined: this clause value never matches. */
  readonly parse: (value: unknown, regex: RegexCompiler) => Expected | undefined;
  /** Makes the test against a parsed clause value: one function, as it runs in every evaluation. */
  readonly createTest: (expected: Expected) => Matcher;
}

function operator<Expected>(
  expects: string,
  parse: Operator<Expected>['parse'],
  createTest: Operator<Expected>['createTest'],
): Operator<Expected> {
  return { expects, parse, createTest };
}

/** An operator that parses both sides alike. */
function comparing<T>(
  expects: string,
  parse: (value: unknown) => T | undefined,
  test: (actual: T, expected: T) => boolean,
) {
  return operator(expects, parse, (expected: T) => (value) => {
    const actual = parse(value);
    return actual !== undefined && test(actual, expected);
  });
}

function parseString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

const text = 'a string';
const number = 'a number';
const date = 'milliseconds since the epoch, or a date such as "2026-01-31T12:00:00Z"';
const semVer = 'a version such as "1.2.3"';

const operators = {
  startsWith: operator(text, parseString, (start) => (value) => typeof value === 'string' && value.startsWith(start)),
  endsWith: operator(text, parseString, (end) => (value) => typeof value === 'string' && value.endsWith(end)),
  contains: operator(text, parseString, (part) => (value) => typeof value === 'string' && value.includes(part)),
  lessThan: operator(number, parseNumber, (bound) => (value) => typeof value === 'number' && value < bound),
  lessThanOrEqual: operator(number, parseNumber, (bound) => (value) => typeof value === 'number' && value <= bound),
  greaterThan: operator(number, parseNumber, (bound) => (value) => typeof value === 'number' && value > bound),
  greaterThanOrEqual: operator(number, parseNumber, (bound) => (value) => typeof value === 'number' && value >= bound),
  before: comparing(date, parseDate, (actual, expected) => actual < expected),
  after: comparing(date, parseDate, (actual, expected) => actual > expected),
  semVerEqual: comparing(semVer, parseSemVer, (actual, expected) => compareSemVer(actual, expected) === 0),
  semVerLessThan: comparing(semVer, parseSemVer, (actual, expected) => compareSemVer(actual, expected) < 0),
  semVerGreaterThan: comparing(semVer, parseSemVer, (actual, expected) => compareSemVer(actual, expected) > 0),
  matches: operator(
    'a regular expression (RE2 syntax)',
    (value, regex) => (typeof value === 'string' ? regex(value) : undefined),
    (search) => (value) => typeof value === 'string' && search(value),
  ),
  cidr: operator('an address block such as "10.0.0.0/8" or "2001:db8::/32"', parseCidr, (block) => (value) => {
    const address = parseAddress(value);
    return address !== undefined && cidrContains(block, address);
  }),
  glob: operator(
    'a pattern such as "/orders/*" ("**" crosses slashes)',
    parseGlob,
    (glob) => (value) => typeof value === 'string' && globMatches(glob, value),
  ),
};

/** Every operator that a clause may name. */
export type OperatorName = 'in' | 'segmentMatch' | keyof typeof operators;

/** Every operator; `in` and `segmentMatch` come first as they need no parsing. */
export const operatorNames: readonly OperatorName[] = [
  'in',
  'segmentMatch',
  ...(Object.keys(operators) as (keyof typeof operators)[]),
];

/** Operators that other SDKs do not know. */
export const ownOperators: ReadonlySet<string> = new Set<OperatorName>(['cidr', 'glob']);

const never: Matcher = () => false;

/** Parses a clause's values once; any may match. An unknown operator, or one without a usable value, never matches. */
export function createMatcher(op: string, values: readonly unknown[], regex: RegexCompiler): Matcher {
  if (op === 'in') return createMembershipMatcher(values);
  if (!Object.hasOwn(operators, op)) return never;
  // The table's rows differ in what they parse to; within a row both functions fit.
  const { parse, createTest } = operators[op as keyof typeof operators] as Operator<unknown>;
  const tests = values
    .map((value) => parse(value, regex))
    .filter((expected) => expected !== undefined)
    .map(createTest);
  const [only] = tests;
  if (only === undefined || tests.length === 1) return only ?? never;
  return (actual) => {
    for (const test of tests) if (test(actual)) return true;
    return false;
  };
}

/** Same JSON type and equal; lists, objects and null are members of nothing. */
function createMembershipMatcher(values: readonly unknown[]): Matcher {
  const scalars = values.filter((value) => ['string', 'number', 'boolean'].includes(typeof value));
  const [only] = scalars;
  if (scalars.length === 0) return never;
  if (scalars.length === 1) return (actual) => actual === only;
  const set = new Set(scalars);
  return (actual) => set.has(actual);
}

/**
 * What a value of a clause with this operator must be, in words, or undefined when this value is right. An unknown
 * operator has no right values.
 */
export function findOperandProblem(op: string, value: unknown, regex: RegexCompiler): string | undefined {
  if (op === 'in')
    return ['string', 'number', 'boolean'].includes(typeof value) ? undefined : 'a string, number or boolean';
  if (op === 'segmentMatch') return typeof value === 'string' ? undefined : 'the key of a segment';
  if (!Object.hasOwn(operators, op)) return `an operator: ${operatorNames.join(', ')}`;
  const { expects, parse } = operators[op as keyof typeof operators];
  return parse(value, regex) === undefined ? expects : undefined;
}
