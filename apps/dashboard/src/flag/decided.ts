import type { DecidedView, LineView, PreviewView } from '@sluice/api-client';

/** How many sampled contexts a line decides for, as shares of all. */
export interface DecidedShare {
  readonly share: number;
  /** By how much an edit changes that; absent: there is none, or it is not known yet. */
  readonly difference?: number;
}

/** Of every line, as it is applied and, while there are edits, as they would leave it; undefined: nobody was seen. */
export type Decided = (line: LineView) => DecidedShare | undefined;

export function decidedShares(now: DecidedView | undefined, edited: PreviewView['lines'] | undefined): Decided {
  const before = countByLine(edited?.before ?? now?.lines ?? []);
  const after = edited && countByLine(edited.after);
  const total = [...before.values()].reduce((sum, count) => sum + count, 0);
  return (line) => {
    if (total === 0) return undefined;
    const was = (before.get(nameOf(line)) ?? 0) / total;
    if (after === undefined) return { share: was };
    const share = (after.get(nameOf(line)) ?? 0) / total;
    return { share, difference: share - was };
  };
}

function countByLine(lines: DecidedView['lines']): ReadonlyMap<string, number> {
  return new Map(lines.map((line) => [nameOf(line), line.count]));
}

export function isSameLine(a: LineView, b: LineView): boolean {
  return nameOf(a) === nameOf(b);
}

function nameOf({ kind, prerequisite, rule, variation, contextKind }: LineView): string {
  return JSON.stringify([kind, prerequisite, rule, variation, contextKind]);
}

/** `+6.9`, `−4.3`: percentage points; undefined where one would not see any. */
export function formatPoints(difference: number): string | undefined {
  const points = Math.round(Math.abs(difference) * 1000) / 10;
  if (points === 0) return undefined;
  return `${difference > 0 ? '+' : '−'}${points}`;
}
