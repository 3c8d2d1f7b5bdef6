/** One in `ratio`, which need not be there; none for 0. */
export function isSampled(ratio: number | undefined, random: () => number): boolean {
  if (ratio === undefined || ratio === null || ratio === 1) return true;
  return ratio > 0 && Math.floor(random() * Math.trunc(ratio)) === 0;
}
