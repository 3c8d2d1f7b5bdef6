/**
 * The shortest way from one key to another along references, both ends included; undefined when there is none.
 * Adding the reference `to → from` would close a cycle exactly when there is one.
 */
export function findWay(
  from: string,
  to: string,
  listNext: (key: string) => readonly string[],
): readonly string[] | undefined {
  /** From where each key was reached; grows while it is walked. */
  const origins = new Map<string, string | undefined>([[from, undefined]]);
  for (const key of origins.keys()) {
    if (key === to) return trace(key, origins);
    for (const next of listNext(key)) if (!origins.has(next)) origins.set(next, key);
  }
  return undefined;
}

function trace(end: string, origins: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way: string[] = [];
  for (let key: string | undefined = end; key !== undefined; key = origins.get(key)) way.push(key);
  return way.reverse();
}
