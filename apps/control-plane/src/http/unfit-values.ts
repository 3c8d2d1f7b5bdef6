import { findTextFault } from '../database/text-fault.ts';
import type { Fault } from '../errors.ts';

/** JSON nested deeper than this is refused before anything else looks at it. */
const deepest = 64;

/** A value inside of others, and the way to it. */
interface Place {
  readonly value: unknown;
  readonly name: PropertyKey;
  readonly within: Place | undefined;
  readonly depth: number;
}

/**
 * Finds what no request may hold, whatever its schema: too deep a nesting, a property `__proto__`, and text that a
 * database cannot keep.
 */
export function findUnfitValue(data: unknown): Fault | undefined {
  const waiting: Place[] = [{ value: data, name: '', within: undefined, depth: 0 }];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { value, depth } = place;
    const textFault = typeof value === 'string' ? findTextFault(value) : undefined;
    if (textFault !== undefined) return fault(place, textFault);
    if (typeof value !== 'object' || value === null) continue;
    if (depth > deepest) return fault(place, `expected at most ${deepest} levels of nesting, got more`);
    for (const [name, part] of Object.entries(value)) {
      const inner: Place = {
        value: part,
        name: Array.isArray(value) ? Number(name) : name,
        within: place,
        depth: depth + 1,
      };
      if (name === '__proto__') return fault(inner, 'expected no property of that name');
      const nameFault = findTextFault(name);
      if (nameFault !== undefined) return fault(inner, `in the name: ${nameFault}`);
      if (typeof part === 'object' || typeof part === 'string') waiting.push(inner);
    }
  }
  return undefined;
}

function fault(place: Place, message: string): Fault {
  const path: PropertyKey[] = [];
  for (let at = place; at.within !== undefined; at = at.within) path.unshift(at.name);
  return { path: formatPath(path), message };
}

/** `instructions[2].rule.clauses[0].op`; names that somebody made endless are shortened. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, name) => {
    if (typeof name === 'number') return `${text}[${name}]`;
    return text === '' ? shorten(String(name)) : `${text}.${shorten(String(name))}`;
  }, '');
}

/** At most 80 characters. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
