/** A SemVer 2.0 version without its build metadata; numbers stay decimal text, as they may be longer than a double. */
export interface SemVer {
  readonly core: readonly [major: string, minor: string, patch: string];
  readonly prerelease: readonly string[];
}

const number = '(0|[1-9]\\d*)';
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const pattern = new RegExp(
  `^${number}(?:\\.${number})?(?:\\.${number})?(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Parses a version; minor and patch may be left out (`2` is `2.0.0`, `2-rc` is `2.0.0-rc`), a leading `v` is wrong. */
export function parseSemVer(value: unknown): SemVer | undefined {
  const match = typeof value === 'string' ? pattern.exec(value) : null;
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease] = match;
  return { core: [major, minor, patch], prerelease: prerelease === undefined ? [] : prerelease.split('.') };
}

/** Precedence by SemVer 2.0 section 11: negative when `a` comes before `b`. */
export function compareSemVer(a: SemVer, b: SemVer): number {
  return compareLists(a.core, b.core) || comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  // A version without prerelease is the higher one.
  if (a.length === 0 || b.length === 0) return (a.length === 0 ? 1 : 0) - (b.length === 0 ? 1 : 0);
  return compareLists(a, b) || a.length - b.length;
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) break;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string, b: string): number {
  const aIsNumber = isNumeric(a);
  if (aIsNumber !== isNumeric(b)) return aIsNumber ? -1 : 1;
  // Without leading zeros the longer number is the greater one.
  if (aIsNumber && a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isNumeric(identifier: string): boolean {
  return /^\d+$/.test(identifier);
}
