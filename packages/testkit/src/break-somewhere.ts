import fc, { type Arbitrary } from 'fast-check';

/** Values where others are expected. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(null, '', -1, 1.5, 1e300, '__proto__', 'constructor', 'toString', [], {}, true, '\u{1F600}'),
  fc.jsonValue({ maxDepth: 2 }),
);

/** JSON like what `whole` makes, with one or two of its places, however deep, taken over by something strange. */
export function breakSomewhere(whole: Arbitrary<unknown>): Arbitrary<unknown> {
  const breaks = fc.array(fc.tuple(fc.nat(), strange), { minLength: 1, maxLength: 2 });
  return fc.tuple(whole, breaks).map(([value, places]) =>
    places.reduce<unknown>((broken, [place, by]) => {
      const paths = listPaths(broken);
      return replaceAt(broken, paths[place % paths.length] ?? [], by);
    }, value),
  );
}

function listPaths(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => listPaths(part, [...path, name]))];
}

function replaceAt(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((part, index) => (String(index) === name ? replaceAt(part, rest, by) : part));
  }
  const parts = Object.entries(value as object);
  return Object.fromEntries(parts.map(([key, part]) => [key, key === name ? replaceAt(part, rest, by) : part]));
}
