/** Of variations, by index: two are told apart best by the darkest and the lightest. What is beyond repeats. */
const shades = [
  { fill: 'fill-series-1', bar: 'bg-series-1 text-page', ink: 'text-series-1' },
  { fill: 'fill-series-3', bar: 'bg-series-3 text-ink', ink: 'text-series-3' },
  { fill: 'fill-series-2', bar: 'bg-series-2 text-page', ink: 'text-series-2' },
] as const;

export function shadeOf(index: number): (typeof shades)[number] {
  return shades[index % shades.length] ?? shades[0];
}
