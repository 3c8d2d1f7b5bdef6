import { isStage, type Side, type Stage } from '@sluice/engine';
import { aString, listOf, objectOf, optional, type Shape, shape } from './shape.ts';

/** A record that stayed different in both stores of a migration, as it is sent and stored. */
export interface EncodedMismatch {
  /** Its key; where no values may be shown, the SHA-256 of it. */
  readonly record: string;
  readonly stage: Stage;
  /** Id of the rule that put it there, or `default`. */
  readonly cohort: string;
  /** On each side; absent: there is nothing. */
  readonly versions: Readonly<Partial<Record<Side, string>>>;
  /** At least one. Values are as the SDK shows them: JSON, cut and redacted; absent: there is nothing. */
  readonly differences: readonly EncodedDifference[];
}

export interface EncodedDifference {
  readonly path: string;
  readonly old?: string;
  readonly new?: string;
}

/** Characters of its JSON. */
const longestMismatch = 2048;
const longestText = 256;

const oneSide = { old: optional(aString), new: optional(aString) };
const aStage: Shape = shape('a stage', isStage);
const mismatchShape = objectOf({
  record: aString,
  stage: aStage,
  cohort: aString,
  versions: objectOf(oneSide),
  differences: listOf(objectOf({ path: aString, ...oneSide })),
});

/** The mismatch without what is too long; undefined: nothing of it can be told. */
export function fitMismatch({
  record,
  stage,
  cohort,
  versions,
  differences,
}: EncodedMismatch): EncodedMismatch | undefined {
  const fitted = {
    ...{ record: cut(record), stage, cohort: cut(cohort), versions: cutSides(versions) },
    differences: [] as EncodedDifference[],
  };
  let length = JSON.stringify(fitted).length;
  for (const { path, ...sides } of differences) {
    const difference = { path: cut(path), ...cutSides(sides) };
    // And the comma.
    length += JSON.stringify(difference).length + 1;
    if (length > longestMismatch) break;
    fitted.differences.push(difference);
  }
  return fitted.differences.length === 0 ? undefined : fitted;
}

/** Reads what was sent; undefined: it is malformed. */
export function parseMismatch(value: unknown): EncodedMismatch | undefined {
  if (mismatchShape(value, '') !== undefined) return undefined;
  // The shape says so.
  return fitMismatch(value as EncodedMismatch);
}

function cutSides(sides: Readonly<Partial<Record<Side, string>>>): Readonly<Partial<Record<Side, string>>> {
  const { old, new: next } = sides;
  // Null counts as absent.
  return { ...(typeof old === 'string' && { old: cut(old) }), ...(typeof next === 'string' && { new: cut(next) }) };
}

function cut(text: string): string {
  return text.length > longestText ? text.slice(0, longestText) : text;
}
