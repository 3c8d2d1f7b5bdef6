/** Checks that a value from outside has a shape; says where and how it has not. */
export type Shape = (value: unknown, path: string) => Malformation | undefined;

export interface Malformation {
  /** Where: `rules[2].clauses[0].op`; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

export function describeMalformation({ path, expected, found }: Malformation): string {
  return `${path === '' ? 'the whole' : path} must be ${expected}, got ${found}`;
}

/** A shape that is told in a few words: `a string`. */
export function shape(expected: string, fits: (value: unknown) => boolean): Shape {
  return (value, path) => (fits(value) ? undefined : { path, expected, found: nameOf(value) });
}

export const aString: Shape = shape('a string', (value) => typeof value === 'string');
export const aBoolean: Shape = shape('true or false', (value) => typeof value === 'boolean');
export const aNumber: Shape = shape('a number', (value) => typeof value === 'number');
export const anInteger: Shape = shape('an integer', Number.isSafeInteger);
export const anything: Shape = () => undefined;

/** Null counts as absent. */
export function optional(inner: Shape): Shape {
  return (value, path) => (value === undefined || value === null ? undefined : inner(value, path));
}

export function listOf(inner: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return { path, expected: 'a list', found: nameOf(value) };
    for (let index = 0; index < value.length; index++) {
      const wrong = inner(value[index], `${path}[${index}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Properties that are not named may be anything. */
export function objectOf(fields: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { path, expected: 'an object', found: nameOf(value) };
    }
    for (const [name, inner] of entries) {
      // Any object may be asked for any property.
      const wrong = inner((value as Record<string, unknown>)[name], path === '' ? name : `${path}.${name}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
