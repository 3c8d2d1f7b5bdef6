/** How long the bar of a count is, of one: on a log scale, so that 1 of 10,000 is seen. */
export function logLength(count: number, most: number): number {
  return most <= 0 ? 0 : Math.log1p(count) / Math.log1p(most);
}
