import type { Attributes } from './context.ts';

/** Reads one attribute of a context; undefined when the context lacks it. */
export type AttributeReader = (attributes: Attributes) => unknown;

/**
 * Splits an attribute reference into property names: `name` is one name as it stands, `/address/street` is a path in
 * which `~1` means `/` and `~0` means `~`. Undefined when it is malformed (empty, an empty part, a stray `~`).
 */
export function parseAttributeReference(reference: string): readonly string[] | undefined {
  if (reference === '' || reference === '/') return undefined;
  if (!reference.startsWith('/')) return [reference];
  const parts = reference.slice(1).split('/');
  if (parts.some((part) => part === '' || /~(?![01])/.test(part))) return undefined;
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Makes the reader for property names from `parseAttributeReference`. `anonymous` is always a boolean, `_meta` cannot
 * be addressed, and only objects are descended into. Null counts as absent.
 */
export function createAttributeReader(names: readonly string[]): AttributeReader {
  const [first, ...rest] = names;
  if (first === undefined || first === '_meta') return () => undefined;
  if (rest.length > 0) return (attributes) => readPath(attributes, names);
  if (first === 'key') return (attributes) => attributes.key;
  if (first === 'anonymous') return (attributes) => attributes.anonymous === true;
  // Names that every object inherits, such as `constructor`, must not be found on a context that lacks them.
  if (first in Object.prototype) return (attributes) => readOwn(attributes, first);
  return (attributes) => attributes[first] ?? undefined;
}

function readPath(attributes: Attributes, names: readonly string[]): unknown {
  let value: unknown = attributes;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = readOwn(value, name);
  }
  return value;
}

function readOwn(object: object, name: string): unknown {
  // An own property of an object is readable by its name whatever its declared type.
  return Object.hasOwn(object, name) ? ((object as Record<string, unknown>)[name] ?? undefined) : undefined;
}
