/** What a timer can wait for. */
export const longestMs = 2 ** 31 - 1;

/**
 * What is wrong with what should be an object, in words that follow its name; undefined: nothing. `expected`: which one,
 * such as `an object with modes`.
 */
export function findObjectProblem(given: unknown, expected: string): string | undefined {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return undefined;
  return `must be ${expected}, got ${describeGiven(given)}`;
}

/** What is wrong with a duration that a program gave, in words that follow its name; undefined: nothing. */
export function findDurationProblem(ms: unknown): string | undefined {
  if (typeof ms === 'number' && ms > 0 && ms <= longestMs) return undefined;
  return `must be milliseconds above 0 and at most ${longestMs}, got ${describeGiven(ms)}`;
}

/**
 * What is wrong with names whose order means something, in words that follow what has them; undefined: nothing. Objects
 * list integers first, wherever they were written: a mode named 404 would be the normal one.
 */
export function findNameProblem(names: readonly string[]): string | undefined {
  const integer = names.find((name) => /^(?:0|[1-9]\d*)$/.test(name));
  return integer && `must not have a name that is an integer, which JavaScript would put first, got "${integer}"`;
}

/** What is wrong with a signal that a program gave, such as the controller in its place; undefined: nothing. */
export function findSignalProblem(signal: unknown): string | undefined {
  // As with fetch, null is none.
  if (signal === undefined || signal === null) return undefined;
  // By what is used of it: test environments have classes of their own.
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return undefined;
  return `signal must be an AbortSignal, such as the signal of an AbortController, got ${describeGiven(signal)}`;
}

/** What a program gave, as errors show it: values that are short, and what kind of thing others are. */
export function describeGiven(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given);
  if (typeof given === 'function') return 'a function';
  if (typeof given === 'object' && given !== null) return Array.isArray(given) ? 'an array' : 'an object';
  return String(given);
}
