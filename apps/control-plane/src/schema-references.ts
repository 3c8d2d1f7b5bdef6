import type { JsonSchema } from '@sluice/authoring';
import type { Fault } from './errors.ts';

/** So many schemas may have to be looked at for a value, each as often as something refers to it. */
const mostSchemas = 2000;

const references: ReadonlySet<string> = new Set(['$ref', '$dynamicRef']);

/**
 * Finds what a JSON schema must not ask of whoever checks by it: to go round in circles, or to look at the same again
 * and again. It may refer to places within itself by JSON pointer; whatever holds an object counts as a schema.
 */
export function findReferenceProblem(schema: JsonSchema): Fault | undefined {
  const sizes = new Map<object, number>();
  /** What is being measured. */
  const open = new Set<object>();
  let fault: Fault | undefined;

  function measure(node: unknown, path: string): number {
    if (fault !== undefined || typeof node !== 'object' || node === null) return 0;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    open.add(node);
    let size = Array.isArray(node) ? 0 : 1;
    for (const [name, part] of Object.entries(node)) {
      const at = Array.isArray(node) ? `${path}[${name}]` : `${path}.${name}`;
      size += typeof part === 'string' ? measureNamed(name, part, at) : measure(part, at);
    }
    open.delete(node);
    sizes.set(node, size);
    if (size > mostSchemas)
      fault ??= {
        path,
        message: `expected at most ${mostSchemas} schemas, each as often as it is referred to, got more`,
      };
    return size;
  }

  function measureNamed(name: string, text: string, path: string): number {
    if (name === '$id' && path !== '.$id')
      fault ??= { path, message: `expected no name for a part of a schema, got ${JSON.stringify(text)}` };
    if (!references.has(name)) return 0;
    const target = findPlace(schema, text);
    if (target === undefined)
      fault ??= {
        path,
        message: `expected a place in this schema, such as "#/$defs/name", got ${JSON.stringify(text)}`,
      };
    else if (open.has(target))
      fault ??= {
        path,
        message: `expected to lead away from the schema that it stands in, got ${JSON.stringify(text)}`,
      };
    return measure(target, path);
  }

  measure(schema, '');
  return fault;
}

/** What a JSON pointer (RFC 6901, in a fragment) leads to; undefined: to nothing that could be a schema. */
function findPlace(schema: JsonSchema, pointer: string): object | undefined {
  const [start, ...names] = pointer.split('/');
  if (start !== '#') return undefined;
  let place: unknown = schema;
  for (const name of names) {
    const key = decode(name);
    if (typeof place !== 'object' || place === null || key === undefined || !Object.hasOwn(place, key))
      return undefined;
    // Objects and arrays alike.
    place = (place as Record<string, unknown>)[key];
  }
  return typeof place === 'object' && place !== null ? place : undefined;
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
}
