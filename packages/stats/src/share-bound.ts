/** Beyond so many hits the bound is that of a sample with the same share and so many: a little higher, and soon found. */
const mostHits = 1_000_000;

/**
 * How large the share of something may be of which `hits` were found in `trials`, exactly (Clopper and Pearson, 1934):
 * were it larger, so few would have been found with less than a probability of 1 - `confidence`. One-sided, from 0 to 1;
 * 1 where nothing was tried. It holds for one look at a sample whose size was not chosen by what was found.
 */
export function findShareBound(hits: number, trials: number, confidence = 0.95): number {
  if (trials <= 0 || hits >= trials) return 1;
  if (hits <= 0) return -Math.expm1(Math.log1p(-confidence) / trials);
  const scale = Math.min(1, mostHits / hits);
  const [found, tried] = [Math.round(hits * scale), Math.round(trials * scale)];
  if (found >= tried) return 1;
  // Above the share that was found, finding so few becomes less probable the higher the real one is.
  let [low, high] = [found / tried, 1];
  while (true) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (probabilityOfAtMost(found, tried, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
}

/** Of how many trials at least the share may be no larger than `share`, where so many hits are found in them. */
export function findTrialsNeeded(hits: number, share: number, confidence = 0.95): number {
  let [tooFew, enough] = [hits, Math.max(1, Math.ceil(hits / share))];
  while (findShareBound(hits, enough, confidence) > share) [tooFew, enough] = [enough, 2 * enough];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (findShareBound(hits, middle, confidence) > share) tooFew = middle;
    else enough = middle;
  }
  return enough;
}

/** That so many hits are found at most, where their share is larger than that. */
function probabilityOfAtMost(hits: number, trials: number, share: number): number {
  // From the most probable term down, each by its ratio to the one before.
  let [term, sum] = [1, 1];
  for (let count = hits; count > 0; count--) {
    term *= (count * (1 - share)) / ((trials - count + 1) * share);
    sum += term;
    if (term < sum * Number.EPSILON) break;
  }
  return sum * probabilityOf(hits, trials, share);
}

/**
 * The binomial probability, for 0 < hits < trials, to about 15 digits however large they are (Loader, Fast and Accurate
 * Computation of Binomial Probabilities, 2000).
 */
function probabilityOf(hits: number, trials: number, share: number): number {
  const rest = trials - hits;
  const exponent =
    stirlingError(trials) -
    stirlingError(hits) -
    stirlingError(rest) -
    deviance(hits, trials * share) -
    deviance(rest, trials * (1 - share));
  return Math.exp(exponent) * Math.sqrt(trials / (2 * Math.PI * hits * rest));
}

/** By how much Stirling's formula falls short of the logarithm of n!. */
function stirlingError(n: number): number {
  if (n > 15) {
    const square = n * n;
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
  }
  let factorial = 1;
  for (let factor = 2; factor <= n; factor++) factorial *= factor;
  return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - Math.log(2 * Math.PI) / 2;
}

/** `x log(x / mean) + mean - x`, also where both are nearly the same. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const ratio = (x - mean) / (x + mean);
  let sum = (x - mean) * ratio;
  let power = 2 * x * ratio;
  for (let odd = 3; ; odd += 2) {
    power *= ratio * ratio;
    const next = sum + power / odd;
    if (next === sum) return next;
    sum = next;
  }
}
