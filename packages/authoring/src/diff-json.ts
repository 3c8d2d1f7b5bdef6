import type { JsonValue } from './definition.ts';

/** More than these are counted. */
const most = 10;

/** So much of a text is enough to know it by. */
const mostCharacters = 100;

/**
 * What differs between two JSON texts that both hold parts, one sentence each: `value.soft: 10 → 20`, `value.hosts[1] added:
 * "b"`. Undefined: one of them is a single value, so that they differ as a whole.
 */
export function diffJson(name: string, about: string, before: string, after: string): string[] | undefined {
  const [was, is] = [JSON.parse(before), JSON.parse(after)];
  if (!hasParts(was) || !hasParts(is) || Array.isArray(was) !== Array.isArray(is)) return undefined;
  const sentences = [...diffParts(name, was, is)].map(({ path, text }) => `${path}${about}${text}`);
  // The same parts in another order are another text.
  if (sentences.length === 0) return undefined;
  if (sentences.length <= most + 1) return sentences;
  return [...sentences.slice(0, most), `${sentences.length - most} more parts of ${name}${about}`];
}

interface PartDifference {
  readonly path: string;
  readonly text: string;
}

type Parts = readonly JsonValue[] | Readonly<Record<string, JsonValue>>;

function* diffParts(path: string, was: Parts, is: Parts): Generator<PartDifference> {
  if (Array.isArray(was) && Array.isArray(is)) yield* diffEntries(path, was, is);
  else {
    const [old, next] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
    for (const name of new Set([...old.keys(), ...next.keys()])) {
      yield* diffPart(
        /^[A-Za-z_$][\w$-]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`,
        old.get(name),
        next.get(name),
      );
    }
  }
}

/** What is alike at both ends stays: an entry that came or went does not change those behind it. */
function* diffEntries(path: string, was: readonly JsonValue[], is: readonly JsonValue[]): Generator<PartDifference> {
  const isAlike = (one: number, other: number) => isSame(was[one], is[other]);
  const shorter = Math.min(was.length, is.length);
  let start = 0;
  while (start < shorter && isAlike(start, start)) start++;
  let end = 0;
  while (end < shorter - start && isAlike(was.length - 1 - end, is.length - 1 - end)) end++;
  const longer = Math.max(was.length, is.length);
  for (let at = start; at < longer - end; at++) {
    const [old, next] = [at < was.length - end ? was[at] : undefined, at < is.length - end ? is[at] : undefined];
    yield* diffPart(`${path}[${at}]`, old, next);
  }
}

function* diffPart(path: string, was: JsonValue | undefined, is: JsonValue | undefined): Generator<PartDifference> {
  if (isSame(was, is)) return;
  if (was === undefined) yield { path, text: ` added: ${write(is)}` };
  else if (is === undefined) yield { path, text: ` removed: ${write(was)}` };
  else if (hasParts(was) && hasParts(is) && Array.isArray(was) === Array.isArray(is)) yield* diffParts(path, was, is);
  else yield { path, text: `: ${write(was)} → ${write(is)}` };
}

function hasParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null;
}

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function write(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}
