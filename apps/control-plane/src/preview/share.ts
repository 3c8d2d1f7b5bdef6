/** The 97.5% point of the normal distribution. */
const z = 1.96;

/**
 * The share that a sample shows, in percent, and the half width of its 95% interval (Wilson 1927, which also holds for
 * shares near 0 and 1), narrower as the sample comes close to all (finite population correction).
 */
export function describeShare(
  changed: number,
  sampled: number,
  all: number,
): { readonly changed: number; readonly sharePercent: number; readonly marginPercent: number } {
  if (sampled === 0) return { changed, sharePercent: 0, marginPercent: 100 };
  const share = changed / sampled;
  const halfWidth =
    (z * Math.sqrt((share * (1 - share)) / sampled + z ** 2 / (4 * sampled ** 2))) / (1 + z ** 2 / sampled);
  const correction = all <= sampled ? 0 : Math.sqrt((all - sampled) / (all - 1));
  return { changed, sharePercent: toPercent(share), marginPercent: toPercent(halfWidth * correction) };
}

function toPercent(share: number): number {
  return Math.round(share * 10_000) / 100;
}
