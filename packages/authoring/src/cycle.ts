/**
 * The shortest way from one key to another along references, both ends included; undefined when there is none.
 * Adding the reference `to → from` would close a cycle exactly when there is one.
 */
export function findWay(
  from: string,
  to: string,
  listNext: (key: string) => readonly string[],
): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[from]];
  const seen = new Set([from]);
  // The list grows while it is walked.
  for (const way of ways) {
    const last = way.at(-1) ?? from;
    if (last === to) return way;
    for (const next of listNext(last)) {
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}
