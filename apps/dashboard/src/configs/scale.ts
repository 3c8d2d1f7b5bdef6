import { isProblem, parseQuantity, type Unit, units } from '@sluice/authoring';
import type { Bounds } from './value-schema.ts';

/** Places of values on a ruler, from 0 to 1. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  placeOf(value: number): number;
  /** Rounded to the step. */
  valueAt(place: number): number;
}

interface Given extends Bounds {
  readonly step: number;
  /** What the ruler has to reach where there is no bound. */
  readonly shown: readonly number[];
}

/** Logarithmic: of a number that counts, factors matter. Where it may be 0 or less, by its distance from the least. */
export function createScale({ step, shown, ...bounds }: Given): Scale {
  const min = bounds.min ?? Math.min(0, ...shown.map((value) => value * 2));
  const max = Math.max(bounds.max ?? Math.max(step * 10, ...shown.map((value) => value * 10)), min + step);
  const offset = min > 0 ? 0 : step - min;
  const span = Math.log((max + offset) / (min + offset));
  return {
    min,
    max,
    placeOf: (value) => clamp(Math.log((clamp(value, min, max) + offset) / (min + offset)) / span, 0, 1),
    valueAt: (place) => {
      const value = (min + offset) * Math.exp(clamp(place, 0, 1) * span) - offset;
      return clamp(roundTo(value, step), min, max);
    },
  };
}

/** To the nearest multiple of a step, without what floating point leaves behind. */
export function roundTo(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toPrecision(12));
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** How far one change may go from a value: so many times as much, or as little. */
export function reachOf(value: number, factor: number, { min, max }: Scale): readonly [from: number, to: number] {
  const ends = [value / factor, value * factor].sort((a, b) => a - b);
  return [clamp(ends[0] ?? min, min, max), clamp(ends[1] ?? max, min, max)];
}

const ofTime = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800];
/** In seconds. */
const secondsOf: Readonly<Partial<Record<Unit, number>>> = { ms: 0.001, s: 1, min: 60, h: 3600 };

/** Round values to mark, both ends included, not closer together than labels are wide. */
export function listTicks(scale: Scale, unit: Unit | undefined, least = 0.09): readonly number[] {
  const size = unit === undefined ? undefined : secondsOf[unit];
  const decades = Array.from({ length: 25 }, (_, index) => 10 ** (index - 9)).flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const round =
    size === undefined ? decades : [...decades.filter((each) => each * size < 1), ...ofTime.map((each) => each / size)];
  const inside = [0, ...round.flatMap((each) => [-each, each])]
    .map((value) => Number(value.toPrecision(12)))
    .filter((value) => value > scale.min && value < scale.max)
    .sort((a, b) => a - b);
  const ticks = [scale.min];
  for (const value of inside) {
    const place = scale.placeOf(value);
    if (place - scale.placeOf(ticks.at(-1) ?? scale.min) >= least && 1 - place >= least) ticks.push(value);
  }
  return [...ticks, scale.max];
}

/** As one says it: `60 s`, `5 min`, `1 h`, `16 MiB`, `100/s`. */
export function writeQuantity(value: number, unit: Unit | undefined): string {
  if (unit === undefined) return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
  const larger = units.toReversed().flatMap((candidate) => {
    const converted = parseQuantity(`${value}${unit}`, candidate, '');
    const isWhole = !isProblem(converted) && Number.isInteger(converted) && Math.abs(converted) >= 1;
    // 60 s, 90 s and 120 s are how people say it.
    return isWhole && (candidate === unit || Math.abs(value) > 120) && !unit.startsWith('/')
      ? [`${converted} ${candidate}`]
      : [];
  });
  const [first] = larger;
  if (first !== undefined && unit !== '%') return first;
  return unit.startsWith('/') || unit === '%' ? `${value}${unit}` : `${value} ${unit}`;
}
