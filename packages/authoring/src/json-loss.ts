import { type Problem, problem } from './problem.ts';

/** Texts, numbers and signs, as they follow each other in valid JSON. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]|[a-z]+/g;

/** An object or array that is being read, and where in it. */
interface Level {
  /** Of an object: what it has already; an array has none. */
  readonly names: Set<string> | undefined;
  at: string | number;
}

/**
 * Finds what `JSON.parse` would lose without a word: numbers that are not the ones it would make of them, and all but
 * the last of what stands under one name. The text must be valid JSON.
 */
export function findJsonLoss(text: string): Problem | undefined {
  const levels: Level[] = [];
  let isName = false;
  for (const [token] of text.matchAll(tokens)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      levels.push({ names: token === '{' ? new Set() : undefined, at: token === '{' ? '' : 0 });
      isName = token === '{';
    } else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      isName = level?.names !== undefined;
      if (typeof level?.at === 'number') level.at += 1;
    } else if (token === ':') isName = false;
    else if (isName && level !== undefined) {
      const name = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
      level.at = name;
      if (level.names?.has(name)) return problem(formatPath(levels), 'expected each name once, got it twice');
      level.names?.add(name);
    } else if (isNumberLost(token)) {
      return problem(
        formatPath(levels),
        `expected a number that 64-bit floating point can hold, got ${shorten(token)}`,
      );
    }
  }
  return undefined;
}

/** Fractions are rounded, as everywhere; a whole number is not to become another, nor any infinite or nothing. */
function isNumberLost(token: string): boolean {
  if (!/^-?\d/.test(token)) return false;
  const number = Number(token);
  if (!Number.isFinite(number)) return true;
  if (number === 0) return /^[^eE]*[1-9]/.test(token);
  if (Number.isSafeInteger(number) || !/^-?\d+$/.test(token)) return false;
  // The shortest text that leads to a number may have zeros where the number has other digits.
  return String(number) !== token && BigInt(token) !== BigInt(number);
}

function formatPath(levels: readonly Level[]): string {
  return levels.reduce((path, { at }) => {
    if (typeof at === 'number') return `${path}[${at}]`;
    return path === '' ? shorten(at) : `${path}.${shorten(at)}`;
  }, '');
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
