/** What a clause's values have to be. */
export type ValueType = 'any' | 'text' | 'number' | 'date' | 'version' | 'pattern' | 'network' | 'segment' | 'path';

interface Operator {
  readonly op: string;
  readonly words: readonly [plain: string, negated: string];
  readonly type: ValueType;
  /** Only our SDKs know it: others skip the rule. */
  readonly isOwn?: true;
}

/** In the order of the list from which one is chosen. */
export const operators: readonly Operator[] = [
  { op: 'in', words: ['is', 'is not'], type: 'any' },
  { op: 'startsWith', words: ['starts with', 'does not start with'], type: 'text' },
  { op: 'endsWith', words: ['ends with', 'does not end with'], type: 'text' },
  { op: 'contains', words: ['contains', 'does not contain'], type: 'text' },
  { op: 'matches', words: ['matches', 'does not match'], type: 'pattern' },
  { op: 'segmentMatch', words: ['is in segment', 'is not in segment'], type: 'segment' },
  { op: 'lessThan', words: ['is less than', 'is not less than'], type: 'number' },
  { op: 'lessThanOrEqual', words: ['is at most', 'is not at most'], type: 'number' },
  { op: 'greaterThan', words: ['is greater than', 'is not greater than'], type: 'number' },
  { op: 'greaterThanOrEqual', words: ['is at least', 'is not at least'], type: 'number' },
  { op: 'before', words: ['is before', 'is not before'], type: 'date' },
  { op: 'after', words: ['is after', 'is not after'], type: 'date' },
  { op: 'semVerEqual', words: ['is version', 'is not version'], type: 'version' },
  { op: 'semVerLessThan', words: ['is older than version', 'is not older than version'], type: 'version' },
  { op: 'semVerGreaterThan', words: ['is newer than version', 'is not newer than version'], type: 'version' },
  { op: 'cidr', words: ['is in the network', 'is not in the network'], type: 'network', isOwn: true },
  { op: 'glob', words: ['is like', 'is not like'], type: 'path', isOwn: true },
];

/** `is` of one value, `is one of` several. */
export function operatorWords({ op, values, negate = false }: OperatorUse): string {
  if (op === 'in' && values.length > 1) return negate ? 'is none of' : 'is one of';
  return findOperator(op).words[negate ? 1 : 0];
}

interface OperatorUse {
  readonly op: string;
  readonly values: readonly unknown[];
  readonly negate?: boolean | undefined;
}

export function findOperator(op: string): Operator {
  return operators.find((each) => each.op === op) ?? { op, words: [op, `not ${op}`], type: 'any' };
}

/** What a clause's values have to be: a key is text, also where it looks like a number. */
export function valueTypeOf({ op, attribute = 'key' }: ValueUse): ValueType {
  const { type } = findOperator(op);
  return type === 'any' && attribute === 'key' ? 'text' : type;
}

interface ValueUse {
  readonly op: string;
  readonly attribute?: string | undefined;
}

type ClauseValue = string | number | boolean;

/** The values of a test whose operator or attribute is another now, those that it can have. */
export function keepValues(
  was: ValueUse & { readonly values: readonly ClauseValue[] },
  is: ValueUse,
): readonly ClauseValue[] {
  const [before, after] = [valueTypeOf(was), valueTypeOf(is)];
  if (after === 'text' && before === 'any') return was.values.map(String);
  return after === before || (after === 'any' && before === 'text') ? was.values : [];
}

/** A value up to the next comma or line. Between quotes these are part of it, and a quote is written twice. */
const valuesByComma = /\s*"(?:[^"]|"")*"\s*(?=[,\n]|$)|[^,\n]+/g;
const quoted = /^"(?:[^"]|"")*"$/;

/** Reads values as one types them, by comma or line; of each that does not fit it says what was expected. */
export function parseValues(
  text: string,
  type: ValueType,
): { readonly values: readonly ClauseValue[]; readonly fault?: string } {
  const parts = (text.match(type === 'pattern' ? /.+/g : valuesByComma) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const values = [...new Set(parts.map((part) => readValue(part, type)))];
  const fault = parts.map((part) => findFault(part, type)).find((each) => each !== undefined);
  return fault === undefined ? { values } : { values, fault };
}

/** `1` is a number and `true` a boolean, unless they stand in quotes: contexts have both. */
function readValue(part: string, type: ValueType): ClauseValue {
  if (type === 'pattern') return part;
  if (type === 'number') return Number(part);
  if (quoted.test(part)) return part.slice(1, -1).replaceAll('""', '"');
  if (type === 'date' && /^\d+$/.test(part)) return Number(part);
  if (type !== 'any') return part;
  if (part === 'true' || part === 'false') return part === 'true';
  const number = Number(part);
  return Number.isFinite(number) && String(number) === part ? number : part;
}

/** A value as one would type it. */
export function writeValue(value: ClauseValue, type: ValueType): string {
  if (typeof value !== 'string' || type === 'pattern') return String(value);
  const { values, fault } = parseValues(value, type);
  const isPlain = fault === undefined && values.length === 1 && values[0] === value;
  return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
}

function findFault(part: string, type: ValueType): string | undefined {
  switch (type) {
    case 'number':
      return Number.isFinite(Number(part)) ? undefined : `${part} is not a number`;
    case 'date':
      return Number.isNaN(Date.parse(part)) && !/^\d+$/.test(part)
        ? `${part} is not a date like 2026-11-30T09:00:00Z`
        : undefined;
    case 'version':
      return /^\d+(\.\d+){0,2}([-+].*)?$/.test(part) ? undefined : `${part} is not a version like 2.14.0`;
    case 'network':
      return findNetworkFault(part);
    // Patterns are RE2's, which has what the browser's lack: the server judges them, in the review.
    case 'pattern':
      return undefined;
    default:
      return part.startsWith('"') && !quoted.test(part)
        ? `${part}: put the whole value in quotes, and write a quote in it twice, like "say ""hi"""`
        : undefined;
  }
}

function findNetworkFault(part: string): string | undefined {
  const [address = '', length] = part.split('/');
  const isIpv6 = address.includes(':');
  const most = isIpv6 ? 128 : 32;
  if (length !== undefined && !(/^\d+$/.test(length) && Number(length) <= most)) {
    return `${part}: after the slash stands a number from 0 to ${most}`;
  }
  if (isIpv6) return /^[\da-f:.]+$/i.test(address) ? undefined : `${part} is not an IPv6 range like 2001:db8::/32`;
  const octets = address.split('.');
  const fits = octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
  return fits ? undefined : `An IPv4 range has four parts, like 10.0.0.0/8; got ${part}`;
}

/** Whether one of the patterns matches, as far as the browser can try what is RE2's; undefined: it cannot. */
export function tryPatterns(patterns: readonly string[], sample: string): boolean | undefined {
  const results = patterns.map((pattern) => tryPattern(pattern, sample));
  return results.includes(true) || (results.includes(undefined) ? undefined : false);
}

function tryPattern(pattern: string, sample: string): boolean | undefined {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  try {
    return new RegExp(rest, flags).test(sample);
  } catch {
    return undefined;
  }
}
