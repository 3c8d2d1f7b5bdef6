/** All, in thousandths of a percent. */
export const fullWeight = 100_000;

/**
 * Sets one weight and lets the others share the rest in their proportion, or equally where they have nothing: the sum is
 * always all of it.
 */
export function setWeight(weights: readonly number[], index: number, weight: number): readonly number[] {
  const set = Math.max(0, Math.min(fullWeight, Math.round(weight)));
  const others = weights.map((each, at) => (at === index ? 0 : each));
  const sum = others.reduce((total, each) => total + each, 0);
  const count = weights.length - 1;
  if (count === 0) return [fullWeight];
  const rest = fullWeight - set;
  const shared = others.map((each, at) =>
    at === index ? 0 : Math.floor(sum === 0 ? rest / count : (each / sum) * rest),
  );
  // What rounding left goes to the last of the others.
  const last = index === weights.length - 1 ? weights.length - 2 : weights.length - 1;
  const missing = rest - shared.reduce((total, each) => total + each, 0);
  return shared.map((each, at) => (at === index ? set : at === last ? each + missing : each));
}
